"""The simulator's own engine and a real PowerShell are asked the same, and answer alike message by message.

What they do not is in `exchange_simulator.catalogue.differences`, with its reason: nothing else may differ, and nothing
in it may have become equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from powershell_engine import ROOT, powershell
from questions import (
    IN_A_PROCESS,
    RIGHTS,
    SERVER,
    Question,
    named,
    of_cmdlets,
    of_names,
    of_rights,
    of_values,
)
from two_engines import Client, Difference, EndpointName, Pipeline, ShellClient, compared, is_done
from winrs_client import script

from exchange_simulator.catalogue.differences import FIGURES, KNOWN, Figures
from exchange_simulator.engines import OwnEngine, Place
from exchange_simulator.forms import Form
from exchange_simulator.organisation import Organisation
from exchange_simulator.real.build import Program
from exchange_simulator.real.engine import PowerShellEngine

# What is asked where: cmdlets of the endpoint, values and names of parameters, and cmdlets of the snap-in.
ASKED: dict[tuple[str, EndpointName, Form], tuple[str, ...]] = {
    ("SE", "exchange", "full"): ("cmdlets values names", "rights"),
    ("SE", "exchange", "plain"): ("cmdlets",),
    ("SE", "windows", "live"): ("cmdlets values names snapin",),
    ("2016", "exchange", "full"): ("cmdlets",),
    ("2013", "exchange", "full"): ("cmdlets",),
    ("2010", "exchange", "full"): ("cmdlets",),
    ("2010", "exchange", "plain"): ("cmdlets",),
    ("2010", "windows", "live"): ("cmdlets snapin",),
}


@dataclass(frozen=True)
class Row:
    """A question and how the two answers to it differ."""

    asked: str
    differences: tuple[Difference, ...]

    @cached_property
    def explained(self) -> list[tuple[Difference, int | None]]:
        """Each difference with its place in the table of those that are known."""
        places = range(len(KNOWN))
        return [(one, next((n for n in places if _explains(n, self, one)), None)) for one in self.differences]


def _explains(place: int, row: Row, difference: Difference) -> bool:
    known = KNOWN[place]
    return bool(re.search(known.asked, row.asked) and re.search(known.where, difference.path))


def _questions(organisation: Organisation, version: str, endpoint: EndpointName, what: str) -> list[Question]:
    own = {"exchange": "exchange", "windows": "windows"}[endpoint]
    found: list[Question] = []
    for one in what.split():
        if one == "values":
            found += of_values(version, endpoint)
        elif one == "names":
            found += of_names(endpoint)
        elif one == "rights":
            found += of_rights()
        else:
            wanted = own if one == "cmdlets" else "exchange"
            found += [question for question in of_cmdlets(organisation) if named(question).endpoint == wanted]
    return found


def _ask(program: Program, folder: Path, version: str, endpoint: EndpointName, form: Form, what: str) -> Iterator[Row]:
    organisation = _organisation(folder, version)
    for fault in RIGHTS if what == "rights" else ():
        organisation.faults.arm(fault)
    place = Place(organisation.servers[SERVER], endpoint, "administrator")
    engines = (OwnEngine(organisation), PowerShellEngine(organisation, program))
    clients = [Client(engine, place, form) for engine in engines]
    start = organisation.now
    try:
        if "snapin" in what:
            for client in clients:
                client.ask(Pipeline((("Add-PSSnapin", (("Name", "*"),)),)))
        for question in _questions(organisation, version, endpoint, what):
            answers = []
            for client in clients:
                organisation.now = start
                answer = client.ask(question.asked)
                if question.reading and is_done(answer):
                    answer += client.ask(question.reading)
                answers.append(answer)
                # That would take the faults back.
                if question.writes and what != "rights":
                    organisation.reset()
            yield Row(f"{version} {endpoint} {form}: {question.name}", tuple(compared(*answers)))
    finally:
        for client in clients:
            client.close()


def _ask_processes(program: Program, folder: Path) -> Iterator[Row]:
    organisation = _organisation(folder, "SE")
    place = Place(organisation.servers[SERVER], "windows", "administrator")
    clients = [
        ShellClient(engine, place) for engine in (OwnEngine(organisation), PowerShellEngine(organisation, program))
    ]
    start = organisation.now
    try:
        for command, piped in IN_A_PROCESS:
            answers = []
            for client in clients:
                organisation.now = start
                answers.append(client.ask(script(command, piped=piped)))
                organisation.reset()
            yield Row(f"SE process: {' '.join((*piped, command))}", tuple(compared(*answers)))
    finally:
        for client in clients:
            client.close()


def _organisation(folder: Path, version: str) -> Organisation:
    return Organisation(
        servers=[(SERVER, version)],
        domain="contoso.test",
        directory=folder,
        first_address="127.0.0.1",
        port_offset=0,
    )


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    program = Program(powershell(), ROOT / ".cache" / "engine")
    folder = tmp_path_factory.mktemp("organisation")
    found = [row for where, parts in ASKED.items() for what in parts for row in _ask(program, folder, *where, what)]
    return [*found, *_ask_processes(program, folder)]


def test_nothing_else_differs(rows: list[Row]) -> None:
    unknown = [
        f"{row.asked}\n    {one.path}: {one.own[:300] or 'nothing'} / {one.real[:300] or 'nothing'}"
        for row in rows
        for one, place in row.explained
        if place is None
    ]
    assert not unknown, "\n".join(unknown)


def test_what_is_known_to_differ_does(rows: list[Row]) -> None:
    met = {place for row in rows for _, place in row.explained}
    assert [known for place, known in enumerate(KNOWN) if place not in met] == []


def test_the_figures_are_those_of_the_page(rows: list[Row]) -> None:
    assert Figures(rows=len(rows), equal=sum(not row.differences for row in rows)) == FIGURES
