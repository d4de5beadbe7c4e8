"""What goes wrong on purpose: what is armed, which request it meets, and what it makes of an answer's bytes.

The engine asks for faults of cmdlets and services. Faults of requests meet either endpoint over either protocol: each
is used up by as many requests as `times` says (1; 0: for ever), of the pipeline that `cmdlet` names, at an `endpoint`
and by an `action` where these are given. A request meets one fault at most.
"""

from __future__ import annotations

import gzip
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from random import Random
from typing import Any

from .prepared import Prepared
from .refusals import REFUSALS, WAYS

ACTIONS = ("Create", "Command", "Send", "Receive", "Signal", "Delete")
_REQUEST = ("cmdlet?", "endpoint?", "action?", "times?")

# What each kind takes; a question mark marks what it can do without.
_FIELDS: dict[str, tuple[str, ...]] = {
    "write_does_not_stick": ("cmdlet",),
    "stores_otherwise": ("cmdlet", "member", "value"),
    "fails_after_effect": ("cmdlet", "message?", "times?"),
    "warns": ("cmdlet", "message"),
    "rbac_without": ("cmdlet", "parameter?"),
    "rbac_only": ("cmdlets",),
    "session_configuration": ("name", "visible"),
    "service_missing": ("service",),
    "service_refuses_start": ("service",),
    "service_dies": ("service", "after?", "recovers_after?"),
    "service_refuses_stop": ("service",),
    "process_unreadable": (),
    "translated_results": (),
    "other_controller": ("controller",),
    "controller_gone": ("controller", "cmdlet?", "when?", "exception?"),
    "shell_limit": ("limit",),
    "operation_limit": ("limit", "counted?"),
    "query_refused": ("status?", "code?"),
    "opens_no_session": ("reason", "way?"),
    "slow": ("cmdlet", "seconds"),
    "chatter": ("cmdlet", "text", "stream?"),
    "payload_signing_broken": (),
    "rpc_refused": (),
    "send_connector": ("name", "subject"),
    "mailbox_protected": ("mailbox",),
    "mailbox_fails": ("mailbox", "when", "ends_pipeline?", "errors?"),
    "mailbox_keeps_what_it_has": ("mailbox",),
    "mailbox_unreadable": ("mailbox", "ends_pipeline?"),
    "ambiguous_name_refused": ("shows_one?",),
    "second_hop_refused": (),
    "other_certificate": (),
    "deep_nesting": ("cmdlet?", "times?"),
    "change_after_read": ("cmdlet", "run", "times?"),
    "mail_answers": ("protocol", "command", "answer", "times?"),
    "mail_closes_in_tls": ("protocol", "times?"),
    "http_status": ("status", *_REQUEST),
    "random": ("seed", "one_in?", "kinds"),
}

_STATUSES = {status: status for status in (400, 401, 404, 500, 503)}
_Actions = frozenset[str]
_EVERY = frozenset(ACTIONS)
_RECEIVE = frozenset({"Receive"})
_STARTING = frozenset({"Command", "Send"})
# The actions that a kind meets when none is named, and all that it can meet.
_KINDS: dict[str, tuple[_Actions, _Actions]] = {
    "drop_before_command": (_STARTING, _EVERY),
    "drop_after_command": (_STARTING, _EVERY),
    "drop_while_receiving": (_RECEIVE, _RECEIVE),
    "drop_after_answer": (_RECEIVE, _RECEIVE),
    "lose_shells_while_receiving": (_RECEIVE, _RECEIVE),
    "silence": (_RECEIVE, _EVERY),
    "http_status": (_EVERY, _EVERY),
    "wrong_message_id": (_RECEIVE, _EVERY),
    "entity_bomb": (_RECEIVE, _EVERY),
    "truncated": (_RECEIVE, _EVERY),
    "gzipped": (_RECEIVE, _EVERY),
    "gzip_bomb": (_RECEIVE, _EVERY),
    "malformed": (_RECEIVE, _EVERY),
    "huge": (_RECEIVE, _EVERY),
}
_FIELDS |= {kind: _REQUEST for kind in _KINDS if kind not in _FIELDS}
# Losing shells waits for no request; at random it happens just before one.
_AT_RANDOM = {kind: possible for kind, (_, possible) in _KINDS.items()} | {"lose_shells": _EVERY}


