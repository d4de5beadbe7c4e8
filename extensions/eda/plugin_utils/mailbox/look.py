# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One look at a mailbox: what is new is judged first, and only then, mail after mail, told and remembered.

A look is a generator of events. Whoever runs it hands each over, lets it count, and asks for the next one. Whoever
stops in between has given nothing that is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field

from . import events
from .book import GIVEN, OTHER, OWED, Book, Entry
from .conversation import Failed, Listed, Listing, NotGiven, Session
from .events import Event
from .headers import Headers
from .mail import Mail, read
from .options import Account
from .ours import Judge, Verdict

_MOST_TRIES = 3
"""So often one mail may cost us the connection."""
_TRIED = 8


@dataclass
class Memory:
    """What is remembered from look to look as long as the process lives, and costs nothing but work when it is lost."""

    verdicts: dict[str, _Judged] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    validity: str = ""
    turn: int = 0
    """Whose turn it is to be tried, see `_same_identifiers`."""


@dataclass(frozen=True)
class _Judged:
    uid: str
    id: str
    size: int
    verdict: Verdict


@dataclass
class Told:
    """An event to hand over, and what has to be done as soon as it is: then it counts as given."""

    event: Event
    is_given: Callable[[], None] = lambda: None


@dataclass
class Result:
    """How a look has ended."""

    stopped: bool = False
    """There was too much that is none of ours."""
    given: int = 0
    remarks: list[str] = field(default_factory=list)


def look(session: Session, account: Account, book: Book, judge: Judge, memory: Memory) -> Generator[Told, None, Result]:
    """Look once. Raises what the session raises, and Unwritable."""
    result = Result()
    listing = session.listing()
    if memory.validity != listing.validity:
        memory.verdicts.clear()
    memory.validity = listing.validity
    known: dict[str, Entry] = {}
    if _same_identifiers(session, listing, book, account, memory):
        known = {mail.uid: book.entries[mail.uid] for mail in listing.mails if _is_known(book, mail)}
    new = [mail for mail in listing.mails if mail.uid not in known]
    place = {mail.uid: number for number, mail in enumerate(listing.mails)}

    # First all are judged: no event is given before it is known that there is not too much which is none of ours.
    others = sum(entry.kind == OTHER for entry in known.values())
    moved: dict[str, Entry] = {}
    judged: list[_Judged] = []
    for one in _judged(session, account, judge, memory, new):
        if kind := book.ids.get(one.id):
            moved[one.uid] = Entry(one.size, one.id, kind)
        else:
            judged.append(one)
        others += (kind == OTHER) if kind else not one.verdict.ours
        if others >= account.max_unrelated:
            yield Told(events.unrelated_mail(account))
            result.stopped = True
            return result
    _remember(book, listing, known | moved)
    _remove_what_is_owed(session, account, book, result)
    memory.verdicts = {uid: one for uid, one in memory.verdicts.items() if uid in place}
    # What has cost the connection before comes last, so that nothing else has to wait for it.
    for one in sorted(judged, key=lambda one: (memory.tries.get(one.uid, 0), place[one.uid])):
        yield from _tell(session, account, book, memory, one, result)
    return result


def _is_known(book: Book, mail: Listed) -> bool:
    entry = book.entries.get(mail.uid)
    return entry is not None and (mail.size is None or mail.size == entry.size)


def _same_identifiers(session: Session, listing: Listing, book: Book, account: Account, memory: Memory) -> bool:
    """Whether what the server calls its mails still means the mails that it meant.

    After a mailbox has moved, POP3's identifiers may stand for other mails. The oldest and the newest are tried with
    each look, and some of the others, so that in time each has its turn.
    """
    if listing.validity != book.validity:
        return False
    if listing.sure:
        return True
    mails = [mail for mail in listing.mails if mail.uid in book.entries]
    if not all(_is_known(book, mail) for mail in mails):
        return False
    uids = [mail.uid for mail in mails]
    turn = memory.turn % max(len(uids), 1)
    memory.turn = turn + _TRIED
    some = list(dict.fromkeys((*uids[:1], *uids[-1:], *uids[turn : turn + _TRIED])))
    return all(Headers(top.raw).identity(account.user) == book.entries[top.uid].id for top in session.tops(some))


