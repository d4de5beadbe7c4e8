"""Who used POP3 on a day whose log comes to 500 MB: what the server's PowerShell takes for it, and what travels.

A real PowerShell reads real files, in the place of that of a Windows server.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import logs
from measuring import BenchmarkFailed, cpu_seconds, descendants, say, table
from memory import forget_peak, peak
from module_runner import run_module
from place import COUNTED, Place, counters
from powershell_engine import engine_options
from runner import PASSWORD
from simulator_process import SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import FULL, Endpoint, Settings

WAYS: dict[str, dict[str, Any]] = {"psrp": {}, "winrm": {"access": "local", "transport": "winrm"}}
USERS = 2000
HOURS = 24
QUESTIONS: dict[str, dict[str, Any]] = {
    "counts": {},
    "top 10, with addresses": {"top": 10},
}
LONGEST = 3600


def run(place: Place) -> dict[str, Any]:
    megabytes = 20 if place.quick else 500
    figures: dict[str, Any] = {}
    with place.organisation({"EX01": "SE"}, **engine_options()) as organisation:
        lines, log_ons = _write_day(organisation, megabytes)
        for question, options in QUESTIONS.items():
            for way, settings in WAYS.items():
                say(f"  {question}, {way}")
                figures[f"{question}, {way}"] = _measure(organisation, settings, options)
    table(
        f"A day of {megabytes} MB: {lines:,} lines, {log_ons:,} of them of log-ons, {USERS:,} users",
        [
            {
                "": name,
                "requests": one["requests"],
                "bytes sent": one["bytes_in"],
                "received": one["bytes_out"],
                "wall s": one["wall"],
                "PowerShell CPU s": one["powershell_cpu"],
                "PowerShell MB": one["powershell_mb"],
                "controller MB more": one["controller_mb"],
            }
            for name, one in figures.items()
        ],
        "PowerShell's memory is the most that its process ever had (7.6 on Linux); the controller's is what the module "
        "and the session took more than before.",
    )
    return {"megabytes": megabytes, "lines": lines, "log_ons": log_ons, "runs": figures}


def _write_day(organisation: SimulatorProcess, megabytes: int) -> tuple[int, int]:
    """A file for each hour, all of the same lines."""
    lines: list[str] = []
    size, seed = 0, 0
    while size < megabytes * 1_000_000 / HOURS:
        seed += 1
        more = logs.random_lines(20_000, seed, users=USERS)
        size += sum(len(line) + 2 for line in more)
        lines += more
    content = logs.file_of(lines)
    folder = organisation.directory / "drives" / "EX01" / "Program Files" / "Microsoft" / "Exchange Server" / "V15"
    folder = folder / "Logging" / "Pop3"
    folder.mkdir(parents=True)
    midnight = datetime.fromisoformat(f"{logs.DAY}T00:00:00+00:00")
    for hour in range(HOURS):
        file = folder / f"POP320260104{hour:02}-1.LOG"
        file.write_text(content, newline="")
        written = (midnight + timedelta(hours=hour, minutes=59, seconds=59)).timestamp()
        os.utime(file, (written, written))
    log_ons = sum(1 for line in lines if (told := logs.told_by(line)) and told.command in logs.COMMANDS)
    return len(lines) * HOURS, log_ons * HOURS


def _measure(organisation: SimulatorProcess, settings: dict[str, Any], options: dict[str, Any]) -> dict[str, float]:
    session = _session(organisation, **settings)
    run_module("protocol_log_info", {"since": "2026-02-01", "protocols": ["pop3"]}, session.invoke)
    processes = descendants(organisation.description["pid"])
    busy = sum(map(cpu_seconds, processes))
    before, used, begun = counters(organisation), forget_peak(), time.perf_counter()
    result = run_module("protocol_log_info", {"since": logs.DAY, "protocols": ["pop3"], **options}, session.invoke)
    wall, after = time.perf_counter() - begun, counters(organisation)
    if result.get("failed") or not result["pop3"]["days"]:
        raise BenchmarkFailed(str(result.get("msg", "nothing was counted")))
    told = {
        "wall": wall,
        "powershell_cpu": sum(map(cpu_seconds, processes)) - busy,
        "powershell_mb": max(map(_most_memory, processes)),
        "controller_mb": (peak() - used) / (1 << 20),
        **{name: float(after[name] - before[name]) for name in COUNTED},
    }
    session.close()
    return told


def _session(organisation: SimulatorProcess, **settings: Any) -> Session:
    server = organisation.description["servers"]["EX01"]
    usual: dict[str, Any] = {
        "host": server["address"],
        "inventory_hostname": "ex01",
        "user": organisation.description["user"],
        "password": PASSWORD,
        "auth": "basic",
        "ca_cert": organisation.description["ca"],
        "command_timeout": LONGEST,
        "windows": Endpoint("Microsoft.PowerShell", "https", server["windows_https"], "wsman", "auto", "WSMAN"),
        "exchange": Endpoint(
            "Microsoft.Exchange", "https", server["exchange_https"], f"PowerShell/?{FULL}", "auto", "HTTP"
        ),
    }
    return Session(Settings(**usual | settings))


def _most_memory(pid: int) -> float:
    """MB that a process has had at most."""
    with suppress(OSError):
        if found := re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()):
            return int(found[1]) / 1024
    return 0.0
