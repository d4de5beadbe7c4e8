# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to be done so that a server, or mailboxes, are again as a file of variables has them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure, first_of, quoted
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.adopted import FORMAT, assigned
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificate_assignment import (
    CertificateAssignment,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.receive_connector import ReceiveConnector
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import MAILBOX_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS, Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Row, argument_spec
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import SERVER_OPTIONS, parse

_STATES = {"running": "started", "stopped": "stopped"}
_START_MODES = ("automatic", "manual", "disabled")
# What is of a role's own in such a file, and said in other words there.
_OF_ROLES = {"manage_services", "mailboxes", "start_mode"}
_OF_CERTIFICATES = [row for row in CertificateAssignment.options if row.option in ("thumbprint", "name")]
_OF_CONNECTORS = [row for row in ReceiveConnector.options if row not in SERVER_OPTIONS]
_WRITTEN = "use a file that the playbook adopt has written"


class Foreign(ValueError):
    """Why a file cannot be taken, in words that go after its name."""


@dataclass(frozen=True)
class Part:
    """One task of going back."""

    name: str
    protocol: str
    module: str
    options: Mapping[str, Any]


def _marked(variables: Mapping[str, Any], name: str, evaluated: Collection[str]) -> Mapping[str, Any]:
    """The variable by which a file says what it is."""
    marker = variables.get(name)
    if not isinstance(marker, Mapping) or name in evaluated:
        raise Foreign(f"has no {name}, which identifies what the file is for; {_WRITTEN}")
    if (found := marker.get("format")) != FORMAT:
        raise Foreign(
            f"has format {quoted(found)}, and this version of the collection supports {FORMAT}; use the version "
            "that wrote it"
        )
    return marker


def _take(rows: Sequence[Row], given: Any, prefix: str, problems: list[str]) -> dict[str, Any]:
    """What tasks are given, as they would take it; what they would not is a problem."""
    if not isinstance(given, Mapping):
        problems.append(f"{prefix.rstrip('._')}: {quoted(given)} is not a dictionary of options.")
        return {}
    spec, taken = argument_spec(rows), {option: value for option, value in given.items() if value is not None}
    for option, value in [*taken.items()]:
        if option not in spec:
            problems.append(f"{prefix}{option}: this option does not exist.")
            del taken[option]
        elif ArgumentSpecValidator({option: spec[option]}).validate({option: value}).error_messages:
            problems.append(f"{prefix}{option}: {quoted(value)} is not of the type {spec[option]['type']}.")
            del taken[option]
    try:
        parse(rows, taken, prefix)
    except Failure as refused:
        problems.append(str(refused))
    return taken


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise Foreign(f"has values that no task accepts: {first_of(problems, ' ').removesuffix('.')}")


class AdoptedServer:
    """A server as a file has it."""

    def __init__(self, variables: Mapping[str, Any], evaluated: Collection[str] = ()) -> None:
        marker = _marked(variables, "adopted_server", evaluated)
        self.fqdn, self.version = str(marker.get("fqdn")), str(marker.get("version"))
        self.protocols = [protocol for key, protocol in PROTOCOLS.items() if key in marker]
        self._settings: dict[str, dict[str, Any]] = {}
        self._certificates: dict[str, dict[str, Any]] = {}
        self._connectors: dict[str, dict[str, Any]] = {}
        self._services: dict[str, list[Mapping[str, Any]]] = {}
        self._assigned: dict[str, list[str] | None] = {}
        self._beside: dict[str, list[str]] = {}
        if not self.protocols:
            raise Foreign(f"has neither {' nor '.join(PROTOCOLS)} in adopted_server; {_WRITTEN}")
        problems: list[str] = []
        for protocol in self.protocols:
            self._read(protocol, marker[protocol.key], variables, evaluated, problems)
        _refuse(problems)

    def _read(
        self,
        protocol: Protocol,
        told: Any,
        variables: Mapping[str, Any],
        evaluated: Collection[str],
        problems: list[str],
    ) -> None:
        key, prefix = protocol.key, f"{protocol.key}_"
        services, known = (told.get("services"), told.get("assigned")) if isinstance(told, Mapping) else (None, None)
        if not _are_services(services) or not (known is None or _are_texts(known)):
            raise Foreign(f"does not give the state of the {protocol.title} services in adopted_server; {_WRITTEN}")
        self._services[key], self._assigned[key] = services or [], known
        given = {name.removeprefix(prefix): value for name, value in variables.items() if name.startswith(prefix)}
        options = {setting.option for setting in protocol.settings}
        of_objects: dict[str, tuple[Sequence[Row], dict[str, dict[str, Any]]]] = {
            "certificate": (_OF_CERTIFICATES, self._certificates),
            "connector": (_OF_CONNECTORS, self._connectors),
        }
        self._beside[key] = sorted(prefix + option for option in given.keys() - options - of_objects.keys() - _OF_ROLES)
        for option in sorted(given.keys() & {*options, *of_objects}):
            if prefix + option in evaluated:
                problems.append(f"{prefix}{option}: it is a template or encrypted, which only a play can resolve.")
                del given[option]
        settings = {option: given[option] for option in sorted(options & given.keys())}
        self._settings[key] = _take(protocol.settings, settings, prefix, problems)
        for option, (rows, kept) in of_objects.items():
            if given.get(option) is not None:
                kept[key] = _take(rows, given[option], f"{prefix}{option}.", problems)

    def insist_on(self, look: Mapping[str, Any]) -> None:
        """Foreign if the file is of another server than the one that was looked at, or of another version."""
        here, product = look["fqdn"], f"{look['product']} ({look['version']})"
        if self.fqdn.casefold() != here.casefold():
            raise Foreign(f"is for {self.fqdn}, and the server of this host is {here}; use the file for that server")
        # Updates of a version keep the first two numbers, and so did Exchange Server SE, which replaces 2019 in place.
        if self.version.split(".")[:2] != look["version"].split(".")[:2]:
            raise Foreign(
                f"was written when {here} ran Exchange {self.version}, and it now runs {product}, which has other "
                "settings; restore it by hand, or write a new file"
            )

    def parts(self, look: Mapping[str, Any], chosen: Collection[str]) -> Iterator[Part]:
        """What has to be done, in its order, for the protocols that are chosen."""
        protocols, seen = [protocol for protocol in self.protocols if protocol.key in chosen], []
        for protocol in protocols:
            connector = self._connectors.get(protocol.key)
            if connector and connector not in seen:
                # As a rule both protocols have the same one.
                seen.append(connector)
                yield Part("connector", protocol.key, "receive_connector", connector)
        for protocol in protocols:
            key = protocol.key
            # First the name, by which the certificate is judged.
            if settings := self._settings[key]:
                yield Part("settings", key, protocol.module, settings)
            if certificate := self._certificates.get(key):
                yield Part("certificate", key, "exchange_certificate", {"services": [protocol.service], **certificate})
            services, _left = self._of_services(key, look)
            if services:
                yield Part("services", key, "protocol_service", {"protocol": key, **services})

    def ran(self, protocol: str) -> bool:
        """Whether the protocol was served."""
        return {service["status"] for service in self._services[protocol]} == {"running"}

    def _of_services(self, key: str, look: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The options that bring the services back, and what is left as it is."""
        then = [{part: one.get(part) for part in ("name", "status", "start_mode")} for one in self._services[key]]
        now = [{part: one[part] for part in ("name", "status", "start_mode")} for one in look[key]["services"]]
        if then == now or not then:
            return {}, []
        options, left = {}, []
        statuses, modes = {one["status"] for one in then}, {one["start_mode"] for one in then}
        if len(statuses) == 1 and (state := _STATES.get(str(*statuses))):
            options["state"] = state
        else:
            left.append("state")
        if (
            len(modes) == 1
            and modes <= {*_START_MODES}
            and not ("disabled" in modes and options.get("state") == "started")
        ):
            options["start_mode"] = str(*modes)
        else:
            left.append("start mode")
        return options, left

    def remarks(self, look: Mapping[str, Any], chosen: Collection[str]) -> Iterator[str]:
        """A sentence each on what cannot be brought back."""
        missing = [PROTOCOLS[key].title for key in PROTOCOLS if key in chosen and PROTOCOLS[key] not in self.protocols]
        if missing:
            yield f"The file has nothing about {' and '.join(missing)}, so nothing of that is restored."
        for protocol in self.protocols:
            key = protocol.key
            if key not in chosen:
                continue
            if left := self._of_services(key, look)[1]:
                told = "; ".join(
                    f"{one['name']} {one['status']}, start mode {one['start_mode']}" for one in self._services[key]
                )
                yield (
                    f"The {' and '.join(left)} of the {protocol.title} services cannot be restored, because no task "
                    f"sets them to what they were: {told}."
                )
            yield from self._since(protocol, look)
            if beside := self._beside[key]:
                yield f"{first_of(beside)}: this is for the roles only and is not restored."

    def _since(self, protocol: Protocol, look: Mapping[str, Any]) -> Iterator[str]:
        """On certificates that have been assigned since the file was written."""
        then, now = self._assigned[protocol.key], assigned(protocol, look)
        if then is None or now is None:
            when = "was not known when the file was written" if then is None else "is not known now"
            yield (
                f"Which certificates are assigned to {protocol.service} {when}, so a certificate that was assigned "
                "since then stays assigned and is not named."
            )
            return
        for thumbprint in now:
            if thumbprint not in then:
                yield (
                    f"The certificate {thumbprint} was assigned to {protocol.service} after the file was written, "
                    "and stays assigned: Exchange cannot remove an assignment."
                )


class AdoptedMailboxes:
    """What mailboxes may do, as a file has it."""

    def __init__(self, variables: Mapping[str, Any], evaluated: Collection[str] = ()) -> None:
        alike = _marked(variables, "adopted_mailboxes", evaluated).get("alike")
        problems: list[str] = []
        self._wanted: dict[str, Mapping[str, Any]] = {}
        self._labels: dict[str, str] = {}
        for group in alike if isinstance(alike, list) else [None]:
            told = group if isinstance(group, Mapping) else {}
            mailboxes = told.get("mailboxes")
            if not isinstance(mailboxes, Mapping) or not _are_texts([*mailboxes, *mailboxes.values()]):
                raise Foreign(f"does not list groups of mailboxes in adopted_mailboxes.alike; {_WRITTEN}")
            settings = _take(MAILBOX_SETTINGS, told.get("settings"), "adopted_mailboxes.alike.settings.", problems)
            for key, label in mailboxes.items():
                if self._wanted.setdefault(key.casefold(), settings) is not settings:
                    problems.append(f"adopted_mailboxes.alike: the mailbox {label} is in two groups.")
                self._labels[key.casefold()] = label
        _refuse(problems)

    @property
    def identities(self) -> list[str]:
        """All mailboxes that are in the file."""
        return [*self._wanted]

    @property
    def of_other_clients(self) -> bool:
        """Whether the file has what others than POP3 and IMAP4 may do."""
        return any(not option.startswith(_prefixes(PROTOCOLS)) for wanted in self._wanted.values() for option in wanted)

    def insist_on(self, info: Mapping[str, Any]) -> None:
        """Foreign if Exchange has none of the mailboxes."""
        if self._wanted and len(info["not_found"]) == len(self._wanted):
            raise Foreign("has no mailbox that exists here; use the file for this organization")

    def parts(self, info: Mapping[str, Any], chosen: Collection[str]) -> Iterator[Part]:
        """What has to be done with those that differ, together for those that need the same."""
        # Other clients belong to neither protocol, so they are left alone where only one is chosen.
        only_some = not set(PROTOCOLS) <= set(chosen)
        now = {key: group["settings"] for group in info["alike"] for key in group["mailboxes"]}
        gone = {name.casefold() for name in info["not_found"]}
        needed: defaultdict[str, list[str]] = defaultdict(list)
        settings: dict[str, dict[str, Any]] = {}
        for key, wanted in self._wanted.items():
            own = {
                option: value
                for option, value in wanted.items()
                if option.startswith(_prefixes(chosen)) or not (only_some or option.startswith(_prefixes(PROTOCOLS)))
            }
            has = now.get(key, {})
            if own and key not in gone and any(has.get(option) != value for option, value in own.items()):
                needed[repr(own)].append(key)
                settings[repr(own)] = own
        for alike, keys in needed.items():
            yield Part("mailboxes", "", "cas_mailbox", {"identities": keys, **settings[alike]})

    def remarks(self, info: Mapping[str, Any]) -> Iterator[str]:
        """A sentence each on what cannot be brought back."""
        why: defaultdict[str, list[str]] = defaultdict(list)
        for name, reason in info["not_found"].items():
            why[reason].append(self._labels.get(name.casefold(), name))
        for reason, labels in why.items():
            yield f"Not restored: {'each of ' if len(labels) > 1 else ''}{first_of(sorted(labels))} {reason}."


def _prefixes(protocols: Iterable[str]) -> tuple[str, ...]:
    """How options of mailboxes begin that are these protocols'."""
    return tuple(f"{PROTOCOLS[key].mailbox_prefix}_" for key in protocols)


def _are_services(found: Any) -> bool:
    return isinstance(found, list) and all(
        isinstance(one, Mapping)
        and _are_texts([one.get("name")])
        and all(isinstance(one.get(part), (str, type(None))) for part in ("status", "start_mode"))
        for one in found
    )


def _are_texts(found: Any) -> bool:
    return (
        isinstance(found, Iterable)
        and not isinstance(found, str)
        and all(isinstance(one, str) and re.search(r"\S", one) for one in found)
    )
