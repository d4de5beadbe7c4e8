"""Looks at a mailbox: what is given, what is remembered, and what happens when something comes in between."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from application_mailbox import Mailbox, account, reply, unrelated
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox import book as books
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.book import Book, Unwritable
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.conversation import Failed
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.events import Event
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.look import Memory, Result, look
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.ours import Judge


class Reader:
    """A source on a mailbox, which can be restarted."""

    def __init__(self, folder: Path, mailbox: Mailbox, **options: Any) -> None:
        self.folder, self.mailbox, self.account = folder, mailbox, account(**options)
        self.restart()

    def restart(self) -> None:
        self.book, self.memory = Book.open(self.folder, self.account), Memory()

    def look(self, given: Callable[[Event], None] = lambda _event: None) -> tuple[list[Event], Result]:
        steps = look(self.mailbox, self.account, self.book, Judge(self.account), self.memory)
        events = []
        while True:
            try:
                told = next(steps)
            except StopIteration as end:
                return events, end.value
            events.append(told.event)
            given(told.event)
            told.is_given()

    def ids(self) -> list[str | None]:
        return [event.data["message_id"] for event in self.look()[0]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


def test_each_mail_once_over_restarts(folder: Path) -> None:
    reader = Reader(folder, Mailbox(reply(1), unrelated(2), reply(3)))
    events, result = reader.look()
    assert [(event.type, event.data["ours"], event.data["text"]) for event in events] == [
        ("reply", True, "Approved."),
        ("other_mail", False, ""),
        ("reply", True, "Approved."),
    ]
    assert events[0].data | {"notes": None} == {
        "account": "app@contoso.test",
        "ours": True,
        "why": "In-Reply-To names <task-1@app.contoso.test>.",
        "tag": None,
        "message_id": "reply-1@contoso.test",
        "in_reply_to": ["task-1@app.contoso.test"],
        "references": [],
        "sender": "anna@contoso.test",
        "recipients": ["app@contoso.test"],
        "subject": "Re: Task 1",
        "date": "2025-11-03T10:00:00+01:00",
        "size": len(reply(1)),
        "text": "Approved.",
        "attachments": [],
        "notes": None,
    }
    assert (result.given, result.stopped) == (3, False)
    assert reader.ids() == []
    reader.restart()
    assert reader.ids() == []
    reader.mailbox.arrive(reply(4))
    assert reader.ids() == ["reply-4@contoso.test"]
    assert reader.mailbox.removed == []


def test_of_what_is_not_ours_only_the_header_is_read(folder: Path) -> None:
    reader = Reader(folder, Mailbox(unrelated(1)))
    reader.look()
    assert reader.mailbox.asked == ["listing", "top u1", "top u1"]


def test_ten_that_are_not_ours_stop_everything(folder: Path) -> None:
    reader = Reader(folder, Mailbox(reply(1), *[unrelated(number) for number in range(9)]))
    reader.mailbox.arrive(unrelated(10))
    for _look in range(2):
        events, result = reader.look()
        assert [event.type for event in events] == ["unrelated_mail"]
        assert "Check the credentials" in events[0].data["advice"]
        assert "again in 5 minutes" in events[0].data["advice"]
        assert result.stopped
        assert (reader.book.entries, list(folder.glob("*.state"))) == ({}, [])
    reader.mailbox.mails.popitem()
    events, result = reader.look()
    assert (len(events), result.stopped) == (10, False)


def test_those_of_earlier_looks_count(folder: Path) -> None:
    reader = Reader(folder, Mailbox(*[unrelated(number) for number in range(9)]))
    assert len(reader.look()[0]) == 9
    reader.restart()
    reader.mailbox.arrive(unrelated(9))
    reader.mailbox.arrive(reply(1))
    assert reader.look()[1].stopped
    del reader.mailbox.mails["u1"]
    assert len(reader.look()[0]) == 2


@pytest.mark.parametrize(("after", "options"), [("delete", {}), ("move", {"protocol": "imap4", "move_to": "Done"})])
def test_replies_are_removed_when_they_were_given(folder: Path, after: str, options: dict[str, Any]) -> None:
    reader = Reader(folder, Mailbox(reply(1), unrelated(2)), after=after, **options)
    seen: list[list[str]] = []
    reader.look(lambda _event: seen.append(list(reader.mailbox.removed)))
    assert (seen, reader.mailbox.removed) == ([[], ["u1"]], ["u1"])


def test_what_was_not_removed_is_removed_later_if_it_is_still_the_same(folder: Path) -> None:
    reader = Reader(folder, Mailbox(reply(1), reply(2)), after="delete")
    reader.mailbox.fails_at = {"remove u1"}
    with pytest.raises(Failed):
        reader.look()
    reader.mailbox.fails_at = set()
    reader.restart()
    # Another mail by this identifier, of the same size, is not the one that was given.
    reader.mailbox.mails = {"u1": reply(3), "u2": reply(2)}
    assert reader.ids() == ["reply-3@contoso.test", "reply-2@contoso.test"]
    assert reader.mailbox.mails == {}


def test_what_was_not_removed_is_removed_after_a_restart(folder: Path) -> None:
    reader = Reader(folder, Mailbox(reply(1)), after="delete")
    reader.mailbox.fails_at = {"remove u1"}
    with pytest.raises(Failed):
        reader.look()
    reader.mailbox.fails_at = set()
    reader.restart()
    assert reader.ids() == []
    assert reader.mailbox.removed == ["u1"]


@pytest.mark.parametrize("sure", [False, True])
def test_a_mailbox_that_moved(folder: Path, sure: bool) -> None:
    reader = Reader(folder, Mailbox(reply(1), reply(2), unrelated(3), sure=sure))
    assert len(reader.look()[0]) == 3
    reader.restart()
    reader.mailbox.rename()
    if sure:
        reader.mailbox.validity = "imap4:2"
    assert reader.ids() == []
    # IMAP4 gives no number twice as long as UIDVALIDITY is the same.
    reader.mailbox.mails["u4" if sure else "u1"] = reply(4)
    assert reader.ids() == ["reply-4@contoso.test"]


def test_a_copy_is_the_same_mail(folder: Path) -> None:
    reader = Reader(folder, Mailbox(reply(1), reply(1)))
    assert reader.ids() == ["reply-1@contoso.test"]
    reader.mailbox.arrive(reply(1))
    assert reader.ids() == []


def test_a_mail_at_which_the_connection_breaks_keeps_no_other_back(folder: Path) -> None:
    reader = Reader(folder, Mailbox(reply(1), reply(2)))
    reader.mailbox.fails_at = {"lines u1"}
    with pytest.raises(Failed):
        reader.look()
    assert reader.book.entries == {}
    for _look in range(2):
        with pytest.raises(Failed):
            reader.look()
    assert list(reader.book.entries) == ["u2"]
    (event,), _result = reader.look()
    assert "The connection broke 3 times while this mail was read" in event.data["notes"][0]
    assert (event.data["message_id"], event.data["text"]) == ("reply-1@contoso.test", "")


def test_a_full_disk_ends_it_before_the_event(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(folder, Mailbox(reply(1)))
    with monkeypatch.context() as patch:
        patch.setattr(books.os, "fsync", full)
        with pytest.raises(Unwritable, match=r"No space left on device.*no event is delivered"):
            reader.look()
    assert reader.ids() == ["reply-1@contoso.test"]


def full(_descriptor: int) -> None:
    raise OSError(28, os.strerror(28))


def test_a_disk_that_fails_behind_the_event_gives_it_no_second_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(folder, Mailbox(reply(1)))

    def fail(_event: Event) -> None:
        monkeypatch.setattr(books.os, "fsync", full)

    with pytest.raises(Unwritable):
        reader.look(fail)
    monkeypatch.undo()
    assert reader.ids() == []


@pytest.mark.parametrize("damage", [b"", b"{", b'{"version": 1}\n{"sum": 1}\n', b"\xff\n\n"])
def test_a_damaged_state_is_put_aside(folder: Path, damage: bytes) -> None:
    reader = Reader(folder, Mailbox(reply(1)))
    before = reader.look()[0]
    (path,) = folder.glob("*.state")
    path.write_bytes(damage)
    reader.restart()
    assert reader.book.damaged
    assert reader.book.damaged.read_bytes() == damage
    assert [event.id for event in reader.look()[0]] == [event.id for event in before]


def test_every_cut_of_a_state_is_noticed(folder: Path) -> None:
    reader = Reader(folder, Mailbox(reply(1), reply(2)))
    reader.look()
    (path,) = folder.glob("*.state")
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        assert Book.open(folder, reader.account).damaged


def test_one_source_on_a_mailbox(folder: Path) -> None:
    with books.locked(folder, account()):
        same = books.locked(folder, account(name="another name", protocol="imap4"))
        with pytest.raises(books.Busy, match=r"Another source reads the mailbox of app@contoso.test at mail"), same:
            pass
        with books.locked(folder, account(user="other")):
            pass
    with books.locked(folder, account()):
        pass


class Killed(BaseException):
    """The process is gone."""


# At the how manieth mail of a look: before its hand-over, and between that and the state.
KILLS = [(action, at) for action in ("killed before", "killed after", "breaks", "full") for at in (0, 0, 1)]
OTHERS = [("arrives", 0)] * 6 + [(action, 0) for action in ("look", "restart", "moves", "copy")]
ACTIONS = st.lists(st.sampled_from(OTHERS + KILLS), min_size=4, max_size=16)


@pytest.mark.parametrize(("action", "times"), [("killed before", 1), ("killed after", 2)])
def test_a_kill_on_either_side_of_the_hand_over(folder: Path, action: str, times: int) -> None:
    reader, told = Reader(folder, Mailbox(reply(1))), []

    def meet(event: Event) -> None:
        if action == "killed after":
            told.append(event.as_data())
        raise Killed

    with pytest.raises(Killed):
        reader.look(meet)
    reader.restart()
    reader.look(lambda event: told.append(event.as_data()))
    assert len(told) == times
    assert told[0] == told[-1]


@settings(max_examples=80)
@given(actions=ACTIONS, after=st.sampled_from(["keep", "delete"]), sure=st.booleans())
def test_a_day_in_the_life(actions: list[tuple[str, int]], after: str, sure: bool, tmp_path_factory: Any) -> None:
    """Whatever happens, each of our mails is told, and once more only after a kill between hand-over and state."""
    reader = Reader(tmp_path_factory.mktemp("day"), Mailbox(sure=sure), after=after)
    told: dict[str, list[str | None]] = {}
    killed_after: dict[str, int] = {}
    number = 0

    def given(event: Event) -> None:
        told.setdefault(event.data["message_id"], []).append(event.id)

    # At the end, all that was given is tried whether it is still what it was.
    for action, at in [*actions, *[("look", 0)] * (1 + len(actions) // 8)]:
        seen = 0

        def meet(event: Event, action: str = action, at: int = at) -> None:
            nonlocal seen
            due, seen = seen == at, seen + 1
            if due and action == "killed before":
                raise Killed
            given(event)
            if due and action == "killed after":
                name = event.data["message_id"]
                killed_after[name] = killed_after.get(name, 0) + 1
                raise Killed

        if action == "arrives":
            number += 1
            reader.mailbox.arrive(reply(number))
        elif action == "moves":
            reader.mailbox.rename()
            reader.mailbox.validity += "+" if sure else ""
        elif action == "copy" and reader.mailbox.mails:
            reader.mailbox.arrive(next(iter(reader.mailbox.mails.values())))
        elif action == "restart":
            reader.restart()
        else:
            uids = list(reader.mailbox.mails)
            reader.mailbox.fails_at = {f"lines {uids[at]}"} if action == "breaks" and at < len(uids) else set()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(books.os, "fsync", full if action == "full" else lambda _descriptor: None)
                try:
                    reader.look(meet)
                except Killed:
                    reader.restart()
                except (Failed, Unwritable):
                    pass
    assert sorted(told) == sorted(f"reply-{one}@contoso.test" for one in range(1, number + 1))
    for name, ids in told.items():
        assert len(set(ids)) == 1
        assert len(ids) <= 1 + killed_after.get(name, 0)
