"""A mailbox with thousands of replies, read by the event source: time, memory and requests, all new and none new."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from application_mailbox import ARGS, reply
from measuring import BenchmarkFailed, goal, table
from place import Place
from scripted_mail_server import Server, talk_pop3

from exchange_simulator.pki import Authority

SIZES = (1_000, 10_000)
QUICK_SIZES = (100, 300)
BODY = "Approved.\n\n> Old text\n" + "> and more of it, as people leave it below\n" * 40
ONE_RUN = Path(__file__).with_name("event_source_once.py")


class Mails(Mapping[str, bytes]):
    """So many replies, none of which is kept anywhere."""

    def __init__(self, count: int) -> None:
        self._names = {f"u{number}": number for number in range(1, count + 1)}
        self._length = {len(str(number)): len(reply(number, BODY)) for number in self._names.values()}

    def __getitem__(self, uid: str) -> bytes:
        return reply(self._names[uid], BODY)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def run(place: Place) -> dict[str, Any]:
    measured: dict[str, Any] = {}
    authority = Authority(place.controller.folder / "mailbox-ca")
    rows = []
    for size in QUICK_SIZES if place.quick else SIZES:
        state = place.controller.folder / f"mailbox-{size}"
        for new in (size, 0):
            mails = Mails(size)
            server = Server(authority.issue(["localhost"]), lambda talking, mails=mails: talk_pop3(talking, mails))
            args = ARGS | {"host": "localhost", "port": server.port, "ca_cert": str(authority.ca_file)}
            begun = time.monotonic()
            figures = _once(args | {"state_dir": str(state)}, new)
            figures |= {"seconds": time.monotonic() - begun, "requests": len(server.heard)}
            server.close()
            measured[f"{size}, {new} new"] = figures
            rows.append(
                {
                    "mails": size,
                    "new": new,
                    "s": figures["seconds"],
                    "ms each": 1000 * figures["seconds"] / size,
                    "requests": figures["requests"],
                    "requests/new": figures["requests"] / new if new else figures["requests"],
                    "peak MB": figures["peak"] / 1e6,
                    "state KB": figures["state"] / 1e3,
                }
            )
    small, large = (measured[f"{size}, {size} new"] for size in (QUICK_SIZES if place.quick else SIZES))
    met = large["peak"] < small["peak"] * 1.5
    table("Event source", rows, goal("memory for ten times as many mails less than half as much again", met))
    return measured


def _once(args: dict[str, Any], new: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, ONE_RUN, str(new)], input=json.dumps(args), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchmarkFailed(f"{ONE_RUN.name} failed:\n{done.stderr[-4000:]}")
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
