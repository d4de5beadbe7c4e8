"""Access of many mailboxes: the module beside a bare pypsrp script that reads and writes the same objects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from measuring import BenchmarkFailed, Figures, cpu_seconds, goal, interleaved, table
from place import Place
from runner import inventory
from simulator_process import SimulatorProcess

SIZES = (1_000, 10_000, 100_000)
QUICK_SIZES = (200, 1_000)
PERCENT = (0, 1, 100)
WHOLE_PLAYBOOK = 10_000
# With more it takes minutes: neither are all of them changed, nor does bare pypsrp show anything new.
MOST_BARE = 10_000
ONE_RUN = Path(__file__).with_name("mailboxes_once.py")


def run(place: Place) -> dict[str, Any]:
    sizes = QUICK_SIZES if place.quick else SIZES
    measured: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    for size in sizes:
        is_large = size > MOST_BARE
        kinds = ("module", "plain") if is_large else ("module", "plain", "bare")
        percents = PERCENT[:2] if is_large else PERCENT
        with place.organisation({"EX01": "SE"}, mailboxes=size) as organisation:
            variants = {
                f"{size:,} mailboxes, {percent} %, {kind}": _variant(place, organisation, kind, size, percent)
                for percent in percents
                for kind in kinds
            }
            costs = interleaved(variants, place.repetitions, warm_up=False)
            if size == (max(sizes) if place.quick else WHOLE_PLAYBOOK):
                playbook = _whole_playbook(place, organisation, size)
                measured["playbook"] = {"mailboxes": size, **playbook}
        measured[str(size)] = costs
        for percent in percents:
            module, plain, *bare = (costs[f"{size:,} mailboxes, {percent} %, {kind}"] for kind in kinds)
            bare_seconds = bare[0]["seconds"] if bare else None
            rows.append(
                {
                    "mailboxes": size,
                    "% to change": percent,
                    "runs": place.repetitions,
                    "module s": module["seconds"],
                    "bare s": bare_seconds,
                    "module/s": size / module["seconds"],
                    "plain/s": size / plain["seconds"],
                    "bare/s": bare_seconds and size / bare_seconds,
                    "module in % of bare": bare_seconds and 100 * bare_seconds / module["seconds"],
                    "µs each": 1e6 * module["seconds"] / size,
                    "module B each": module["module_bytes"] / size,
                    "session B each": module["session_bytes"] / size,
                    "simulator s": module["simulator_cpu"],
                }
            )
    largest = max(sizes)
    tenth = max(size for size in sizes if size <= largest / 5)
    each = {(row["mailboxes"], row["% to change"]): row["µs each"] for row in rows}
    growth = {percent: each[largest, percent] / each[tenth, percent] for percent in percents}
    memory = max(row["module B each"] for row in rows if row["mailboxes"] == largest)
    table(
        "Mailboxes: cas_mailbox with a list of identities",
        rows,
        "Bare is pypsrp with one Get-CASMailbox -ResultSize Unlimited, which looks at every object, and one "
        "Set-CASMailbox with those to change piped in. Imports and opening the shell are left out of both; the "
        "simulator's time is in both. Plain is the module with ansible_exchange_serialization: plain. Bytes are the "
        "growth of a process's peak memory over a run with one mailbox: the module's, and that of the session in its "
        "helper process.",
        goal("at least 80 % of bare pypsrp", all(row["module in % of bare"] >= 80 for row in rows if row["bare s"])),
        f"Time of one mailbox of {largest:,} beside one of {tenth:,}: "
        + ", ".join(f"{ratio:.2f} with {percent} % to change" for percent, ratio in growth.items())
        + ". "
        + goal("below 1.2", max(growth.values()) < 1.2),
        goal(f"less than 1 KB of the module for each of {largest:,} mailboxes", memory < 1024),
    )
    whole = measured["playbook"]
    names = {"one": "task with one mailbox", "all": f"task with a list of {whole['mailboxes']:,}"}
    table(
        "The same by ansible-playbook, none to change",
        [
            {"": told, "wall s": whole[name]["wall"], "CPU s": whole[name]["cpu"], "peak MB": whole[name]["peak_mb"]}
            for name, told in names.items()
        ],
    )
    return measured


def _variant(place: Place, organisation: SimulatorProcess, kind: str, size: int, percent: int) -> Any:
    def prepared() -> Figures:
        pid = organisation.description["pid"]
        changes = size * percent // 100
        once(place, organisation, "prepare", size, changes)
        begun = cpu_seconds(pid)
        return once(place, organisation, kind, size, changes) | {"simulator_cpu": cpu_seconds(pid) - begun}

    return prepared


def once(place: Place, organisation: SimulatorProcess, kind: str, size: int, changes: int) -> Figures:
    told = organisation.description
    server = told["servers"]["EX01"] | {"user": told["user"], "ca": told["ca"]}
    job = {"kind": kind, "server": server, "size": size, "changes": changes}
    done = subprocess.run(
        [sys.executable, str(ONE_RUN)],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
        env=place.controller.environment(PYTHONPATH=os.pathsep.join(sys.path)),
        cwd=place.controller.folder,
    )
    if done.returncode:
        raise BenchmarkFailed(f"{job}: {done.stderr[-4000:]}")
    figures: Figures = json.loads(done.stdout)
    return figures


def _whole_playbook(place: Place, organisation: SimulatorProcess, size: int) -> dict[str, Figures]:
    once(place, organisation, "prepare", size, 0)
    hosts = inventory(organisation.description)
    found = {}
    for name, count in (("one", 1), ("all", size)):
        identities = [f"user{number:06}@contoso.test" for number in range(1, count + 1)]
        task = {"mailops.exchange.cas_mailbox": {"identities": identities, "pop_enabled": True}}
        play = [{"hosts": "exchange", "gather_facts": False, "tasks": [task]}]
        found[name] = place.cost(play, hosts) | {"peak_mb": place.cost(play, hosts, memory=True)["peak_mb"]}
    return found