def _judged(
    session: Session, account: Account, judge: Judge, memory: Memory, mails: Iterable[Listed]
) -> Generator[_Judged, None, None]:
    """Each with what it is; what was judged before in this process is not asked for again."""
    kept = memory.verdicts
    mails = list(mails)
    asked = (mail.uid for mail in mails if not _is_kept(kept.get(mail.uid), mail))
    for mail in mails:
        if (one := kept.get(mail.uid)) and _is_kept(one, mail):
            yield one
    for top in session.tops(asked):
        headers = Headers(top.raw)
        one = _Judged(top.uid, headers.identity(account.user), top.size, judge.verdict(headers, top.size))
        # Only while it is not given: what the application has sent meanwhile makes an answer of what was none.
        if one.verdict.ours:
            kept[one.uid] = one
        yield one


def _is_kept(one: _Judged | None, mail: Listed) -> bool:
    return one is not None and (mail.size is None or mail.size == one.size)


def _remember(book: Book, listing: Listing, entries: Mapping[str, Entry]) -> None:
    """Take over what has another identifier now, and forget what has left the mailbox; write only if there is any."""
    if entries != book.entries or listing.validity != book.validity:
        book.prepare(instead=entries, validity=listing.validity).make_it_count()


def _remove_what_is_owed(session: Session, account: Account, book: Book, result: Result) -> None:
    """What was given, and was not removed any more. It goes only if it is still what it was."""
    owed = [uid for uid, entry in book.entries.items() if entry.kind == OWED]
    for top in session.tops(owed):
        if Headers(top.raw).identity(account.user) == book.entries[top.uid].id:
            _remove(session, account, top.uid, result)


def _tell(
    session: Session, account: Account, book: Book, memory: Memory, one: _Judged, result: Result
) -> Generator[Told, None, None]:
    if kind := book.ids.get(one.id):
        # A copy of what was given a moment ago.
        book.prepare({one.uid: Entry(one.size, one.id, kind)}).make_it_count()
        return
    try:
        mail = _mail(session, memory, one)
    except NotGiven as error:
        result.remarks.append(f"The server did not return a message of {account.name}; it is requested again: {error}")
        return
    except Failed:
        memory.tries[one.uid] = memory.tries.get(one.uid, 0) + 1
        raise
    if mail is None:
        return
    kind = OTHER if not one.verdict.ours else GIVEN if account.after == "keep" else OWED
    # On the disk before it is handed over, so that a full disk is met before; it counts afterwards.
    prepared = book.prepare({one.uid: Entry(one.size, one.id, kind)})
    yield Told(events.of_mail(account, one.id, one.verdict, one.size, mail), prepared.make_it_count)
    memory.verdicts.pop(one.uid, None)
    memory.tries.pop(one.uid, None)
    result.given += 1
    if kind == OWED:
        _remove(session, account, one.uid, result)


def _mail(session: Session, memory: Memory, one: _Judged) -> Mail | None:
    """What an event tells of it; None if it is gone."""
    tries = memory.tries.get(one.uid, 0)
    if one.verdict.ours and tries < _MOST_TRIES:
        return read(session.lines(one.uid))
    # Of what is none of ours the header is enough.
    top = next(iter(list(session.tops([one.uid]))), None)
    if top is None:
        return None
    mail = Mail(Headers(top.raw))
    if one.verdict.ours:
        mail.notes.append(f"The connection broke {tries} times while this mail was read, so its text was not read.")
    return mail


def _remove(session: Session, account: Account, uid: str, result: Result) -> None:
    try:
        session.remove(uid)
    except NotGiven as error:
        done = "moved" if account.move_to else "deleted"
        result.remarks.append(f"A message of {account.name} was not {done}; this is tried again: {error}")
