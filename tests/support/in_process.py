"""A host for unit tests: requests go to a simulated organisation in this process and come back through our reader.

What an answer looks like is the simulator's affair, held against captures and pages; between the two is CLIXML, as on
the wire, so that a shape can be put in its place. Only the wire itself is missing, and what goes wrong with it is told
in its place: answers that are lost, an endpoint that is down.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from module_runner import run_module
from psrpcore.types import PSByteArray, PSCredential, PSObject, PSSecureString, serialize

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    NUMBER,
    TEXT,
    TYPE,
    Reply,
    Request,
    read_binary,
    read_credential,
    read_secret,
)
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import (
    LineSerializer,
    read_error,
    to_plain,
)
from exchange_simulator.engine import Command, Endpoint, Result, Runspace
from exchange_simulator.forms import Form
from exchange_simulator.organisation import Organisation
from exchange_simulator.prepared import Prepared

USER = "administrator"
NAME = "EX01"
_KEYS = tempfile.TemporaryDirectory(prefix="organisation-")

Shaper = Callable[[list[Element]], list[Element]]


@cache
def organisation(release: str, beside: tuple[tuple[str, str], ...] = (), **options: Any) -> Organisation:
    """One organisation of a release for all tests of a process: keys are made once, and a reset is quick.

    `beside` are further servers and their releases, to which no connection leads.
    """
    return Organisation(
        servers=[(NAME, release), *beside],
        domain="contoso.test",
        directory=Path(tempfile.mkdtemp(dir=_KEYS.name)),
        first_address="127.0.0.1",
        port_offset=20000,
        **options,
    )


class InProcessHost:
    """One Exchange server as a module sees it, and what was asked of it."""

    form: Form = "full"
    """In which Exchange's endpoint sends its objects. Tests of modules run in both, see their conftest.py."""

    def __init__(self, release: str = "SE", **options: Any) -> None:
        """`options` are those of the organisation, such as the number of its mailboxes or domain controllers.

        A new host puts everything back that an earlier one of the same release and options has changed.
        """
        self.organisation = organisation(release, **options)
        self.organisation.reset()
        self.server = self.organisation.servers[NAME]
        self.memory: dict[str, Any] = {"host": self.server.fqdn.lower(), "inventory_hostname": NAME.lower()}
        self.asleep = 0.0
        self.told: list[str] = []
        self.slow = 0.0
        """So many seconds each cmdlet takes, during which what waits for it is called once a second."""
        self._ticks: list[Callable[[], None]] = []
        self.calls: list[Request] = []
        """The requests that got as far as the host, answered or not."""
        self.lost: list[tuple[str, bool]] = []
        """Once each: the answer of this cmdlet is lost, after it was done or before."""
        self.snapins: set[str] = set()
        """Loaded in a session on the server itself, which then takes the place of Exchange's endpoint."""
        self.transport = "psrp"
        self.down_for = 0
        """So many calls of the exchange endpoint find nobody."""
        self.shapes: dict[str, Shaper] = {}
        """By cmdlet, what becomes of the objects it puts out."""
        self.afterwards: dict[str, Callable[[], object]] = {}
        """By cmdlet, what happens as soon as it has run, once."""

    def run(self, module: str, options: Mapping[str, Any] | None = None, *, check: bool = False) -> dict[str, Any]:
        """The result of a module on this host."""
        clock = {"clock": self.clock, "pause": self.pause, "tell": self.told.append, "ticking": self.ticking}
        return run_module(module, dict(options or {}), self.invoke, check=check, **clock)

    def clock(self) -> float:
        return self.asleep

    @contextmanager
    def ticking(self, tick: Callable[[], None]) -> Iterator[None]:
        self._ticks.append(tick)
        yield
        self._ticks.remove(tick)

    def pause(self, seconds: float) -> None:
        self.asleep += seconds
        self.organisation.advance_clock(seconds)

    def fault(self, kind: str, **fields: Any) -> None:
        """Arm a fault of the simulator; the kind `none` takes back all of them."""
        self.organisation.faults.arm({"kind": kind, "server": NAME, **fields})

    def administer(self, cmdlet: str, *, endpoint: Endpoint = "exchange", **parameters: Any) -> None:
        """What somebody else does, whom no fault meets."""
        statement = [[Command(cmdlet, tuple(parameters.items()))]]
        done = self.organisation.run(NAME, endpoint, "another administrator", statement, logged=False)
        assert not done.errors, done.errors
        assert done.terminating is None, done.terminating

    def import_certificate(self, *names: str, services: Iterable[str] = (), **traits: Any) -> str:
        """The thumbprint of a new one, assigned to services even where Exchange would not do it."""
        certificate = self.server.import_certificate(names, **traits)
        self.server.certificates.enable(certificate, services)
        thumbprint: str = certificate.thumbprint
        return thumbprint

    @property
    def writes(self) -> list[str]:
        return [request.cmdlet for request in self.calls if request.write]

    def asked(self, cmdlet: str) -> list[Mapping[str, Any]]:
        """The parameters of each call of a cmdlet."""
        return [request.parameters for request in self.calls if request.cmdlet == cmdlet]

    @property
    def state(self) -> dict[str, Any]:
        """The services, settings, certificates and so on that the server now has."""
        state: dict[str, Any] = self.organisation.state()["servers"][NAME]
        return state

    def invoke(self, text: str) -> str:
        """A session's answer to one request."""
        request = Request.parse(text)
        self.memory.update(request.remember)
        reply = self._answer(request) if request.cmdlet else Reply()
        return replace(reply, memory={**self.memory, **self._way()}).to_json()

    def _way(self) -> dict[str, str]:
        return {"form": "live" if self.snapins else self.form, "transport": self.transport}

    def _answer(self, request: Request) -> Reply:
        if request.endpoint == "exchange" and self.down_for:
            self.down_for -= 1
            return Reply("unreachable", reason="Nobody answers on port 80.")
        cmdlet = request.cmdlet
        # A test of connectivity that only logs on is a reading one.
        assert cmdlet.startswith("Test-") or request.write is not cmdlet.startswith(("Get-", "Select-")), cmdlet
        self.calls.append(request)
        for _second in range(int(self.slow)):
            self.asleep += 1
            for tick in self._ticks:
                tick()
        fault = next((fault for fault in self.lost if fault[0] == cmdlet), None)
        if fault:
            self.lost.remove(fault)
        broken = Reply("unknown" if request.write else "unreachable", reason="The connection broke.")
        if fault and not fault[1]:
            return broken
        result = self._perform(request)
        if happen := self.afterwards.pop(cmdlet, None):
            happen()
        if fault:
            return broken
        output = [element(value) for value in result.output]
        if cmdlet in self.shapes:
            output = self.shapes[cmdlet](output)
        records = [*result.errors, *([result.terminating] if result.terminating else [])]
        return Reply(
            "failed" if result.terminating else "completed",
            output=[to_plain(one, request.members) for one in output],
            warnings=result.warnings,
            errors=[read_error(LineSerializer().deserialize(element(one)), cmdlet) for one in records],
        )

    def _perform(self, request: Request) -> Result:
        statement = [
            [
                Command(cmdlet, tuple((name, _typed(value)) for name, value in parameters.items()))
                for cmdlet, parameters in request.stages
            ]
        ]
        endpoint: Any = "windows" if self.snapins else request.endpoint
        runspace = Runspace(form=self.form, snapins=self.snapins)
        return self.organisation.run(NAME, endpoint, USER, statement, request.piped or (), runspace=runspace)


