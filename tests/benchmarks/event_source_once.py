"""One look of the event source at a mailbox, in a process of its own. Its options come on standard input."""

from __future__ import annotations

import asyncio
import json
import runpy
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support")]

from memory import peak  # noqa: E402


class Counted:
    def __init__(self) -> None:
        self.events = 0

    async def put(self, _event: dict[str, Any]) -> None:
        self.events += 1


async def look(args: dict[str, Any]) -> int:
    """Begin the source, and end it when its first look is over, which is when it waits for the next one."""
    plugin = runpy.run_path(str(ROOT / "extensions/eda/plugins/event_source/mailbox.py"))
    source = plugin["_source"]()
    over = asyncio.Event()

    class Clock(source.Clock):  # type: ignore[misc]
        _later = 1e6 * (1 + Path(args["state_dir"]).exists())

        def now(self) -> float:
            return float(super().now()) + self._later

        async def sleep(self, seconds: float) -> None:
            over.set()
            await super().sleep(seconds)

    queue = Counted()
    task = asyncio.create_task(source.run(queue, args, clock=Clock()))
    ended = asyncio.create_task(over.wait())
    await asyncio.wait([task, ended], return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    ended.cancel()
    await asyncio.gather(task, ended, return_exceptions=True)
    return queue.events


def main() -> None:
    args = json.load(sys.stdin)
    events = asyncio.run(look(args))
    if events != int(sys.argv[1]):
        sys.exit(f"{events} events in place of {sys.argv[1]}")
    state = sum(path.stat().st_size for path in Path(args["state_dir"]).glob("*.state"))
    print(json.dumps({"events": events, "peak": peak(), "state": state}))


main()
