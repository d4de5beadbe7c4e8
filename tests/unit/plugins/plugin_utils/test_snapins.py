"""Exchange's cmdlets in an ordinary session: which snap-in is loaded, and what is said where that cannot be known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from in_process import element
from test_options import DEFAULTS

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.options import to_settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import to_plain

EMS = "Microsoft.Exchange.Management.PowerShell.SnapIn"
TYPE = "System.Management.Automation.PSSnapInInfo"


@dataclass
class Windows:
    """A shell of the windows endpoint with these snap-ins registered."""

    snapins: list[Any]
    asked: list[Request] = field(default_factory=list)
    usable = True

    def run(self, request: Request, seconds: float) -> Reply:
        self.asked.append(request)
        shown = map(element, self.snapins) if request.cmdlet == "Get-PSSnapin" else ()
        return Reply(output=[to_plain(one, request.members) for one in shown])

    def close(self) -> None:
        pass


class Local(Session):
    """A session that finds one shell, whatever it asks for."""

    def __init__(self, shell: Windows) -> None:
        super().__init__(to_settings(DEFAULTS | {"access": "local"}))
        self.shell = shell

    def _shell(self, place: str) -> Any:
        return self.shell


def answered(snapins: list[Any]) -> tuple[Reply, list[Any]]:
    """What Get-ExchangeServer leads to, and the snap-ins that were added before."""
    shell = Windows(snapins)
    reply = Reply.parse(Local(shell).invoke(Request("exchange", "Get-ExchangeServer").to_json()))
    return reply, [request.parameters["Name"] for request in shell.asked if request.cmdlet == "Add-PSSnapin"]


@pytest.mark.parametrize(
    "shown",
    [
        EMS,
        EMS.upper(),
        {"$text": EMS},
        {"$type": TYPE, "Name": EMS},
        {"$text": TYPE, "Name": {"$text": EMS}},
        {"$text": EMS, "Name": None},
        {"$type": TYPE, "NAME": EMS},
    ],
)
def test_a_snap_in_is_known_by_its_name_or_its_text(shown: Any) -> None:
    reply, added = answered([{"$type": TYPE}, shown])
    assert (reply.state, added) == ("completed", [EMS])


def test_without_any_exchange_is_not_there() -> None:
    for snapins in ([], [{"$text": "x", "Name": "Microsoft.Exchange.Management.PowerShell.Support"}]):
        reply, added = answered(snapins)
        assert (reply.state, added) == ("unreachable", [])
        assert "has no Exchange management snap-in" in str(reply.reason)


@pytest.mark.parametrize(
    ("shown", "came"),
    [
        ({"$type": TYPE}, f"an object of the type {TYPE} without text"),
        ({"$text": None, "Name": None}, "an object without text with the members Name"),
        ({"$text": EMS, "Name": {"$type": "X"}}, "an object of the type X without text"),
        (None, "an object without text"),
        (7, "an object, '7'"),
    ],
)
def test_a_snap_in_without_a_name_is_not_taken_for_none(shown: Any, came: str) -> None:
    reply, added = answered([shown])
    assert (reply.state, added) == ("unreachable", [])
    assert reply.reason == (
        f"Get-PSSnapin shows Name of a snap-in of ex01.contoso.test as {came}, which cannot be read, so it is not "
        "known whether Exchange's is there; please report that."
    )
