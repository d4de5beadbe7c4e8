"""Every shape that the simulator puts out says what it stands on, and each guess has its row in the table of shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import pytest
from in_process import InProcessHost
from psrpcore.types import PSByteArray
from renewal import pfx

from exchange_simulator.catalogue.cmdlets import BY_NAME, CMDLETS
from exchange_simulator.catalogue.evidence import EVIDENCE, StandsOn
from exchange_simulator.catalogue.kinds import RELEASES, Cmdlet
from exchange_simulator.engine import Command, Runspace
from exchange_simulator.organisation import Organisation
from exchange_simulator.prepared import built

Members = dict[str, set[str]]

_CLASSES = ("Win32_Service", "Win32_Process", "Win32_ComputerSystem")
_NO_CMDLETS = {"Forms", "Errors", "Sessions", "POP3", "IMAP4", "Logs"}
# Relied on without a row. The first three are shown by a session on the server itself alone, where other tests are.
_UNTRIED = {
    ("Get-ExchangeCertificate", "HasPrivateKey"),
    ("Get-ExchangeCertificate", "Services"),
    ("Get-ExchangeCertificate", "Status"),
    ("Get-Process", ""),
}


def _calls(cmdlet: Cmdlet, server: str) -> list[dict[str, Any]]:
    """Parameters with which a cmdlet puts something out."""
    found: dict[str, list[dict[str, Any]]] = {
        "Get-ServerComponentState": [{"Identity": server}],
        "New-ReceiveConnector": [
            {"Name": "Appliances", "Custom": True, "Bindings": "0.0.0.0:2587", "RemoteIPRanges": "10.0.0.1"}
        ],
        "New-ThrottlingPolicy": [{"Name": f"Policy of {server}"}],
        "Import-ExchangeCertificate": [{"FileData": PSByteArray(pfx("mail.contoso.test"))}],
        "Get-CASMailbox": [{}, {"ProtocolSettings": True}],
        "Get-CimInstance": [{"ClassName": name} for name in _CLASSES],
        "Get-WmiObject": [{"Class": name} for name in _CLASSES],
        "Get-PSSnapin": [{"Registered": True}],
        "Add-PSSnapin": [{"Name": "*", "PassThru": True}],
    }
    if cmdlet.name.endswith("-Service") and not cmdlet.name.startswith("Get-"):
        return [{"Name": "MSExchangePop3", "PassThru": True}]
    return found.get(cmdlet.name, [{}])


def _put_out(organisation: Organisation, server: str, cmdlet: Cmdlet) -> Iterator[Any]:
    """Each object, at the cmdlet's own endpoint and in a session on the server that has the snap-in."""
    snapins = set(organisation.servers[server].release.snapins)
    for endpoint, runspace in ((cmdlet.endpoint, Runspace()), ("windows", Runspace(snapins=snapins, delegates=True))):
        for parameters in _calls(cmdlet, server):
            command = Command(cmdlet.name, tuple(parameters.items()))
            done = organisation.run(server, endpoint, "contract", [[command]], runspace=runspace)  # type: ignore[arg-type]
            yield from map(built, done.output)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Members:
    """By cmdlet, the members of all that it puts out, on every release."""
    organisation = Organisation(
        servers=[(f"EX-{release}", release) for release in RELEASES],
        domain="contoso.test",
        directory=tmp_path_factory.mktemp("pki"),
        first_address="127.0.0.1",
        port_offset=0,
    )
    for server in organisation.servers.values():
        service = server.services.get("MSExchangePop3")
        assert service is not None
        server.services.start(service)
    found: Members = {}
    for cmdlet in CMDLETS:
        for release in cmdlet.releases:
            for output in _put_out(organisation, f"EX-{release}", cmdlet):
                parts = (output.PSObject.adapted_properties, output.PSObject.extended_properties)
                found.setdefault(cmdlet.name, set()).update(one.name for part in parts for one in part)
    return found


def test_every_cmdlet_that_answers_was_asked(shown: Members) -> None:
    silent = {"Set-PopSettings", "Set-ImapSettings", "Set-ServerComponentState", "Enable-ExchangeCertificate"}
    silent |= {"Remove-ExchangeCertificate", "Set-ReceiveConnector", "Set-ThrottlingPolicy", "Set-CASMailbox"}
    assert shown.keys() == {cmdlet.name for cmdlet in CMDLETS} - silent


def test_every_shape_stands_on_something(shown: Members) -> None:
    told = {(fact.cmdlet, fact.member) for fact in EVIDENCE}
    wanted = {(cmdlet, member) for cmdlet, members in shown.items() for member in ("", *members)}
    assert wanted - told == set()


def test_no_fact_is_of_a_shape_that_there_is_not(shown: Members) -> None:
    told = {(fact.cmdlet, fact.member) for fact in EVIDENCE if fact.member}
    assert told - {(cmdlet, member) for cmdlet, members in shown.items() for member in members} == set()
    named = {fact.cmdlet for fact in EVIDENCE} - _NO_CMDLETS
    assert {name.casefold() for name in named} == BY_NAME.keys()


def test_facts_are_well_formed() -> None:
    assert len(set(EVIDENCE)) == len(EVIDENCE)
    assert {fact.stands_on for fact in EVIDENCE} == set(get_args(StandsOn))
    for fact in EVIDENCE:
        assert fact.source, fact
        assert fact.says.endswith("."), fact


@pytest.fixture(scope="module")
def rows() -> Sequence[Any]:
    """The table of shapes, which only this part of the tests needs."""
    from shape_table import ROWS

    return ROWS


@pytest.fixture(scope="module")
def asked(rows: Sequence[Any]) -> Members:
    """By cmdlet, the members that modules ask for when they do the tasks of the table."""
    found: Members = {}
    for task in {str(row.task): row.task for row in rows}.values():
        host = InProcessHost(task.release)
        if task.prepare is not None:
            task.prepare(host)
        host.run(task.module, task.options)
        for request in host.calls:
            if not request.write:
                found.setdefault(request.cmdlet, set()).update(request.members or ())
    return found


def test_a_guess_that_is_relied_on_has_its_row(rows: Sequence[Any], asked: Members) -> None:
    """A member that nobody asks for may come in any shape; the table tries what the others do to a module."""
    guesses = {(fact.cmdlet, fact.member) for fact in EVIDENCE if fact.stands_on == "guess"}
    relied_on = {(cmdlet, member) for cmdlet, members in asked.items() for member in ("", *members)}
    tried = {(row.cmdlet, row.member) for row in rows}
    # Where the code is the same for both protocols, the table has the rows of one.
    missing = {one for one in guesses & relied_on if one not in tried and _twin(*one) not in tried}
    assert missing <= _UNTRIED


def _twin(cmdlet: str, member: str) -> tuple[str, str]:
    """The same of POP3."""
    return cmdlet.replace("Imap", "Pop"), member.replace("Imap", "Pop").replace("IMAP", "POP")


def test_the_captures_are_there(captures: Path) -> None:
    named = {name for fact in EVIDENCE if fact.stands_on == "capture" for name in fact.source.split(", ")}
    assert [name for name in sorted(named) if not (captures / name).is_file()] == []