@dataclass(frozen=True)
class Injected:
    """A fault that a request has met: as it is told, and as it was armed unless it came at random."""

    kind: str
    told: dict[str, Any]
    armed: dict[str, Any] | None


class Faults:
    """What is armed, and what has met a request."""

    def __init__(self, servers: Sequence[str], readers: Mapping[str, Callable[[Any], Any]]) -> None:
        """`readers` check a field's value and put it into its usual form."""
        self._servers = servers
        self._readers: dict[str, Callable[[Any], Any]] = {
            "endpoint": {"exchange": "exchange", "windows": "windows"}.__getitem__,
            "action": {name: name for name in ACTIONS}.__getitem__,
            "status": _STATUSES.__getitem__,
            "times": _count,
            "protocol": {"pop3": "pop3", "imap4": "imap4"}.__getitem__,
            "command": str.upper,
            "answer": str,
            "when": {"before": "before", "after": "after"}.__getitem__,
            "ends_pipeline": bool,
            "errors": int,
            "shows_one": bool,
            "seed": int,
            "one_in": int,
            "limit": int,
            "counted": {"shell": "shell", "user": "user"}.__getitem__,
            "code": int,
            "reason": {name: name for name in REFUSALS}.__getitem__,
            "way": {way: way for way in WAYS}.__getitem__,
            "seconds": float,
            "after": _seconds,
            "recovers_after": _seconds,
            "message": str,
            "text": str.encode,
            "stream": {"stdout": "stdout", "stderr": "stderr"}.__getitem__,
            "parameter": str,
            "name": str,
            "subject": str,
            "member": str,
            "value": lambda value: value,
            "exception": str,
            "kinds": _random_kinds,
            **readers,
        }
        self._lock = threading.RLock()
        self._armed: list[dict[str, Any]] = []
        self._log: list[dict[str, Any]] = []

    def arm(self, fault: Mapping[str, Any]) -> None:
        """Arm a fault; without a server it concerns all of them; kind `none` takes back what was armed."""
        kind, server = fault.get("kind"), fault.get("server")
        if server is not None and server not in self._servers:
            raise ValueError(f"There is no server {server}.")
        with self._lock:
            if kind == "none":
                self._disarm(server)
                return
            if kind not in _FIELDS:
                raise ValueError(f"There is no fault of kind {kind}.")
            armed = self._checked(kind, fault)
            armed["left"] = armed.get("times", 1) or math.inf
            if kind == "random":
                # Servers are asked beside each other: each has numbers of its own, so that a seed tells what they meet.
                armed["numbers"] = {name: Random(f"{armed['seed']} {name}") for name in self._servers}  # noqa: S311
            self._armed.append(armed)

    def _checked(self, kind: str, fault: Mapping[str, Any]) -> dict[str, Any]:
        armed = dict(fault)
        names = {name.rstrip("?"): name.endswith("?") for name in _FIELDS[kind]}
        # A misspelled name would be a fault that never happens.
        for name in fault.keys() - names.keys() - {"kind", "server"}:
            raise ValueError(f"The fault {kind} knows no {name}.")
        for name, optional in names.items():
            if optional and fault.get(name) is None:
                continue
            try:
                armed[name] = self._readers[name](fault.get(name))
            except (AttributeError, LookupError, TypeError, ValueError):
                raise ValueError(f"The fault {kind} needs a {name}; {fault.get(name)} is none.") from None
        if "action" in armed and armed["action"] not in _KINDS[kind][1]:
            raise ValueError(f"The fault {kind} never meets a {armed['action']}.")
        if armed.get("way") == "state" and not REFUSALS[armed["reason"]].exception:
            raise ValueError(f"The fault {kind} has no exception for {armed['reason']}.")
        return armed

    def _disarm(self, server: str | None) -> None:
        for one in [one for one in self._armed if server is None or one.get("server") == server]:
            # Nor does it come back from a request that has met it and is still under way.
            one["left"] = -math.inf
            self._armed.remove(one)

    def clear(self) -> None:
        with self._lock:
            self._disarm(None)
            self._log.clear()

    def armed(self, server: str, kind: str) -> list[dict[str, Any]]:
        """The armed faults of one kind on a server, oldest first."""
        if not self._armed:
            # Asked a dozen times for each piped object.
            return []
        with self._lock:
            return [one for one in self._armed if one["kind"] == kind and one.get("server", server) == server]

    def first(self, server: str, kind: str) -> dict[str, Any] | None:
        """The oldest armed fault of a kind on a server."""
        return next(iter(self.armed(server, kind)), None)

    def take(self, server: str, kind: str, cmdlets: Sequence[str]) -> dict[str, Any] | None:
        """The oldest armed fault of a kind that concerns one of these cmdlets, of which one use is used up."""
        with self._lock:
            found = next((one for one in self.armed(server, kind) if _concerns(one, cmdlets)), None)
            if found is not None:
                self._use(found)
            return found

    def in_conversation(self, server: str, kind: str, protocol: str, command: str = "") -> dict[str, Any] | None:
        """The oldest armed fault of a kind that concerns this command of a mail program; one use of it is used up."""
        with self._lock:
            wanted = {"protocol": protocol, "command": command}
            armed = self.armed(server, kind)
            found = next(
                (one for one in armed if all(one.get(key, word) == word for key, word in wanted.items())), None
            )
            if found is not None:
                self._use(found)
            return found

    def meet(self, server: str, endpoint: str, action: str, cmdlets: Sequence[str]) -> Injected | None:
        """The fault that meets a request, of which one use is used up."""
        with self._lock:
            mine = [one for one in self._armed if one.get("server", server) == server]
            armed = next((one for one in mine if _meets(one, endpoint, action, cmdlets)), None)
            if armed is not None:
                self._use(armed)
            chosen = armed or _drawn(mine, server, action)
            if chosen is None:
                return None
            told = {"server": server, "endpoint": endpoint, "action": action, "cmdlet": self._named(cmdlets)}
            told |= {name: chosen[name] for name in ("kind", "status") if name in chosen}
            self._log.append(told)
            return Injected(chosen["kind"], told, armed)

    def is_lost(self, injected: Injected, *, answered: bool) -> bool:
        """Whether the answer to a request that was carried out is lost; if there was nothing to lose, the fault waits.

        A dropped pipeline has been dropped when it ran, and an interrupted Receive when there was something for it.
        """
        if injected.kind == "drop_after_answer" and answered:
            return True
        if injected.kind not in ("drop_after_command", "drop_while_receiving", "drop_after_answer"):
            return False
        return (injected.armed is not None and "action" in injected.armed) or not self._give_back(injected)

    def injected(self) -> list[dict[str, Any]]:
        """Which requests met which fault, in order."""
        with self._lock:
            return [{"n": number} | told for number, told in enumerate(self._log, 1)]

    def counts(self) -> dict[str, int]:
        """How many requests met each kind."""
        with self._lock:
            return dict(Counter(told["kind"] for told in self._log))

    def _give_back(self, injected: Injected) -> bool:
        """Let an armed fault wait for a request that it can do something to; one that came at random does not wait."""
        if injected.armed is None:
            return False
        with self._lock:
            injected.armed["left"] += 1
            if injected.armed["left"] == 1:
                self._armed.insert(0, injected.armed)
            self._log = [told for told in self._log if told is not injected.told]
        return True

    def _named(self, cmdlets: Sequence[str]) -> str | None:
        """The first of them as Exchange or Windows writes it."""
        try:
            return str(self._readers["cmdlet"](cmdlets[0])) if cmdlets else None
        except LookupError:
            return cmdlets[0]

    def _use(self, fault: dict[str, Any]) -> None:
        fault["left"] -= 1
        if not fault["left"]:
            self._armed = [one for one in self._armed if one is not fault]


