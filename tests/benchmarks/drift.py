"""The drift playbook over many servers at once, beside as many local tasks on as many hosts."""

from __future__ import annotations

from typing import Any

from jobs import whole_job
from measuring import SAMPLING_SECONDS, goal, interleaved, table
from place import Place, executed, local_hosts, pings, seen_by
from runner import inventory

DRIFT = "mailops.exchange.drift"
FORKS = ("-f", "25")
MEGABYTES = 60


def run(place: Place) -> dict[str, Any]:
    count = 6 if place.quick else 50
    with place.organisation({f"EX{number:02}": "SE" for number in range(1, count + 1)}) as organisation:
        wanted = whole_job(organisation)
        # It looks at one server from outside, and drift leaves it out.
        del wanted["pop3_probe"]
        hosts = inventory(organisation.description, **wanted)
        place.watch("mailops.exchange.enable_pop3", hosts, *FORKS, "-e", f"exchange_serial={count}")
        organisation.clear_log()
        outcome = place.watch(DRIFT, hosts, *FORKS)
        reads = len(organisation.log())
        # The first host also has the tasks that run once for all.
        tasks = round(sum(executed(outcome, host) for host in outcome.stats) / count)
        local = local_hosts(count)
        variants = {
            "drift": lambda: place.cost(DRIFT, hosts, *FORKS),
            f"{tasks} local pings": lambda: place.cost(pings(tasks), local, *FORKS),
        }
        costs = interleaved(seen_by(organisation, variants), place.repetitions, warm_up=not place.quick)
        memory = {
            "drift": place.cost(DRIFT, hosts, *FORKS, memory=True),
            f"{tasks} local pings": place.cost(pings(tasks), local, *FORKS, memory=True),
        }
    drift, pinged = costs.values()
    per_host = memory["drift"]["peak_mb"] / count
    table(
        f"Drift over {count} servers, {' '.join(FORKS)}: {tasks} tasks and {reads / count:.3g} reads each",
        [
            {
                "": name,
                "wall s": one["wall"],
                "wall s/host": one["wall"] / count,
                "CPU s/host": one["cpu"] / count,
                "requests/host": one["requests"] / count,
                "simulator s/host": one["simulator_cpu"] / count,
                "peak MB/host": memory[name]["peak_mb"] / count,
                "processes at the peak": memory[name]["processes_at_peak"],
            }
            for name, one in costs.items()
        ],
        "Memory is the sum of the proportional set sizes of all processes of the playbook, sampled every "
        f"{SAMPLING_SECONDS} seconds in a run of its own.",
        goal("less wall time than the pings", drift["wall"] < pinged["wall"])
        + " "
        + goal("less CPU time", drift["cpu"] < pinged["cpu"]),
        goal(f"less than {MEGABYTES} MB of memory for each host", per_host < MEGABYTES),
    )
    return {"servers": count, "tasks": tasks, "reads": reads, "costs": costs, "memory": memory}
