"""The role on a server that is already as it is told to be, beside the least that its reads can cost."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jobs import READER, whole_job
from measuring import BenchmarkFailed, Figures, cost, goal, interleaved, table
from place import Place, distinct, executed, local_hosts, pings, seen_by
from runner import inventory
from simulator_process import SimulatorProcess

ENABLE = "mailops.exchange.enable_pop3"
BARE = Path(__file__).with_name("bare.py")


def reads_of_a_converged_role(place: Place, organisation: SimulatorProcess) -> tuple[Any, list[dict[str, Any]], int]:
    """The inventory, what the role reads once nothing is left to change, and how many tasks it has then."""
    hosts = inventory(organisation.description, **whole_job(organisation))
    place.watch(ENABLE, hosts)
    organisation.clear_log()
    again = place.watch(ENABLE, hosts)
    if again.stats["ex01"]["changed"]:
        raise BenchmarkFailed(f"The role has not converged: {again.changed('ex01')}")
    return hosts, organisation.log(), executed(again, "ex01")


def without_certificate(hosts: dict[str, Any], **variables: Any) -> dict[str, Any]:
    """The same without the part of the role that can do nothing in the plain form; it has been done."""
    given = {name: value for name, value in hosts["exchange"]["vars"].items() if name != "pop3_certificate"}
    return {"exchange": hosts["exchange"] | {"vars": given | variables}}


def run(place: Place) -> dict[str, Any]:
    with place.organisation({"EX01": "SE"}) as organisation:
        hosts, reads, tasks = reads_of_a_converged_role(place, organisation)

        def floor(kept: Sequence[Mapping[str, Any]], *, close: bool) -> Figures:
            job = place.controller.write("floor.json", _job(organisation, kept, close=close))
            command = [sys.executable, str(BARE), str(job)]
            return cost(command, environment=place.controller.environment())

        once = distinct(reads)
        full, plain = (without_certificate(hosts, ansible_exchange_serialization=form) for form in ("full", "plain"))
        variants = {
            "role": lambda: place.cost(ENABLE, hosts),
            f"bare pypsrp, {len(once)} reads": lambda: floor(once, close=False),
            f"bare pypsrp, {len(once)} reads, each closed": lambda: floor(once, close=True),
            f"bare pypsrp, all {len(reads)} reads, each closed": lambda: floor(reads, close=True),
            f"{tasks} local pings": lambda: place.cost(pings(tasks), local_hosts(1)),
            "role without certificates, full form": lambda: place.cost(ENABLE, full),
            "role without certificates, plain form": lambda: place.cost(ENABLE, plain),
        }
        costs = interleaved(seen_by(organisation, variants), place.repetitions, warm_up=not place.quick)
    role, least, closed, _all, local, in_full, in_plain = costs.values()
    table(
        f"Role on a converged server: {tasks} tasks, {len(reads)} reads",
        [
            {
                "": name,
                "requests": one["requests"],
                "bytes sent": one["bytes_in"],
                "received": one["bytes_out"],
                "connections": one["connections"],
                "log-ons": one["log_ons"],
                "shells": one["shells_opened"],
                "wall s": one["wall"],
                "CPU s": one["cpu"],
                "simulator s": one["simulator_cpu"],
            }
            for name, one in costs.items()
        ],
        "The floor opens the same two shells and reads every distinct pair of a cmdlet and its parameters of the role "
        f"once. Requests of the role: {role['requests'] / least['requests']:.2f} times the floor that leaves its "
        f"pipelines to the end of the shell, {role['requests'] / closed['requests']:.2f} times the one that closes "
        "each. " + goal("at most 1.5 times the floor", role["requests"] <= 1.5 * least["requests"]),
        f"Wall time of the role: {role['wall'] / local['wall']:.2f} times that of the pings. "
        + goal("less than the pings", role["wall"] < local["wall"]),
        f"The plain form takes {in_plain['requests'] / in_full['requests']:.2f} times the requests of the full one, "
        f"and {in_plain['bytes_out'] / in_full['bytes_out']:.2f} times the bytes received.",
    )
    return {"tasks": tasks, "reads": len(reads), "distinct": len(once), "costs": costs}


def _job(organisation: SimulatorProcess, reads: Sequence[Mapping[str, Any]], *, close: bool) -> str:
    told = organisation.description
    server = told["servers"]["EX01"] | {"user": told["user"], "ca": told["ca"]}
    return json.dumps({"server": server, "reads": reads, "mailboxes": [READER], "close_pipelines": close})
