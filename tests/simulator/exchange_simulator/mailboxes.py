"""The mailboxes of the simulated organisation: who they are, what POP3 and IMAP4 may do with them, and their mail.

There may be a hundred thousand of them, so a mailbox holds little of its own: what it shares with all others is worked
out when it is asked for, and settings that nobody changed are kept once.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .catalogue.mailboxes import DEFAULTS
from .directory import DirectoryObject, View

if TYPE_CHECKING:
    from .organisation import Organisation

# The number of a mailbox is the last part of its GUID, so that no index by GUID is needed.
_GUIDS = uuid.UUID("5f1a3d60-7c2e-4b8a-9d41-000000000000").int
_NUMBERS = range(1 << 48)
# Windows numbers the accounts of a domain from here on; the built-in administrator has a number of his own everywhere.
_FIRST_RID = 1103
_ADMINISTRATOR_RID = 500
GROUP = "Exchange Administrative Group (FYDIBOHF23SPDLT)"
USERS = "Users"
MONITORING = "Monitoring Mailboxes"
_MONITORING_PARENT = "Microsoft Exchange System Objects"


@dataclass(slots=True)
class Message:
    """One message in an inbox. Its number never changes and is never used again."""

    uid: int
    content: bytes
    arrived: datetime.datetime
    seen: bool = False


class Inbox:
    """The messages of one mailbox, oldest first."""

    __slots__ = ("_last", "messages")

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._last = 0

    def deliver(self, content: bytes, arrived: datetime.datetime) -> Message:
        self._last += 1
        self.messages.append(Message(self._last, content, arrived))
        return self.messages[-1]

    def delete(self, uids: Iterable[int]) -> None:
        gone = set(uids)
        self.messages = [message for message in self.messages if message.uid not in gone]


class Mailbox:
    """A user mailbox, or one that Exchange probes itself with."""

    __slots__ = ("_inbox", "_settings", "account", "alias", "domain", "name", "number", "owner", "unit")

    def __init__(
        self, owner: Mailboxes, number: int, name: str, alias: str, account: str, unit: str, domain: str
    ) -> None:
        self.owner = owner
        self.number = number
        self.name = name
        self.alias = alias
        self.account = account
        self.unit = unit
        self.domain = domain
        self._settings: DirectoryObject | None = None
        self._inbox: Inbox | None = None

    @property
    def is_monitoring(self) -> bool:
        return self.unit == MONITORING

    @property
    def is_administrator(self) -> bool:
        """Whether it is that of the account that Windows made with the domain, whatever it is called."""
        return self.number in self.owner.administrators

    @property
    def sid(self) -> str:
        rid = _ADMINISTRATOR_RID if self.is_administrator else _FIRST_RID + self.number
        return f"{domain_sid(self.domain)}-{rid}"

    @property
    def guid(self) -> uuid.UUID:
        return uuid.UUID(int=_GUIDS | self.number)

    @property
    def address(self) -> str:
        return f"{self.alias}@{self.owner.domain}"

    @property
    def principal_name(self) -> str:
        return f"{self.account}@{self.domain}"

    @property
    def distinguished_name(self) -> str:
        name = self.name.replace(",", "\\,")
        parents = f"CN={self.unit},CN={_MONITORING_PARENT}" if self.is_monitoring else f"{self._unit_type}={self.unit}"
        root = ",".join(f"DC={label}" for label in self.domain.split("."))
        return f"CN={name},{parents},{root}"

    @property
    def canonical_name(self) -> str:
        parents = f"{_MONITORING_PARENT}/{self.unit}" if self.is_monitoring else self.unit
        return f"{self.domain}/{parents}/{self.name}"

    @property
    def legacy_name(self) -> str:
        return f"/o=First Organization/ou={GROUP}/cn=Recipients/cn={self.guid.hex}-{self.alias}"

    @property
    def _unit_type(self) -> str:
        return "CN" if self.unit == USERS else "OU"

    def is_called(self, wanted: str) -> bool:
        """Whether a text in lower case is one of the forms in which the mailbox can be named."""
        # Most are asked for by the first ones, and tens of thousands of them.
        return wanted in (self.alias.casefold(), self.address.casefold(), self.name.casefold()) or wanted in {
            form.casefold()
            for form in (
                self.account,
                self.principal_name,
                self.distinguished_name,
                self.canonical_name,
                self.legacy_name,
                str(self.guid),
                f"{self.domain.partition('.')[0]}\\{self.account}",
                f"{self.domain}\\{self.account}",
            )
        }

    def read(self, controller: str, now: datetime.datetime) -> View:
        """The settings one domain controller holds."""
        if self._settings is None:
            return View(DEFAULTS, self.owner.created)
        return self._settings.read(controller, now)

    def write(self, changes: dict[str, Any], controller: str, now: datetime.datetime) -> None:
        if self._settings is None:
            self._settings = DirectoryObject(DEFAULTS, self.owner.created, self.owner.replication_delay)
        self._settings.write(changes, controller, now)

    def allows(self, protocol: str) -> bool:
        """Whether POP3 or IMAP4 opens it. A mailbox is served as soon as the change is anywhere (inferred)."""
        settings = DEFAULTS if self._settings is None else self._settings.latest()
        return bool(settings["PopEnabled" if protocol == "pop3" else "ImapEnabled"])

    @property
    def inbox(self) -> Inbox:
        if self._inbox is None:
            self._inbox = Inbox()
        return self._inbox

    def reset(self) -> None:
        self._settings = self._inbox = None


def domain_sid(domain: str) -> str:
    """The same for the same domain on every run."""
    number = uuid.uuid5(uuid.NAMESPACE_DNS, domain).int
    return "-".join(["S-1-5-21", *(str(number >> shift & 0xFFFFFFFF) for shift in (64, 32, 0))])


def _keys(mailbox: Mailbox) -> set[str]:
    return {mailbox.name.casefold(), mailbox.alias.casefold(), mailbox.account.casefold()}


class Mailboxes:
    """All mailboxes by name, alias and account."""

    def __init__(self, organisation: Organisation) -> None:
        self.domain = organisation.domain
        self.administrators: set[int] = set()
        self.created = organisation.now - datetime.timedelta(days=90)
        self.replication_delay = organisation.replication_delay
        self._all: list[Mailbox] = []
        self._index: dict[str, Mailbox | list[Mailbox]] = {}
        self._initial: tuple[int, frozenset[int]] = 0, frozenset()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Mailbox]:
        return iter(self._all)

    def add(
        self,
        name: str,
        alias: str,
        *,
        account: str | None = None,
        unit: str = USERS,
        domain: str | None = None,
        is_administrator: bool = False,
    ) -> Mailbox:
        """A new mailbox whose account is called like its alias; a name that is taken goes into another unit."""
        if unit == USERS and any(one.name == name for one in self._named(name.casefold())):
            unit = f"Branch {len(self._all)}"
        mailbox = Mailbox(self, len(self._all), name, alias, account or alias, unit, domain or self.domain)
        self._all.append(mailbox)
        if is_administrator:
            self.administrators.add(mailbox.number)
        for key in _keys(mailbox):
            known = self._index.get(key)
            if known is None:
                self._index[key] = mailbox
            else:
                self._index[key] = [*(known if isinstance(known, list) else [known]), mailbox]
        return mailbox

    def generate(self, count: int) -> None:
        """So many users more."""
        for number in range(1, count + 1):
            self.add(f"User {number:06}", f"user{number:06}")

    def find(self, identity: str) -> list[Mailbox]:
        """The mailboxes that an identity means; several where a name is used more than once."""
        wanted = identity.strip().casefold()
        return [mailbox for mailbox in self._candidates(wanted) if mailbox.is_called(wanted)]

    def by_account(self, user: str) -> Mailbox | None:
        """The mailbox of who logs on as user, DOMAIN\\user or user@domain."""
        name = user.rpartition("\\")[2].partition("@")[0].casefold()
        return next((one for one in self._named(name) if one.account.casefold() == name), None)

    def by_address(self, address: str) -> Mailbox | None:
        return next((one for one in self.find(address) if one.address.casefold() == address.casefold()), None)

    def keep(self) -> None:
        """What there is now outlasts a reset."""
        self._initial = len(self._all), frozenset(self.administrators)

    def reset(self) -> None:
        """Back to the mailboxes that were kept, as they were when they were new."""
        count, administrators = self._initial
        for mailbox in self._all[count:]:
            for key in _keys(mailbox):
                named = [one for one in self._named(key) if one is not mailbox]
                self._index.pop(key)
                if named:
                    self._index[key] = named
        del self._all[count:]
        self.administrators = set(administrators)
        for mailbox in self._all:
            mailbox.reset()

    def _candidates(self, wanted: str) -> list[Mailbox]:
        try:
            number = uuid.UUID(wanted).int ^ _GUIDS
        except ValueError:
            pass
        else:
            return [self._all[number]] if number in _NUMBERS and number < len(self._all) else []
        parts = {wanted, wanted.partition("@")[0], wanted.rpartition("\\")[2], wanted.rpartition("/")[2]}
        parts.add(wanted.rpartition("/cn=")[2].partition("-")[2])
        if wanted.startswith("cn="):
            # A comma inside the name is escaped.
            parts.add(wanted.removeprefix("cn=").replace("\\,", "\0").partition(",")[0].replace("\0", ","))
        found = {mailbox.number: mailbox for part in parts for mailbox in self._named(part)}
        return [found[number] for number in sorted(found)]

    def _named(self, key: str) -> list[Mailbox]:
        known = self._index.get(key)
        return known if isinstance(known, list) else [known] if known else []
