# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes to a host and what comes back: a request, its reply, and the shapes of values in both.

Both travel as JSON between a task and the process that keeps the sessions. What JSON has no value for is an object with
members whose names begin with a dollar sign; all others are named by PowerShell.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletError,
    Failure,
    shortened,
)

T = TypeVar("T")

TEXT = "$text"
"""What the object's ToString gave, null where it has none."""

NUMBER = "$value"
"""The number of an enumeration's value, whose name is its text."""

TYPE = "$type"
"""The .NET type of an object without text, or of one that is a member."""

BYTES = "$bytes"
"""Binary data, in base64."""

CREDENTIAL = "$credential"
"""A user and a password, which reach the server as a PSCredential, encrypted, or not at all."""

SECURED = "$secured"
"""A password alone, which reaches the server as a SecureString, encrypted, or not at all."""

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""What Ansible shows in the place of a secret."""


def wire_object(text: str | None, members: Mapping[str, Any], type_name: str | None = None) -> dict[str, Any]:
    """An object with its text and members."""
    return {TEXT: text, **({TYPE: type_name} if type_name else {}), **members}


def as_object(value: Any) -> Mapping[str, Any]:
    """An object as it is; what came as its text alone has no members to be asked for."""
    return value if isinstance(value, Mapping) else {TEXT: value}


def wire_enum(text: str | None, number: int) -> dict[str, Any]:
    """A value of an enumeration, or several of one whose values are bits."""
    return {TEXT: text, NUMBER: number}


def binary(data: bytes) -> dict[str, Any]:
    """Binary data."""
    return {BYTES: base64.b64encode(data).decode()}


def read_binary(value: Any) -> bytes:
    """Binary data; empty if the value has none that can be read."""
    encoded = value.get(BYTES) if isinstance(value, Mapping) else None
    try:
        return base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else b""
    except ValueError:
        return b""


def credential(user: str, password: str) -> dict[str, Any]:
    """A user and a password as the value of a parameter."""
    return {CREDENTIAL: {"user": user, "password": password}}


def read_credential(value: Any) -> tuple[str, str] | None:
    """The user and the password; None if the value is none of both."""
    if not isinstance(value, Mapping) or value.keys() != {CREDENTIAL}:
        return None
    return value[CREDENTIAL]["user"], value[CREDENTIAL]["password"]


def secret(password: str) -> dict[str, Any]:
    """A password as the value of a parameter."""
    return {SECURED: password}


def read_secret(value: Any) -> str | None:
    """The password; None if the value is none."""
    return str(value[SECURED]) if isinstance(value, Mapping) and value.keys() == {SECURED} else None


def without_secrets(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a cmdlet as they may be shown; what is binary has a private key in it."""
    hidden = {BYTES, CREDENTIAL, SECURED}
    return {
        name: HIDDEN if isinstance(value, Mapping) and not hidden.isdisjoint(value) else value
        for name, value in parameters.items()
    }


# Of the namespaces under which types without a text of their own live, and no wider: people name connectors and hosts
# System.Scanner or Microsoft.Exchange.Relay.
_TYPE_NAME = re.compile(
    r"(?:Deserialized\.)?(?:"
    r"(?:Microsoft\.Exchange\.(?:Common|Configuration|Data|Diagnostics|Management|Monitoring|Net|Security)"
    r"|System\.(?:Collections|Globalization|IO|Management|Net|Security|ServiceProcess))"
    r"(?:\.[A-Z]\w*)+(?:`\d.*|\[\])?"
    r"|System\.(?:Object|String|Guid|__ComObject)"
    r"|System\.[A-Z]\w*(?:`\d.*|\[\]))"
)


class Unreadable(ValueError):
    """A value is there and cannot be read: what came, as a part of a sentence."""

    def __init__(self, value: Any, where: str = "") -> None:
        self.shape = f"{_shape(value)[:150]}{where}"
        """The same without what it says, for everybody to see."""
        text = own_text(value)
        super().__init__(f"{self.shape}, {text[:80]!r}" if text else self.shape)


class Unread(Failure):
    """A task ends here because it needs a member that came and cannot be read."""

    def __init__(self, cmdlet: str, member: str, of: str, came: Unreadable, so: str = "") -> None:
        told = f"{cmdlet} shows {member} of {shortened(of)} as {came}, which cannot be read{so and ', '}{so}"
        super().__init__(f"{told}; please report that.", unreadable={member: came.shape})


