# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The source as it runs: each account in a task of its own, its conversations in threads, its events one by one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, Protocol

from . import book as books
from . import events, options
from .conversation import Connection, Failed, NotGiven, Session
from .events import Event
from .health import Health
from .imap4 import Imap4
from .look import Memory, Result, Told, look
from .options import Account, Options, Refused
from .ours import Judge
from .pop3 import Pop3

logger = logging.getLogger("mailops.exchange.mailbox")

_NEWS_PAUSE = 10.0
"""At least so long after the beginning of a look, whatever news there is."""
_MOST_ID_FILE = 4 << 20


class Queue(Protocol):
    """Where events go."""

    async def put(self, event: Any) -> None: ...


class Clock:
    """The time, and waiting."""

    def now(self) -> float:
        """Seconds since 1970: it goes on while nothing runs."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def open_mailbox(account: Account, connection: Connection) -> Session:
    """The real one, or nothing that is left open."""
    try:
        return Pop3(account, connection) if account.protocol == "pop3" else Imap4(account, connection)
    except BaseException:
        with contextlib.suppress(OSError):
            connection.close()
        raise


def home() -> Path:
    """Where the state is, if nothing else is said."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "mailops.exchange" / "mailbox"


async def run(
    queue: Queue,
    args: Mapping[str, Any],
    *,
    clock: Clock | None = None,
    open_: Callable[[Account, Connection], Session] = open_mailbox,
    uniform: Callable[[float, float], float] = random.uniform,
) -> None:
    """Run until cancelled, or until all accounts are tested."""
    try:
        given = options.read(args, home())
    except Refused as error:
        # ansible-rulebook shows the words of what a source raises, and its class.
        raise ValueError(str(error)) from None
    handing = _HandingOver(queue, args.get("eda_feedback_queue"), given.feedback_timeout)
    if given.test:
        for account in given.accounts:
            await handing.over(await asyncio.to_thread(_tested, account, open_))
        return
    if given.feedback and handing.feedback is None:
        raise ValueError("feedback: true needs an ansible-rulebook that runs with persistence.")
    clock = clock or Clock()
    async with asyncio.TaskGroup() as group:
        for number, account in enumerate(given.accounts):
            # The accounts share the interval: none of them waits for another, and the network has them one by one.
            first = clock.now() + number * given.interval / len(given.accounts)
            keeper = Keeper(account, given, handing, clock, open_, uniform)
            group.create_task(keeper.keep(first), name=f"mailbox {account.name}")


def _tested(account: Account, open_: Callable[[Account, Connection], Session]) -> Event:
    connection = Connection(account)
    try:
        session = open_(account, connection)
        try:
            mails = len(session.listing().mails)
        finally:
            with contextlib.suppress(Failed, NotGiven):
                session.close()
    except (Failed, NotGiven) as error:
        logger.error("%s: %s", account.name, error)
        return events.tested(account, str(error), None)
    finally:
        connection.close()
    return events.tested(account, None, mails)


class _HandingOver:
    """Hands events over, one at a time, and waits for them to be acknowledged where ansible-rulebook does that."""

    def __init__(self, queue: Queue, feedback: asyncio.Queue[Any] | None, seconds: float) -> None:
        self._queue = queue
        self.feedback = feedback
        self._seconds = seconds
        self._one_at_a_time = asyncio.Lock()

    async def over(self, event: Event) -> None:
        """Return when the event is handed over, and the engine has it where it says so."""
        async with self._one_at_a_time:
            data = event.as_data()
            await self._queue.put(data)
            if self.feedback is not None:
                await self._acknowledged(self.feedback, data["mailbox"])

    async def _acknowledged(self, feedback: asyncio.Queue[Any], told: object) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                while (await feedback.get()).get("mailbox") != told:
                    # An answer to an event for which nobody waited any longer.
                    pass
        except TimeoutError:
            raise Unacknowledged(
                f"ansible-rulebook did not acknowledge an event within {self._seconds:.0f} seconds; it is delivered "
                "again."
            ) from None


class Unacknowledged(Exception):
    """An event was put into the queue, and nobody says that it has come out of it."""


