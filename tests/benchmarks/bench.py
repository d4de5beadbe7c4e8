"""Measures what users wait for, beside what the protocol and Ansible themselves cost. Run by ``make bench``.

Only the ratios within one run mean anything: everything is measured side by side with its baseline, in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
COLLECTIONS = TESTS.parent / ".cache" / "collections"
sys.path[:0] = [str(path) for path in (TESTS / "support", TESTS / "simulator", COLLECTIONS)]

import before  # noqa: E402
import drift  # noqa: E402
import event_source  # noqa: E402
import mailboxes  # noqa: E402
import old_way  # noqa: E402
import opening  # noqa: E402
import protocol_logs  # noqa: E402
import role  # noqa: E402
import script  # noqa: E402
from measuring import BenchmarkFailed, say  # noqa: E402
from place import Place  # noqa: E402

PARTS = {
    "role": role.run,
    "drift": drift.run,
    "mailboxes": mailboxes.run,
    "old_way": old_way.run,
    "script": script.run,
    "protocol_logs": protocol_logs.run,
    "pages": opening.run,
    "event_source": event_source.run,
    "before": before.run,
}
LIBRARIES = ("ansible-core", "pypsrp", "pywinrm", "psrpcore", "playwright")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="small and once: to see that it works, not to be quoted")
    parser.add_argument("--repetitions", type=int, default=5, help="of each measurement, at most; default: 5")
    parser.add_argument(
        "--powershell-start",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="what a PowerShell takes to start on a server of the part script; 0.3 to 1 on Windows, default: 0",
    )
    parser.add_argument("--commit", default="", help="what the part before compares with; left out without it")
    parser.add_argument("--output", type=Path, default=TESTS.parent / ".cache/bench.json")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    report = {
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": options.quick,
        "powershell_start": options.powershell_start,
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "kernel": platform.release()},
        "libraries": {name: version(name) for name in LIBRARIES},
        "parts": {},
    }
    print(json.dumps({key: value for key, value in report.items() if key != "parts"}), flush=True)
    # Short, because Unix sockets live in it.
    folder = Path(tempfile.mkdtemp(prefix="mb-"))
    try:
        place = Place.make(
            folder,
            quick=options.quick,
            repetitions=1 if options.quick else options.repetitions,
            powershell_start=options.powershell_start,
            before=options.commit,
        )
        for name in options.parts or [name for name in PARTS if name != "before" or options.commit]:
            say(name)
            report["parts"][name] = PARTS[name](place)
    except BenchmarkFailed as error:
        say(str(error))
        return 1
    finally:
        shutil.rmtree(folder)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(report, indent=1) + "\n")
    say(f"All figures, and those of every single run, are in {options.output}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
