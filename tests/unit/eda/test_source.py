"""The source as it runs: its pauses, its end, and what it says; by a clock that goes as fast as nobody waits."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from application_mailbox import ARGS, PASSWORD, Mailbox, account, reply, unrelated

from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox import book as books
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox import source
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.book import Book
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.health import Health

MINUTE = 60.0
HOUR = 60 * MINUTE


class Over(Exception):
    """The time that a test gives is over."""


class Clock:
    """A wait is over at once, and the time is later then. At its end the source is ended."""

    def __init__(self, seconds: float) -> None:
        self.begin = self._now = 1_000_000.0
        self._end = self._now + seconds
        self.waiting: list[tuple[float, asyncio.Future[None]]] = []
        self.at: dict[float, Callable[[], None]] = {}
        """What happens at which second."""

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        moment: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((self._now + seconds, moment))
        await moment

    async def go(self, sleepers: int) -> None:
        """Let time pass whenever everybody waits."""
        while True:
            while len(self.waiting) < sleepers:
                await asyncio.sleep(0.001)
            self.waiting.sort(key=lambda one: one[0])
            until, moment = self.waiting.pop(0)
            for second in [one for one in self.at if self.begin + one <= until]:
                self.at.pop(second)()
            if until >= self._end:
                raise Over
            self._now = max(self._now, until)
            moment.set_result(None)


class Run:
    """A source that runs for a while."""

    def __init__(self, folder: Path, mailbox: Mailbox) -> None:
        self.folder, self.mailbox = folder, mailbox
        self.events: list[dict[str, Any]] = []
        self.opened: list[float] = []
        self.feedback: asyncio.Queue[Any] | None = None
        self.silent = False

    async def put(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if self.feedback and not self.silent:
            await self.feedback.put({**event, "meta": {"received_at": "now"}})

    def types(self) -> list[str]:
        return [event["mailbox"]["type"] for event in self.events]

    def __call__(self, seconds: float, *, at: dict[float, Callable[[], None]] | None = None, **args: Any) -> None:
        clock = Clock(seconds)
        clock.at = at or {}

        def open_(*what: Any) -> Any:
            self.opened.append((clock.now() - clock.begin) / MINUTE)
            return self.mailbox.open(*what)

        async def run() -> None:
            given = ARGS | {"state_dir": str(self.folder)} | args
            if given.get("feedback"):
                self.feedback = given["eda_feedback_queue"] = asyncio.Queue()
            task = asyncio.create_task(source.run(self, given, clock=clock, open_=open_, uniform=lambda _a, _b: 0.0))
            time = asyncio.create_task(clock.go(len(given.get("accounts", [0]))))
            try:
                done, _pending = await asyncio.wait([task, time], return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    await one
            except Over:
                pass
            finally:
                for one in (task, time):
                    one.cancel()
                await asyncio.gather(task, time, return_exceptions=True)

        asyncio.run(run())


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "state", Mailbox(reply(1)))


def test_every_half_hour(run: Run) -> None:
    run(2 * HOUR)
    assert run.opened == [0, 30, 60, 90]
    assert run.types() == ["reply"]
    run(HOUR)
    assert run.types() == ["reply"]


def test_a_restart_is_no_look_before_its_time(run: Run) -> None:
    run(10 * MINUTE)
    (path,) = run.folder.glob("*.state")
    assert json.loads(path.read_bytes().splitlines()[0])["health"]["not_before"] == 1_000_000 + 30 * MINUTE


def test_accounts_share_the_interval(run: Run) -> None:
    run(HOUR, accounts=[{"user": f"{name}@contoso.test"} for name in "abc"])
    assert run.opened == [0, 10, 20, 30, 40, 50]


def test_many_failures_disable_an_account_until_it_is_enabled(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    run.mailbox.down = "mail.contoso.test:995 refused the sign-in of app@contoso.test: no"
    run(10 * 24 * HOUR, max_failures=25)
    assert len(run.opened) == 26
    pauses = [later - earlier for earlier, later in zip(run.opened, run.opened[1:], strict=False)]
    assert pauses == [min(30 * number, 240) for number in range(1, 26)]
    (event,) = run.events
    assert event["mailbox"]["type"] == "account_disabled"
    assert (event["mailbox"]["failures"], event["mailbox"]["reason"]) == (26, run.mailbox.down)
    assert PASSWORD not in json.dumps(run.events, ensure_ascii=False) + caplog.text
    run.mailbox.down = None
    run(HOUR)
    assert (len(run.opened), len(run.events)) == (26, 1)
    run(HOUR, enable="ticket 4711")
    assert run.types() == ["account_disabled", "reply"]
    run(HOUR, enable="ticket 4711")
    assert len(run.events) == 2


def test_a_server_that_is_back_after_hours(run: Run) -> None:
    run.mailbox.down = "mail.contoso.test:995 refuses connections, so nothing listens there."

    def back() -> None:
        run.mailbox.down = None

    run(40 * HOUR, at={12 * HOUR: back})
    assert run.types() == ["reply"]
    assert Book.open(run.folder, account()).health.failures == 0


def test_the_document_s_five_minutes(run: Run) -> None:
    for number in range(10):
        run.mailbox.arrive(unrelated(number))
    run(16 * MINUTE, at={12 * MINUTE: lambda: run.mailbox.mails.pop("u5") and None})
    assert run.opened == [0, 5, 10, 15]
    assert run.types() == ["unrelated_mail"] * 3 + ["reply"] + ["other_mail"] * 9


def test_a_look_that_takes_longer_than_the_interval_is_followed_by_a_pause() -> None:
    for took, pause in ((10, 1790), (1790, 60), (5000, 60)):
        health = Health().succeeded(1800, 0.1, 0, took, lambda _least, _most: 0.0)
        assert health.not_before - took == pause
    late = Health().succeeded(1800, 0.1, 0, 10, lambda least, most: least + most)
    assert late.not_before == 1980


def test_news_is_looked_at_at_once(run: Run) -> None:
    run.mailbox.news = 2
    run(5 * MINUTE, protocol="imap4")
    assert run.opened == [0]
    assert run.mailbox.asked.count("listing") == 3


def test_two_sources_on_one_mailbox(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    with books.locked(run.folder, account()):
        run(2 * HOUR)
    assert (run.opened, run.types()) == ([], ["problem"])
    assert "Another source reads the mailbox" in run.events[0]["mailbox"]["reason"]
    assert caplog.text.count("Another source reads the mailbox") == 1
    run(HOUR)
    assert run.types() == ["problem", "reply"]


def test_no_event_while_the_disk_is_full(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(books.os, "fsync", full)
    run(3 * HOUR, at={2 * HOUR: monkeypatch.undo})
    assert run.types() == ["reply"]
    assert caplog.text.count("so no event is delivered until it can") == 1


def test_a_damaged_state_is_said(run: Run) -> None:
    run(HOUR)
    (path,) = run.folder.glob("*.state")
    path.write_bytes(b"{")
    run(HOUR)
    assert run.types() == ["reply", "problem", "reply"]
    assert run.events[0]["meta"] == run.events[2]["meta"]
    assert "could not be read" in run.events[1]["mailbox"]["reason"]


def test_an_acknowledged_event(run: Run) -> None:
    run(HOUR, feedback=True)
    assert run.types() == ["reply"]
    assert len(Book.open(run.folder, account()).entries) == 1


def test_an_event_that_nobody_acknowledges_is_given_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.silent = True
    monkeypatch.setattr(source.asyncio, "timeout", lambda _seconds: asyncio.timeout_at(0))
    run(HOUR, feedback=True)
    assert len(run.events) == 2
    assert run.events[0] == run.events[1]
    assert Book.open(run.folder, account()).entries == {}


def test_nobody_acknowledges_that_an_account_is_disabled(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.mailbox.down, run.silent = "down", True
    monkeypatch.setattr(source.asyncio, "timeout", lambda _seconds: asyncio.timeout_at(0))
    run(5 * HOUR, feedback=True, max_failures=1)
    assert set(run.types()) == {"account_disabled"}
    assert len(run.events) > 1
    run.silent = False
    monkeypatch.undo()
    told = len(run.events)
    run(5 * HOUR, feedback=True, max_failures=1)
    assert len(run.events) == told + 1


def test_feedback_that_ansible_rulebook_does_not_give(run: Run) -> None:
    with pytest.raises(ValueError, match="persistence"):
        asyncio.run(source.run(run, ARGS | {"state_dir": str(run.folder), "feedback": True}))


def test_testing_the_settings(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run(HOUR, test=True)
    run.mailbox.down = "mail.contoso.test:995 refused the sign-in of app@contoso.test: no"
    run(HOUR, test=True)
    good, bad = (event["mailbox"] for event in run.events)
    assert (good["ok"], good["sentence"]) == (
        True,
        "app@contoso.test can sign in at mail.contoso.test:995 by pop3; the mailbox has 1 mails.",
    )
    assert (bad["ok"], bad["sentence"]) == (False, run.mailbox.down)
    assert list(run.folder.glob("*")) == []


def test_ids_from_a_file(run: Run, tmp_path: Path) -> None:
    ids = tmp_path / "ids"
    run(HOUR, message_ids=[], message_ids_file=str(ids), max_failures=1)
    assert "cannot be read" in run.events[0]["mailbox"]["reason"]
    ids.write_text("<task-1@app.contoso.test>\n")
    run(HOUR, message_ids=[], message_ids_file=str(ids), enable="now")
    assert run.types() == ["account_disabled", "reply"]