def _meets(fault: Mapping[str, Any], endpoint: str, action: str, cmdlets: Sequence[str]) -> bool:
    if fault["kind"] not in _KINDS or fault.get("endpoint", endpoint) != endpoint:
        return False
    usual, _ = _KINDS[fault["kind"]]
    return (fault["action"] == action if "action" in fault else action in usual) and _concerns(fault, cmdlets)


def _concerns(fault: Mapping[str, Any], cmdlets: Sequence[str]) -> bool:
    return fault.get("cmdlet") is None or fault["cmdlet"].casefold() in {name.casefold() for name in cmdlets}


def _drawn(faults: Sequence[Mapping[str, Any]], server: str, action: str) -> Mapping[str, Any] | None:
    """What a request meets at random: two numbers are drawn for each, so that what is possible shifts nothing."""
    found = None
    for fault in faults:
        if fault["kind"] == "random":
            numbers = fault["numbers"][server]
            hit, which = numbers.random() * fault.get("one_in", 10) < 1, numbers.random()
            possible = [one for one in fault["kinds"] if action in _AT_RANDOM[one["kind"]]]
            if hit and possible:
                found = possible[int(which * len(possible))]
    return found


def _seconds(number: float) -> float:
    if number <= 0:
        raise ValueError(number)
    return float(number)