class Keeper:
    """Keeps one account: looks at it when it is time, and tells what there is to tell."""

    def __init__(
        self,
        account: Account,
        given: Options,
        handing: _HandingOver,
        clock: Clock,
        open_: Callable[[Account, Connection], Session],
        uniform: Callable[[float, float], float],
    ) -> None:
        self._account = account
        self._given = given
        self._handing = handing
        self._clock = clock
        self._open = open_
        self._uniform = uniform
        self._memory = Memory()
        self._said: str | None = None

    async def keep(self, first: float) -> None:
        """Keep the account until cancelled."""
        await self._until(first)
        while True:
            try:
                with books.locked(self._given.state_dir, self._account):
                    book = books.Book.open(self._given.state_dir, self._account)
                    await self._keep(book)
            except books.Unwritable as error:
                self._say_once(str(error))
            except books.Busy as error:
                if self._say_once(str(error)):
                    await self._tell_of(str(error))
            await self._clock.sleep(self._given.interval)

    async def _keep(self, book: books.Book) -> None:
        account = self._account
        if book.damaged:
            reason = (
                f"The state of {account.name} could not be read, and is now {book.damaged}. "
                "Earlier events may be delivered again, each with the same id."
            )
            logger.error("%s", reason)
            await self._tell_of(reason)
        session: Session | None = None
        connection = Connection(account)
        try:
            while not book.health.is_left_alone(account):
                if book.health.disabled:
                    book.prepare(health=Health()).make_it_count()
                if session is None:
                    await self._until(book.health.not_before)
                    connection = Connection(account)
                try:
                    session = await self._round(session, connection, book)
                except (Unacknowledged, books.Unwritable) as error:
                    # The book stays as it is in memory: what was handed over is in it, also if it is not on the disk.
                    session = None
                    self._say_once(str(error))
                    await self._clock.sleep(self._given.interval)
                finally:
                    if session is None:
                        connection.cut()
                        connection.close()
        finally:
            # Whatever a thread waits for ends now, and with it the thread.
            connection.cut()
        logger.error("%s is disabled: %s", account.name, book.health.reason)
        # The rulebook has to be started again with another value of `enable`.
        while True:
            await self._clock.sleep(self._given.interval)

    async def _round(self, session: Session | None, connection: Connection, book: books.Book) -> Session | None:
        """One look, and the wait behind it; the session if it is of use for the next one."""
        begun = self._clock.now()
        try:
            if session is None:
                session = await asyncio.to_thread(self._open, self._account, connection)
            result = await self._look(session, book)
            self._note(book, self._after(result, begun))
            return await self._waited(session, result, begun, book)
        except (Failed, NotGiven) as error:
            await self._has_failed(book, error)
            return None

    async def _tell_of(self, reason: str) -> None:
        """Of what somebody should know; it is in the log, too, so nothing is lost when nobody takes it."""
        with contextlib.suppress(Unacknowledged):
            await self._handing.over(events.problem(self._account, reason))

    async def _look(self, session: Session, book: books.Book) -> Result:
        judge = Judge(self._account, await asyncio.to_thread(_ids_of, self._account.message_ids_file))
        steps = look(session, self._account, book, judge, self._memory)
        while True:
            told, result = await asyncio.to_thread(_step, steps)
            if told is None:
                self._said = None
                for remark in result.remarks:
                    logger.warning("%s", remark)
                return result
            await self._handing.over(told.event)
            # At once and not in a thread: an ordinary end of the source must not come in between.
            told.is_given()

    def _after(self, result: Result, begun: float) -> Health:
        now = self._clock.now()
        if result.stopped:
            return Health().stopped(self._account, now)
        return Health().succeeded(self._given.interval, self._given.jitter, begun, now, self._uniform)

    async def _waited(self, session: Session, result: Result, begun: float, book: books.Book) -> Session | None:
        """The session, when it has told of news; without it the next look begins anew, when it is time."""
        seconds = book.health.not_before - self._clock.now()
        try:
            if not result.stopped and await asyncio.to_thread(session.wait, max(seconds, 0.0)):
                await self._until(begun + _NEWS_PAUSE)
                return session
            await asyncio.to_thread(session.close)
        except (Failed, NotGiven) as error:
            # The look itself went well, and servers end a long silence as they like: the next look tells more.
            logger.info("%s: %s", self._account.name, error)
        return None

    async def _has_failed(self, book: books.Book, error: Exception) -> None:
        account, reason = self._account, str(error)
        logger.debug("%s", account.name, exc_info=error)
        health = book.health.failed(account, reason, self._given.interval, self._clock.now())
        logger.warning("%s (failure %d): %s", account.name, health.failures, reason)
        # Told first, remembered then: after a kill in between it is told once more.
        if health.disabled:
            await self._handing.over(events.account_disabled(account, health.failures, reason))
        self._note(book, health)

    def _note(self, book: books.Book, health: Health) -> None:
        book.prepare(health=health).make_it_count()

    def _say_once(self, sentence: str) -> bool:
        is_new, self._said = sentence != self._said, sentence
        if is_new:
            logger.error("%s", sentence)
        return is_new

    async def _until(self, moment: float) -> None:
        # A clock that was set back must not put a look off for years.
        seconds = min(moment - self._clock.now(), max(self._given.interval * 2, self._account.longest_pause))
        if seconds > 0:
            await self._clock.sleep(seconds)


def _step(steps: Generator[Told, None, Result]) -> tuple[Told | None, Result]:
    """The next event, or how it ended: a thread cannot hand on StopIteration."""
    try:
        return next(steps), Result()
    except StopIteration as end:
        return None, end.value


def _ids_of(path: str | None) -> list[str]:
    """The message ids that the application has written down, one a line; the newest are at the end."""
    if not path:
        return []
    try:
        with Path(path).open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _MOST_ID_FILE))
            return file.read(_MOST_ID_FILE).decode("utf-8", "replace").split()
    except OSError as error:
        raise Failed(f"message_ids_file: {path} cannot be read ({error.strerror}).") from error