def _typed(value: Any) -> Any:
    """A parameter's value as the wire would hand it on."""
    if credential := read_credential(value):
        user, password = credential
        return PSCredential(user, PSSecureString(password))
    if (password := read_secret(value)) is not None:
        return PSSecureString(password)
    if data := read_binary(value):
        return PSByteArray(data)
    return value


def element(value: Any) -> Element:
    """A value in CLIXML: a mapping is an object with its `$type`, its `$text` and its members, as our reader has it."""
    if isinstance(value, Element):
        return value
    if isinstance(value, Prepared):
        return ElementTree.fromstring(value.clixml())
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list) and not isinstance(value, PSObject):
        shown = Element("Obj")
        ElementTree.SubElement(shown, "LST").extend(map(element, value))
        return shown
    # No secret is ever among them, hence no cipher.
    return ElementTree.fromstring(ElementTree.tostring(serialize(value, None)))  # type: ignore[arg-type]


def _object(value: Mapping[str, Any]) -> Element:
    shown = Element("Obj")
    types = [*([value[TYPE]] if TYPE in value else []), *(["System.Enum"] if NUMBER in value else [])]
    if types:
        names = ElementTree.SubElement(shown, "TN")
        for name in types:
            ElementTree.SubElement(names, "T").text = name
    if value.get(TEXT) is not None:
        ElementTree.SubElement(shown, "ToString").text = value[TEXT]
    if NUMBER in value:
        shown.append(element(value[NUMBER]))
    for name, member in value.items():
        if not name.startswith("$"):
            _put(shown, name, member)
    return shown


class _Nothing(Enum):
    """Told apart from None, which Exchange sends, and named alike in every worker's list of tests."""

    ABSENT = "absent"


ABSENT = _Nothing.ABSENT


@dataclass(frozen=True)
class Put:
    """A shaper that puts other values, or none, in the place of members: of all objects, or of those of one name."""

    members: Mapping[str, Any]
    of: str | None = None

    def __call__(self, output: list[Element]) -> list[Element]:
        for shown in output:
            if self.of is None or to_plain(shown, ["Name"]).get("Name") == self.of:
                _spell_out(shown)
                for name, value in self.members.items():
                    _put(shown, name, value)
        return output


def _spell_out(shown: Element) -> None:
    """Repeat what is only referred to, for the first mention may be the one that goes."""
    named = {(one.tag, one.get("RefId")): one for one in shown.iter() if one.tag in ("Obj", "TN")}
    tags = {"Ref": "Obj", "TNRef": "TN"}
    for parent in list(shown.iter()):
        for place, child in enumerate(parent):
            if child.tag in tags:
                parent[place] = deepcopy(named[tags[child.tag], child.get("RefId")])
                if child.get("N"):
                    parent[place].set("N", child.get("N", ""))


def _put(shown: Element, name: str, value: Any) -> None:
    groups = [child for child in shown if child.tag in ("Props", "MS")]
    for group in groups:
        for member in group.findall(f"*[@N='{name}']"):
            group.remove(member)
    if value is not ABSENT:
        member = deepcopy(element(value))
        member.set("N", name)
        (groups or [ElementTree.SubElement(shown, "Props")])[0].append(member)