def _shape(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        return "text" if value else "empty text"
    if not isinstance(value, Mapping):
        return {bool: "a boolean", int: "an integer"}.get(type(value), "a number")
    if BYTES in value:
        return "binary data"
    told = f"an object of the type {value[TYPE]}" if value.get(TYPE) else "an object"
    members = ", ".join(sorted(name for name in value if not name.startswith("$")))
    return f"{told}{'' if own_text(value) else ' without text'}{members and f' with the members {members}'}"


def own_text(value: Any) -> str | None:
    """The text of a wire value, which may be the text itself or an object with its ToString; None if it has none."""
    if isinstance(value, Mapping):
        value = value.get(TEXT)
    return str(value) if isinstance(value, str | int | float) else None


def wire_text(value: Any) -> str:
    """The text of a wire value; empty if it has none."""
    return own_text(value) or ""


def string_text(value: Any, *, called_as_types: bool = False) -> str | None:
    """The text of a string, or of an object that has one; None for a number, a truth value and the name of a type."""
    text = value.get(TEXT) if isinstance(value, Mapping) else value
    # What has no text of its own becomes its type's name where text is made of it.
    return text if isinstance(text, str) and (called_as_types or not _TYPE_NAME.fullmatch(text)) else None


def wire_name(value: Any) -> str:
    """The text by which something is known; Unreadable if there is none. A number or a truth value is no name."""
    text = string_text(value)
    if text is None or not text.strip():
        raise Unreadable(value)
    return text


def wire_truth(value: Any) -> bool:
    """A truth value, or the text of one; Unreadable if it is none. Over the wire numbers are no truth values."""
    known = value if isinstance(value, bool) else {"true": True, "false": False}.get(wire_text(value).casefold())
    if known is None:
        raise Unreadable(value)
    return known


def member_of(value: Any, name: str) -> Any:
    """A member of an object, by its name in any case as PowerShell finds it; None if there is none."""
    if not isinstance(value, Mapping):
        return None
    if name in value:
        return value[name]
    return next((one for other, one in value.items() if other.casefold() == name.casefold()), None)


def needed(read: Callable[[Any], T], value: Any, *, cmdlet: str, member: str, of: str) -> T:
    """A member that the task cannot do without, as `read` takes it; Unread if it does not."""
    try:
        return read(value)
    except Unreadable as came:
        raise Unread(cmdlet, member, of, came) from None


def number_text(value: Any) -> str:
    """The number of an enumeration's value, as text; empty if it has none."""
    if not isinstance(value, Mapping):
        return ""
    # Where .NET's type is not kept the number is a member, which is called so.
    return wire_text(value[NUMBER] if NUMBER in value else member_of(value, "value__"))


def wire_texts(value: Any, read: Callable[[str], str] = str) -> list[str]:
    """The texts of a list's items; Unreadable if it is no list, or an item has none or none that `read` takes."""
    if not isinstance(value, list | tuple):
        raise Unreadable(value)
    texts = []
    for item in value:
        try:
            text = read(wire_text(item).strip())
        except ValueError:
            text = ""
        if not text:
            raise Unreadable(item, f", in a list of {len(value)}")
        texts.append(text)
    return texts


@dataclass(frozen=True)
class Request:
    """A cmdlet for one endpoint of a host, or a pipeline of some. Without a cmdlet it only brings facts to be
    remembered."""

    endpoint: str = "exchange"
    cmdlet: str = ""
    # A password may be among them.
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    piped: Sequence[str] | None = None
    """What is piped into the cmdlet, one object after the other."""
    members: Sequence[str] | None = None
    """The members that are wanted of what it puts out; None for all but the bulky ones."""
    write: bool = False
    """Whether it changes something, and must not be sent twice."""
    deadline: float | None = None
    """Seconds to wait for its answer: of what only reads if these are fewer than the connection's own."""
    remember: Mapping[str, Any] = field(default_factory=dict)
    """Facts for the later tasks of the play."""
    then: Sequence[tuple[str, Mapping[str, Any]]] = ()
    """Further cmdlets with their parameters, each of which takes what the one before puts out. What is asked of the
    answer is asked of the last one."""

    @property
    def stages(self) -> list[tuple[str, Mapping[str, Any]]]:
        """The cmdlets of the pipeline with their parameters."""
        return [(self.cmdlet, self.parameters), *self.then]

    def to_json(self) -> str:
        return json.dumps(vars(self))

    @classmethod
    def parse(cls, text: str) -> Request:
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Reply:
    """A cmdlet's answer: what it put out, and the errors and warnings beside it."""

    state: str = "completed"
    """``completed`` and ``failed`` are the cmdlet's. ``unreachable``: no answer came, ``unknown``: and yet it may have
    run. ``defect``: the collection's own code failed over it."""
    output: list[Mapping[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[CmdletError] = field(default_factory=list)
    reason: str | None = None
    """Why it is not ``completed``, where that is not the cmdlet's own error."""
    memory: Mapping[str, Any] = field(default_factory=dict)
    """What is known from earlier tasks of the play, and of the connection."""
    traceback: str = ""
    """Where the collection's own code failed, without a value of anything."""
    said: list[str] = field(default_factory=list)
    """What the process said besides its answer, over a transport that has the two in one stream."""

    @property
    def failed(self) -> bool:
        return bool(self.errors) or self.state != "completed"

    def to_json(self) -> str:
        return json.dumps({**vars(self), "errors": [vars(error) for error in self.errors]})

    @classmethod
    def parse(cls, text: str) -> Reply:
        reply = json.loads(text)
        return cls(
            state=reply["state"],
            output=[as_object(one) for one in reply.get("output") or []],
            warnings=reply.get("warnings") or [],
            errors=[CmdletError.read(error) for error in reply.get("errors") or []],
            reason=reply.get("reason"),
            memory=reply.get("memory") or {},
            traceback=reply.get("traceback") or "",
            said=reply.get("said") or [],
        )
