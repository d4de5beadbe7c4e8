# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a rulebook may give: every option with its default, and what is refused with which sentence."""

from __future__ import annotations

import dataclasses
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Long enough for any address, and no room for a line of a protocol.
_WORD = re.compile(r"[^\s\x00-\x1f\x7f]+")
_LINE = re.compile(r"[^\x00-\x1f\x7f]+")


class Refused(Exception):
    """What was given contradicts itself, or cannot be."""


@dataclass(frozen=True)
class Option:
    """An option as a rulebook gives it."""

    name: str
    kind: str = "str"
    default: Any = None
    choices: tuple[str, ...] = ()
    least: int = 0
    of_account: bool = True
    """Whether each account may have it, or only the whole source."""


OPTIONS = (
    Option("accounts", "accounts", of_account=False),
    Option("interval", "int", 30, least=5, of_account=False),
    Option("jitter", "int", 10, of_account=False),
    Option("state_dir", of_account=False),
    Option("test", "bool", False, of_account=False),
    Option("feedback", "bool", False, of_account=False),
    Option("feedback_timeout", "int", 120, least=1, of_account=False),
    Option("name"),
    Option("protocol", default="pop3", choices=("pop3", "imap4")),
    Option("host"),
    Option("port", "int", least=1),
    Option("encryption", default="implicit_tls", choices=("implicit_tls", "starttls")),
    Option("ca_cert"),
    Option("connect_to"),
    Option("timeout", "int", 60, least=1),
    Option("user"),
    Option("password"),
    Option("address"),
    Option("folder", default="INBOX"),
    Option("idle", "bool", True),
    Option("allowed_senders", "list", ()),
    Option("message_ids", "list", ()),
    Option("message_ids_file"),
    Option("subject_tag"),
    Option("plus_addressing", "bool", False),
    Option("trusted_authserv_id"),
    Option("max_size", "int", 35, least=1),
    Option("after", default="keep", choices=("keep", "delete", "move")),
    Option("move_to"),
    Option("max_failures", "int", 25, least=1),
    Option("longest_pause", "int", 240, least=1),
    Option("max_unrelated", "int", 10, least=1),
    Option("unrelated_pause", "int", 5, least=1),
    Option("enable"),
)
_BY_NAME = {option.name: option for option in OPTIONS}
_PORTS = {
    ("pop3", "implicit_tls"): 995,
    ("pop3", "starttls"): 110,
    ("imap4", "implicit_tls"): 993,
    ("imap4", "starttls"): 143,
}
# What ansible-rulebook itself adds.
_OF_RULEBOOK = frozenset({"eda_feedback_queue"})


@dataclass(frozen=True)
class Account:
    """One mailbox, and the manners towards it. Times are in seconds here, and sizes in bytes."""

    name: str
    protocol: str
    host: str
    port: int
    encryption: str
    ca_cert: str | None
    connect_to: str | None
    timeout: int
    user: str
    password: str = dataclasses.field(repr=False)
    address: str
    folder: str
    idle: bool
    allowed_senders: tuple[str, ...]
    message_ids: tuple[str, ...]
    message_ids_file: str | None
    subject_tag: str | None
    plus_addressing: bool
    trusted_authserv_id: str | None
    max_size: int
    after: str
    move_to: str | None
    max_failures: int
    longest_pause: float
    max_unrelated: int
    unrelated_pause: float
    enable: str | None

    @property
    def mailbox(self) -> tuple[str, str, str]:
        """What makes it one mailbox, however it is reached."""
        return self.host.casefold(), self.user.casefold(), self.folder if self.protocol == "imap4" else "INBOX"


@dataclass(frozen=True)
class Options:
    """All that a source was given."""

    accounts: tuple[Account, ...]
    interval: float
    jitter: float
    state_dir: Path
    test: bool
    feedback: bool
    feedback_timeout: float


def read(args: Mapping[str, Any], home: Path) -> Options:
    """The options as they count; the state is below ``home`` unless ``state_dir`` is given."""
    given = {name: value for name, value in args.items() if name not in _OF_RULEBOOK}
    values = _values(given, "")
    listed = values["accounts"]
    for number, one in enumerate(listed or ()):
        if wrong := sorted(str(name) for name in one if name in _BY_NAME and not _BY_NAME[name].of_account):
            raise Refused(
                f"accounts[{number}]: {', '.join(wrong)} belongs to the whole source; set it beside accounts."
            )
    if listed is None:
        listed = [{}]
    accounts = tuple(
        _account({**given, **one}, f"accounts[{number}]: " if values["accounts"] else "")
        for number, one in enumerate(listed)
    )
    _once([account.name for account in accounts], "name")
    _once([account.mailbox for account in accounts], "mailbox")
    if values["jitter"] > 50:
        raise Refused(f"jitter: {values['jitter']} is more than 50 percent of the interval.")
    state_dir = Path(values["state_dir"]).expanduser() if values["state_dir"] else home
    if not state_dir.is_absolute():
        raise Refused(f"state_dir: {str(state_dir)!r} is not absolute; use an absolute path.")
    return Options(
        accounts=accounts,
        interval=values["interval"] * 60.0,
        jitter=values["jitter"] / 100,
        state_dir=state_dir,
        test=values["test"],
        feedback=values["feedback"],
        feedback_timeout=float(values["feedback_timeout"]),
    )