def _count(number: int) -> int:
    if number < 0:
        raise ValueError(number)
    return int(number)


def _random_kinds(kinds: Sequence[str | Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Kinds that are drawn, each a name or an object of `kind` and, for `http_status`, `status`."""
    read: list[dict[str, Any]] = []
    for one in kinds:
        kind: dict[str, Any] = {"kind": one} if isinstance(one, str) else dict(one)
        if kind["kind"] not in _AT_RANDOM or kind.keys() - {"kind", "status"}:
            raise ValueError(kind)
        read.append(kind | ({"status": _STATUSES[kind.get("status", 500)]} if kind["kind"] == "http_status" else {}))
    if not read:
        raise ValueError("none")
    return read


@dataclass(frozen=True)
class Body:
    """A body as it goes over the wire: its own headers, its pieces, and whether the line breaks after them."""

    headers: tuple[tuple[str, str], ...]
    pieces: Iterable[bytes]
    breaks: bool = False


_PADDING = b" " * (1 << 20)
_HUGE = 300
_BOMB = 1024


def spoiled(kind: str | None, content: bytes) -> Body:
    """The body that a fault makes of an answer's; others leave it as it is.

    White space after the end of a document changes nothing in it: a body padded with it is as right as it is large.
    """
    match kind:
        case "truncated":
            return Body(_length(len(content)), [content[: len(content) // 2]], breaks=True)
        case "malformed":
            nonsense = b"\xffThis is no XML."
            return Body(_length(len(nonsense)), [nonsense])
        case "gzipped":
            packed = gzip.compress(content)
            return Body((*_GZIP, *_length(len(packed))), [packed])
        case "gzip_bomb":
            first, member = gzip.compress(content), gzip.compress(_PADDING)
            return Body((*_GZIP, *_length(len(first) + _BOMB * len(member))), chain([first], repeat(member, _BOMB)))
        case "huge":
            return Body((("Transfer-Encoding", "chunked"),), _chunked(chain([content], repeat(_PADDING, _HUGE))))
    return Body(_length(len(content)), [content])


def with_entity_bomb(envelope: bytes) -> bytes:
    """An envelope whose last entity of ten grows to ten thousand million characters."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    declared = f'<!DOCTYPE s:Envelope [<!ENTITY e0 "{"x" * 10}">{entities}]>'.encode()
    return declared + envelope.replace(b"</s:Header>", b"<a:From>&e9;</a:From></s:Header>", 1)


class DeepNesting(Prepared):
    """An output object of lists within lists, deeper than any parser goes that calls itself."""

    __slots__ = ()

    def __init__(self) -> None:
        """It has no texts of its own."""

    def clixml(self) -> bytes:
        depth = 100_000
        return b'<Obj RefId="0"><LST>' + b"<Obj><LST>" * depth + b"</LST></Obj>" * depth + b"</LST></Obj>"


_GZIP = (("Content-Encoding", "gzip"),)


def _length(size: int) -> tuple[tuple[str, str], ...]:
    return (("Content-Length", str(size)),)


def _chunked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield b"%x\r\n" % len(piece)
        yield piece
        yield b"\r\n"
    yield b"0\r\n\r\n"
