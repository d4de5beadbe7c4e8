# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be wrong with the services of POP3 and IMAP4 and with their server component."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.mailops.exchange.plugins.module_utils._objects.components import INACTIVE, UNKNOWN, Component
from ansible_collections.mailops.exchange.plugins.module_utils._objects.services import MISSING, RUNNING, Service
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import ERROR, NOTICE, WARNING, Fact, Rule

SERVICE_MISSING = Rule(
    "service-missing",
    (ERROR,),
    "The host has no service {service}.",
    "{protocol_title} cannot work without it.",
    "Repair the installation of Exchange.",
)

SERVICE_NOT_RUNNING = Rule(
    "service-not-running",
    (ERROR, NOTICE),
    "The service {service} is {status}.",
    "{protocol_title} needs all of its services: clients talk to the front end, which passes them to the back end.",
    "Set state to started with mailops.exchange.protocol_service, for {protocol_title}.",
    ("services",),
)

SERVICE_DISABLED = Rule(
    "service-disabled",
    (ERROR, NOTICE),
    "The service {service} is disabled.",
    "It cannot be started, not even by hand.",
    "Set start_mode to automatic with mailops.exchange.protocol_service, for {protocol_title}; in the role it is "
    "{protocol_key}_start_mode.",
    ("services",),
)

SERVICE_NOT_AUTOMATIC = Rule(
    "service-not-automatic",
    (WARNING, NOTICE),
    "The start mode of the service {service} is {start_mode}.",
    "{protocol_title} is off after the next restart of Windows.",
    SERVICE_DISABLED.fix,
    ("services",),
)

RESTART_OWED = Rule(
    "restart-owed",
    (WARNING, NOTICE),
    "{why_a_restart_is_owed}",
    "Services read their settings when they start; until then, clients get the old ones.",
    "Set state to restarted with mailops.exchange.protocol_service, for {protocol_title}.",
    ("restart",),
)

COMPONENT_INACTIVE = Rule(
    "component-inactive",
    (ERROR,),
    "{component_and_its_state}",
    "Exchange turns clients away and stops the front-end service of {protocol_title}; the server may be in "
    "maintenance.",
    "When that is over, make it Active with Set-ServerComponentState, as the requester that took it down, and start "
    "the service.",
)

COMPONENT_UNKNOWN = Rule(
    "component-unknown",
    (WARNING,),
    "It is not known whether the server component {component} is Active. {why}",
    "While it is not, as in maintenance, Exchange turns clients away and stops the front-end service of "
    "{protocol_title}. Without knowing this, the role does not start.",
    "Make sure that this user can run Get-ServerComponentState; View-Only Organization Management allows it. With "
    "{protocol_key}_ignore_unknown_component the role continues anyway.",
)


def services(protocol: Protocol, found: Sequence[Service]) -> Iterator[Fact]:
    # Exchange is installed with both protocols off, and off they may stay: only what is half on is wrong.
    wanted = any((s.status and s.has_process) or s.start_mode == "automatic" for s in found)
    for service in found:
        if service.status == MISSING:
            yield SERVICE_MISSING.fact(protocol=protocol, service=service.name)
            continue
        if service.status not in (RUNNING, ""):
            grave = ERROR if wanted else NOTICE
            yield SERVICE_NOT_RUNNING.fact(grave, protocol=protocol, service=service.name, status=service.status)
        if service.start_mode == "disabled":
            yield SERVICE_DISABLED.fact(ERROR if wanted else NOTICE, protocol=protocol, service=service.name)
        elif service.start_mode not in ("automatic", None):
            grave = WARNING if wanted else NOTICE
            yield SERVICE_NOT_AUTOMATIC.fact(
                grave, protocol=protocol, service=service.name, start_mode=service.start_mode
            )


def restart(protocol: Protocol, answer: str, reason: str) -> Iterator[Fact]:
    """Whether a restart is owed, as that has been judged."""
    if answer != "no":
        yield RESTART_OWED.fact(WARNING if answer == "yes" else NOTICE, protocol=protocol, why_a_restart_is_owed=reason)


def component(protocol: Protocol, found: Component) -> Iterator[Fact]:
    if found.state == INACTIVE:
        yield COMPONENT_INACTIVE.fact(protocol=protocol, component_and_its_state=found.reason)
    if found.state == UNKNOWN:
        yield COMPONENT_UNKNOWN.fact(protocol=protocol, component=found.name, why=found.reason)