def _once(values: Sequence[object], what: str) -> None:
    if twice := next((value for value in values if values.count(value) > 1), None):
        raise Refused(f"accounts: the {what} {twice!r} is given twice; each account needs its own.")


def _values(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    unknown = sorted(str(name) for name in given if name not in _BY_NAME)
    if unknown:
        raise Refused(f"{where}{', '.join(unknown)}: this option does not exist; use {', '.join(_BY_NAME)}.")
    return {option.name: _value(option, given.get(option.name), where) for option in OPTIONS}


def _value(option: Option, value: Any, where: str) -> Any:
    where += option.name
    # A variable that is not set comes as an empty text.
    if value is None or value == "":
        return option.default
    match option.kind:
        case "bool":
            words = {"true": True, "yes": True, "false": False, "no": False}
            found = value if isinstance(value, bool) else words.get(str(value).lower())
            if found is None:
                raise Refused(f"{where}: {value!r} is neither true nor false.")
            return found
        case "int":
            if isinstance(value, bool) or not re.fullmatch(r"\d{1,9}", str(value)):
                raise Refused(f"{where}: {value!r} is not a whole number.")
            if int(value) < option.least:
                raise Refused(f"{where}: {value} is less than the minimum, {option.least}.")
            return int(value)
        case "list":
            items = value if isinstance(value, list | tuple) else [value]
            return tuple(_text(str(item), where) for item in items)
        case "accounts":
            if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
                raise Refused(f"{where}: use a list with at least one account.")
            return value
    text = _text(str(value), where) if option.name != "password" else str(value)
    if option.choices and text not in option.choices:
        raise Refused(f"{where}: {text!r} is not valid; use {' or '.join(option.choices)}.")
    return text


def _text(text: str, where: str) -> str:
    if not _LINE.fullmatch(text):
        raise Refused(f"{where}: it contains a control character or a line break.")
    return text


def _account(given: Mapping[str, Any], where: str) -> Account:
    own = [name for name in ("accounts",) if where and name in given]
    values = _values({name: value for name, value in given.items() if name not in own}, where)
    for name in ("host", "user", "password"):
        if not values[name]:
            raise Refused(f"{where}{name} is required.")
    if re.search(r"[\x00\r\n]", values["password"]):
        raise Refused(f"{where}password: it contains a line break; check how it is stored.")
    protocol, encryption = values["protocol"], values["encryption"]
    port = values["port"] = values["port"] or _PORTS[protocol, encryption]
    for (of, by), usual in _PORTS.items():
        if port == usual and (of, by) != (protocol, encryption):
            ours = _PORTS[protocol, encryption]
            raise Refused(
                f"{where}port: {port} is for {of} with encryption: {by}; {protocol} with encryption: {encryption} "
                f"usually uses port {ours}."
            )
    values["address"] = values["address"] or values["user"]
    if values["plus_addressing"] and "@" not in values["address"]:
        raise Refused(
            f"{where}plus_addressing needs an address in the option address, and {values['address']!r} is not one."
        )
    values["name"] = values["name"] or values["address"]
    senders = values["allowed_senders"] = tuple(sender.casefold() for sender in values["allowed_senders"])
    if not senders:
        raise Refused(f"{where}allowed_senders is required; use addresses, @domains, or '*' for everybody.")
    if wrong := next((one for one in senders if one != "*" and not re.fullmatch(r"[^\s@]*@[^\s@]+", one)), None):
        raise Refused(f"{where}allowed_senders: {wrong!r} is neither an address nor a domain like @contoso.com.")
    if not (values["message_ids"] or values["message_ids_file"] or values["subject_tag"] or values["plus_addressing"]):
        raise Refused(
            f"{where}nothing identifies replies; set message_ids, message_ids_file, subject_tag, or plus_addressing."
        )
    if values["subject_tag"] and not re.fullmatch(r"[\w.-]+", values["subject_tag"]):
        raise Refused(f"{where}subject_tag: use letters, digits, dots, and dashes, as in 'task' for [task:17].")
    if values["after"] == "move" and protocol == "pop3":
        raise Refused(f"{where}after: POP3 has only one folder, so nothing can be moved; use keep or delete.")
    if (values["after"] == "move") != bool(values["move_to"]):
        raise Refused(f"{where}after: move and move_to can only be used together.")
    if values["after"] == "move" and values["move_to"] == values["folder"]:
        raise Refused(f"{where}move_to: {values['folder']!r} is the folder that is read.")
    if not all(re.fullmatch(r"[ -~]+", values[name] or "-") for name in ("folder", "move_to")):
        raise Refused(f"{where}folder, move_to: write non-ASCII names as the server lists them (&AOQ- for \u00e4).")
    if values["ca_cert"]:
        _certificates(values["ca_cert"], where)
    values["max_size"] <<= 20
    for name in ("longest_pause", "unrelated_pause"):
        values[name] *= 60.0
    return Account(**{field.name: values[field.name] for field in dataclasses.fields(Account)})


def _certificates(path: str, where: str) -> None:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise Refused(f"{where}ca_cert: {path} contains no readable certificate ({error}).") from error
