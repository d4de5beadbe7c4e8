"""What users wait for, by this collection and by that of an earlier commit, in turns."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import mailboxes
from drift import DRIFT, FORKS
from jobs import whole_job
from measuring import BenchmarkFailed, Figures, interleaved, table
from place import REPOSITORY, Place, executed, local_hosts, pings, seen_by
from role import ENABLE, without_certificate
from runner import inventory
from simulator_process import SimulatorProcess


def run(place: Place) -> dict[str, Any]:
    if not place.before:
        raise BenchmarkFailed("before needs --commit, the commit to compare with")
    with tempfile.TemporaryDirectory(prefix="mb-") as tree, tempfile.TemporaryDirectory(prefix="mb-") as home:
        archive = subprocess.run(["git", "archive", place.before], cwd=REPOSITORY, capture_output=True, check=False)
        if archive.returncode:
            raise BenchmarkFailed(archive.stderr.decode())
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(tree, filter="data")
        earlier = Place.make(Path(home), repository=Path(tree), quick=place.quick, repetitions=place.repetitions)
        both = {f"before, {place.before}": earlier, "now": place}
        return {"role": _role(place, both), "drift": _drift(place, both), "mailboxes": _mailboxes(place, both)}


def _role(place: Place, both: Mapping[str, Place]) -> dict[str, Any]:
    with place.organisation({"EX01": "SE"}) as organisation:
        hosts = _converged(place, organisation)
        return _compared("Role on a server in sync, without its certificates", place, both, organisation, ENABLE, hosts)


def _drift(place: Place, both: Mapping[str, Place]) -> dict[str, Any]:
    count = 6 if place.quick else 50
    with place.organisation({f"EX{number:02}": "SE" for number in range(1, count + 1)}) as organisation:
        hosts = _converged(place, organisation, *FORKS, "-e", f"exchange_serial={count}")
        del hosts["exchange"]["vars"]["pop3_probe"]
        title = f"Drift over {count} servers, without their certificates"
        return _compared(title, place, both, organisation, DRIFT, hosts, *FORKS)


def _mailboxes(place: Place, both: Mapping[str, Place]) -> dict[str, Any]:
    count, changes = (1_000, 10) if place.quick else (100_000, 1_000)
    identities = [f"user{number:06}@contoso.test" for number in range(1, count + 1)]
    task = {"mailops.exchange.cas_mailbox": {"identities": identities, "pop_enabled": True}}
    play = [{"hosts": "exchange", "gather_facts": False, "tasks": [task]}]
    with place.organisation({"EX01": "SE"}, mailboxes=count) as organisation:
        # Both in the plain form, because an earlier one knows no other.
        hosts = inventory(organisation.description, ansible_exchange_serialization="plain")
        prepare = partial(mailboxes.once, place, organisation, "prepare", count, changes)
        title = f"A task with {count:,} mailboxes, {changes:,} to change"
        return _compared(title, place, both, organisation, play, hosts, prepare=prepare)


def _converged(place: Place, organisation: SimulatorProcess, *arguments: str) -> dict[str, Any]:
    """The inventory of servers that are in sync, for both.

    Not with the certificates: how the simulator shows the services of one has changed with what is known about that.
    """
    hosts = inventory(organisation.description, **whole_job(organisation))
    place.watch(ENABLE, hosts, *arguments)
    return without_certificate(hosts)


def _compared(
    title: str,
    place: Place,
    both: Mapping[str, Place],
    organisation: SimulatorProcess,
    playbook: Any,
    hosts: dict[str, Any],
    *arguments: str,
    prepare: Callable[[], object] = lambda: None,
) -> dict[str, Any]:
    variants: dict[str, Callable[[], Figures]] = {}
    tasks: dict[str, int] = {}
    servers = len(organisation.servers)
    for name, one in both.items():
        prepare()
        outcome = one.watch(playbook, hosts, *arguments)
        # The first host also has the tasks that run once for all.
        tasks[name] = count = round(sum(executed(outcome, host) for host in outcome.stats) / servers)
        variants[name] = partial(one.cost, playbook, hosts, *arguments)
        if count > 1:
            variants[f"{count} local pings"] = partial(place.cost, pings(count), local_hosts(servers), *arguments)
    watched = seen_by(organisation, variants)
    turns = {name: partial(_prepared, prepare, run) for name, run in watched.items()}
    costs = interleaved(turns, place.repetitions, warm_up=not place.quick)
    for name, one in both.items():
        prepare()
        costs[name]["peak_mb"] = one.cost(playbook, hosts, *arguments, memory=True)["peak_mb"]
    table(
        title,
        [
            {
                "": name,
                "tasks": tasks.get(name),
                "wall s": cost["wall"],
                "CPU s": cost["cpu"],
                "requests": cost["requests"],
                "simulator s": cost["simulator_cpu"],
                "peak MB": cost.get("peak_mb"),
            }
            for name, cost in costs.items()
        ],
    )
    return {"costs": costs}


def _prepared(prepare: Callable[[], object], run: Callable[[], Figures]) -> Figures:
    prepare()
    return run()
