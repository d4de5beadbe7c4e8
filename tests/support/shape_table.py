"""Answers in odd shapes: what may come in the place of what is believed to come, and what a task then has to do.

A row puts one shape between the wire and the reader. What says the same must lead to the same, and what cannot be read
to one sentence before anything is written. For objects that are tables of settings the rows follow from the plugin's
own rows; the others are written down here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from in_process import ABSENT, InProcessHost, Put, element
from odd_shapes import TEXTLESS, TYPE_NAME, Make, alike, text_object, unreadable
from psrpcore.types import PSInt64
from samples import samples

from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import Text
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import MAILBOX_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._tables.throttling import THROTTLING_SETTINGS
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import to_plain

RIGHT, SENTENCE = "right", "sentence"
CAPTURE, PAGE, PUBLISHED, GUESS = "capture", "page", "published output", "guess"
Output = list[Element]


@dataclass(frozen=True)
class Task:
    """A module that reads the object, with options by which it needs the member."""

    module: str
    options: Mapping[str, Any]
    prepare: Callable[[InProcessHost], object] | None = None
    release: str = "SE"

    def __str__(self) -> str:
        return f"{self.module}({', '.join(self.options)})"


@dataclass(frozen=True)
class Row:
    """One shape of one member."""

    cmdlet: str
    member: str
    """Empty for the whole object."""
    shape: str
    put: Callable[[Output], Output] = field(compare=False)
    expected: str
    task: Task = field(compare=False)
    evidence: str = GUESS
    """What stands behind the shape that is believed to come."""
    named: str = ""
    """How the sentence names it, if not as the member or the cmdlet."""

    def __str__(self) -> str:
        return f"{self.cmdlet}.{self.member or '(object)'}: {self.shape} -> {self.task}"


def in_place(member: str, make: Callable[[Any], Any], of: str | None = None) -> Callable[[Output], Output]:
    """A shaper that makes another value of a member's own, in all objects or those of one name."""

    def shape(output: Output) -> Output:
        for shown in output:
            names = to_plain(shown, ["Name", member])
            if (of is None or names.get("Name") == of) and member in names:
                Put({member: make(names[member])})([shown])
        return output

    return shape


def recased(member: str, make: Callable[[str], str]) -> Callable[[Output], Output]:
    """A shaper that spells the name of a member in another case, or of all members."""

    def shape(output: Output) -> Output:
        for shown in output:
            for one in shown.iterfind("*/*[@N]"):
                if member in ("", one.get("N")):
                    one.set("N", make(one.get("N", "")))
        return output

    return shape


def _text(_output: Output) -> Output:
    return [element("text")]


OBJECTS: dict[str, Callable[[Output], Output]] = {
    "text": _text,
    "type name": lambda _: [element(TYPE_NAME)],
    "null": lambda _: [element(None)],
    "empty object": lambda _: [element({"$text": None, "$type": TYPE_NAME})],
    "object of its text": lambda _: [element(text_object("EX01"))],
    "list": lambda output: [element([*output, *output])],
}
NUMBERS: dict[str, Callable[[Output], Output]] = {
    "two": lambda output: [*output, *output],
    "none": lambda _: [],
    "text beside it": lambda output: [*output, element("WARNING")],
    "null beside it": lambda output: [*output, element(None)],
    "text before it": lambda output: [element("WARNING"), *output],
}


def _of_settings(
    cmdlet: str,
    settings: Iterable[Setting],
    tasks: Mapping[str, Task],
    evidence: str,
    of: str | None = None,
) -> Iterator[Row]:
    """Every member that a module reads, in every generic shape of its kind."""
    for setting in settings:
        task, kind, member = tasks[setting.option], setting.kind, setting.parameter

        def made(make: Make, read: Callable[[Any], Any] = kind.read) -> Callable[[Any], Any]:
            return lambda value: make(read(value))

        for expected, shapes in ((RIGHT, alike(kind)), (SENTENCE, unreadable(kind))):
            for shape, make in shapes.items():
                yield Row(cmdlet, member, shape, in_place(member, made(make), of), expected, task, evidence)
        for shape, case in (("name in lower case", str.lower), ("name in upper case", str.upper)):
            yield Row(cmdlet, member, shape, recased(member, case), RIGHT, task, evidence)
        yield Row(cmdlet, member, "absent", Put({member: ABSENT}, of), SENTENCE, task, evidence)


def _of_objects(cmdlet: str, task: Task, numbers: Mapping[str, str], evidence: str) -> Iterator[Row]:
    for shape, put in OBJECTS.items():
        yield Row(cmdlet, "", shape, put, SENTENCE, task, evidence)
    for shape, expected in numbers.items():
        yield Row(cmdlet, "", shape, NUMBERS[shape], expected, task, evidence)
    for shape, case in (("names in lower case", str.lower), ("names in upper case", str.upper)):
        yield Row(cmdlet, "", shape, recased("", case), RIGHT, task, evidence)


# --- settings of the protocols ---

_SETTINGS = {setting.option: setting for one in PROTOCOLS.values() for setting in one.settings}
WANTED: dict[str, Any] = {option: sample.wanted for option, sample in samples(_SETTINGS.values()).items()} | {
    "external_connection_settings": {"add": ["mail.contoso.test:995:SSL"]},
    "internal_connection_settings": {"add": ["mail.contoso.test:995:SSL"]},
    "log_file_location": "D:\\Logs",
    # The largest for POP3 is the smallest for IMAP4.
    "max_command_size": 1024,
    "owa_server_url": "https://mail.contoso.test/owa",
    "ssl_bindings": {"add": ["10.0.0.1:995"]},
    "unencrypted_or_tls_bindings": {"add": ["10.0.0.1:110"]},
    "x509_certificate_name": "mail.contoso.test",
}
_STORED = {"ExternalConnectionSettings": ["mail.contoso.test:993:SSL", "mail.contoso.test:143"]}
_STORED |= {"OwaServerUrl": "https://EX01.contoso.test/owa"}  # type: ignore[dict-item]


def _fill(host: InProcessHost) -> None:
    """Values where setup leaves none, so that shapes have something to say."""
    for protocol in PROTOCOLS.values():
        host.administer(f"Set-{protocol.noun}", LogPerFileSizeQuota="5MB", **_STORED)


def _protocol_rows() -> Iterator[Row]:
    everything = {"two": SENTENCE, "none": SENTENCE, "text beside it": SENTENCE, "null beside it": SENTENCE}
    for protocol in PROTOCOLS.values():
        cmdlet = f"Get-{protocol.noun}"
        tasks = {
            setting.option: Task(protocol.module, {setting.option: WANTED[setting.option]}, _fill)
            for setting in protocol.settings
        }
        yield from _of_settings(cmdlet, protocol.settings, tasks, GUESS)
        yield from _of_objects(cmdlet, tasks["banner"], everything, PAGE)


ROWS: tuple[Row, ...] = (*_protocol_rows(),)
