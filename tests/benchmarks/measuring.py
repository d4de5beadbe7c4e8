"""What a command costs, and what a table of it looks like."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

Figures = dict[str, float]

SAMPLING_SECONDS = 0.1
_PR_SET_CHILD_SUBREAPER = 36
_TICKS = os.sysconf("SC_CLK_TCK")


class BenchmarkFailed(Exception):
    """What was to be measured did not work."""


def cost(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    memory: bool = False,
) -> Figures:
    """Wall time of a command, and CPU time of all processes that come of it, until the last of them has ended.

    The helpers of persistent connections leave their parents, therefore this file is run in between: it adopts them,
    waits for them, and so their time is counted by the kernel. With ``memory`` it also reads their memory from time to
    time, which costs CPU time: such a run counts for nothing else.
    """
    with tempfile.TemporaryDirectory() as place:
        report, output = Path(place) / "report", Path(place) / "output"
        with output.open("wb") as file:
            subprocess.run(
                [sys.executable, __file__, str(report), str(SAMPLING_SECONDS if memory else 0), *command],
                env=dict(environment) if environment is not None else None,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
            )
        figures: dict[str, Any] = json.loads(report.read_text())
        if figures.pop("status") != 0:
            raise BenchmarkFailed(f"{' '.join(command)} failed:\n{output.read_text(errors='replace')[-4000:]}")
        return figures


def cpu_seconds(pid: int) -> float:
    """CPU time that a running process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def interleaved(
    variants: Mapping[str, Callable[[], Figures]], repetitions: int, *, warm_up: bool = True
) -> dict[str, dict[str, Any]]:
    """The medians of what the variants cost, which take turns so that all of them meet the same machine.

    The first turn is not counted: it fills caches and compiles.
    """
    if warm_up:
        for run in variants.values():
            run()
    taken: dict[str, list[Figures]] = {name: [] for name in variants}
    for number in range(1, repetitions + 1):
        for name, run in variants.items():
            say(f"  {name}, {number} of {repetitions}")
            taken[name].append(run())
    return {
        name: {figure: statistics.median(one[figure] for one in runs) for figure in runs[0]} | {"runs": runs}
        for name, runs in taken.items()
    }


def say(text: str) -> None:
    """Progress goes to standard error, so that the tables alone can be kept."""
    print(text, file=sys.stderr, flush=True)


def table(title: str, rows: Sequence[Mapping[str, object]], *notes: str) -> None:
    """Print a table in Markdown, with what the first row names its cells as the heads of the columns."""
    texts = [list(rows[0]), *([_text(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    first, *others = widths
    texts.insert(1, ["-" * first, *("-" * (width - 1) + ":" for width in others)])
    print(f"\n## {title}\n")
    for name, *cells in texts:
        numbers = (cell.rjust(width) for cell, width in zip(cells, others, strict=True))
        print(f"| {' | '.join([name.ljust(first), *numbers])} |")
    for note in notes:
        print(f"\n{note}")
    sys.stdout.flush()


def goal(text: str, met: bool) -> str:
    return f"Goal, {text}: **{'met' if met else 'missed'}**."


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _adopt(report: Path, interval: float, command: Sequence[str]) -> None:
    """Run a command, wait for everything it leaves behind, and write down what that has cost."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    peak = {"peak_mb": 0.0, "processes_at_peak": 0.0}
    ended = threading.Event()
    sampler = threading.Thread(target=_sample, args=(interval, ended, peak)) if interval else None
    begun = time.perf_counter()
    main = subprocess.Popen(command)
    if sampler:
        sampler.start()
    status = main.wait()
    figures: dict[str, Any] = {"status": status, "wall": time.perf_counter() - begun}
    with suppress(ChildProcessError):
        while True:
            os.wait()
    ended.set()
    if sampler:
        sampler.join()
        figures |= peak
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    report.write_text(json.dumps(figures | {"cpu": used.ru_utime + used.ru_stime}))


def _sample(interval: float, ended: threading.Event, peak: Figures) -> None:
    while not ended.wait(interval):
        # Those that have ended and wait to be waited for have none.
        shares = [share for pid in descendants(os.getpid()) if (share := _proportional_share(pid))]
        if sum(shares) > peak["peak_mb"]:
            peak.update(peak_mb=sum(shares), processes_at_peak=float(len(shares)))


def descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        mine = children.get(waiting.pop(), [])
        found += mine
        waiting += mine
    return found


def _proportional_share(pid: int) -> float:
    """MB of a process, with what it shares with others divided among them."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    _adopt(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
