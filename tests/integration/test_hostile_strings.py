"""Hostile strings through every string option of every module: they arrive as they are, or nothing of them is sent.

The options are those of the modules' own argument specifications, the witness is the simulator's log.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn
from unittest import mock

import pytest
from evidence import POP, is_a_sentence
from hostile import HOSTILE, NO_TEXT
from module_runner import MODULES, run_module
from runner import PASSWORD, Controller, inventory
from simulator_process import BASIC, NTLM, SimulatorProcess

from ansible_collections.mailops.exchange.plugins import modules
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import stray
from ansible_collections.mailops.exchange.plugins.module_utils._work import life
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

WAYS: dict[str, dict[str, Any]] = {"psrp": {}, "winrm": {"access": "local", "transport": "winrm"}}
# These ask nothing of the host, or ask by another module; test_hostile_mail.py has mail_probe.
ELSEWHERE = {
    "client_access_look",
    "client_access_restore",
    "client_access_verification",
    "controller_file",
    "fleet_look",
    "fleet_report",
    "fleet_usage",
    "handout",
    "mail_probe",
}
NAMES = sorted({one.name for one in pkgutil.iter_modules(modules.__path__)} - ELSEWHERE)

POLICY = "Mail programs"
# What a task says beside the option that is looked at. Of several, the first counts that an innocent string goes with.
TASKS: dict[str, list[dict[str, Any]]] = {
    "cas_mailbox": [
        {"identities": ["reader@contoso.test"], "pop_enabled": False},
        {"pop_enabled": False},
    ],
    "cas_mailbox_info": [{}, {"identities": ["reader@contoso.test"]}],
    "client_access_info": [{"protocols": ["pop3"], "gather": []}],
    "connectivity_test": [
        {"protocol": "pop3"},
        {"protocol": "pop3", "user": "reader@contoso.test", "password": PASSWORD, "trust_any_certificate": True},
    ],
    "exchange_certificate": [{"name": "mail.contoso.test", "services": ["POP"]}],
    "iis": [{"state": "restarted", "timeout": 5}],
    "imap_settings": [{"max_connections": 5000}],
    "pop_settings": [{"max_connections": 5000}],
    "protocol_log_info": [{"protocols": ["pop3"]}],
    "protocol_service": [{"protocol": "pop3", "start_mode": "automatic"}],
    "receive_connector": [{"advertise_client_settings": True}],
    "throttling_policy": [{"name": POLICY, "pop_max_concurrency": 7}],
}
INNOCENT = "innocent"
# The second is a host name as well.
TAKEN = ("$(Stop-Service W3SVC)", "_x000A__X000a__x005F_")
ALL_IN_ONE = "".join(string for string in HOSTILE if len(string) < 100 and stray(string) is None)
# What options ask a string to look like before they look into it.
SHAPES = (
    "{}",
    "D:\\{}",
    "\\\\{}\\Logs\\{}",
    "https://mail.contoso.test/{}",
    "https://{}/owa",
    "<I>CN={}<S>CN={}",
    "Name -eq '{}'",
    "{}:995:SSL",
    "0.0.0.0:{}",
)


PLACES: list[Callable[[str], Any]] = [
    lambda text: text,
    lambda text: [text],
    lambda text: {"set": [text]},
    lambda text: {"add": [text]},
    lambda text: {"remove": [text]},
    lambda text: {text: []},
]


class _Described(BaseException):
    """The options of a module are known."""


class _Sent(BaseException):
    """Something is about to be sent."""


@cache
def options_of(module: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def note(argument_spec: dict[str, Any], **_: Any) -> NoReturn:
        found.update(argument_spec)
        raise _Described

    program = importlib.import_module(MODULES + module)
    with mock.patch.object(life, "AnsibleModule", note), pytest.raises(_Described):
        program.main()
    return found


def places(option: dict[str, Any]) -> list[Callable[[str], Any]]:
    """Everything that can be written for an option with one string in it."""
    kinds = {"raw": PLACES, "list": PLACES[:2]}
    return kinds.get(option["type"], PLACES[:1])


def before_sending(request: str) -> str:
    if Request.parse(request).cmdlet:
        raise _Sent
    return Reply().to_json()


def goes_through(module: str, options: dict[str, Any]) -> bool:
    """Whether a task comes as far as sending something; if not it says why, in one sentence."""
    try:
        result = run_module(module, options, before_sending)
    except _Sent:
        return True
    assert result.get("failed"), result
    # ansible-core has sentences of its own about types and choices, without a full stop, that repeat a value as it is.
    assert is_a_sentence(f"{' '.join(result['msg'].split()).rstrip('.')}."), result["msg"]
    return False


def texts(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {text for key, item in value.items() for text in {key} | texts(item)}
    if isinstance(value, list):
        return {text for item in value for text in texts(item)}
    return {value} if isinstance(value, str) else set()


class Host:
    """EX01 over one way, and what arrives there."""

    def __init__(self, session: Session, organisation: SimulatorProcess) -> None:
        self._session = session
        self._organisation = organisation
        self.reset()

    def reset(self) -> None:
        self._organisation.reset()
        self._organisation.run("EX01", "New-ThrottlingPolicy", {"Name": POLICY})

    def run(self, module: str, options: dict[str, Any]) -> tuple[dict[str, Any], set[str], set[str]]:
        """The result of a task, and the cmdlets and strings that it sent."""
        self._organisation.clear_log()
        # As in the first task of a play: the server is not known yet.
        self._session.invoke(Request(remember={"server": None}).to_json())
        result = run_module(module, options, self._session.invoke, pause=lambda _: None)
        log = self._organisation.log()
        return result, {entry["cmdlet"] for entry in log}, {text for one in log for text in texts(one["parameters"])}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> dict[str, Any]:
    settings: dict[str, Any] = WAYS[request.param]
    return settings


@pytest.fixture
def host(organisation: SimulatorProcess, open_session: Callable[..., Session], way: dict[str, Any]) -> Host:
    return Host(open_session(**way), organisation)


@dataclass(frozen=True)
class WayIn:
    """One place of an option where strings are taken, and what has to stand around it for that."""

    option: str
    place: Callable[[str], Any]
    task: dict[str, Any]
    shape: str

    def with_string(self, string: str) -> dict[str, Any]:
        return {**self.task, self.option: self.place(self.shape.replace("{}", string))}

    def own(self, string: str) -> set[str]:
        """What may be sent of a string: no option keeps blanks around it, and a list may be written with commas."""
        kept = {string, string.strip(), string.lstrip(), string.rstrip()}
        shaped = {self.shape.replace("{}", one) for one in kept}
        return shaped | {text.strip() for one in shaped for text in (one, *one.split(","))}


def strings_for(module: str, way: WayIn) -> tuple[str, ...]:
    """One after the other; all in one where another module, or another place, has the same option too."""
    first = next(name for name in NAMES if way.option in options_of(name))
    alone = first == module and way.place is PLACES[0]
    return (*HOSTILE, *NO_TEXT) if alone else (ALL_IN_ONE, *TAKEN, NO_TEXT[0])


@cache
def ways_in(module: str) -> list[WayIn]:
    """Every place that lets strings through, in the first shape that does; for others, that none gets through."""
    found = []
    for name, option in options_of(module).items():
        for place in places(option):
            tries = [WayIn(name, place, task, shape) for task in TASKS[module] for shape in SHAPES]
            taken = (one for string in TAKEN for one in tries if goes_through(module, one.with_string(string)))
            found += [one for one in [next(taken, None)] if one]
    return found


@pytest.mark.parametrize("module", NAMES)
def test_every_string_option(host: Host, module: str) -> None:
    for way in ways_in(module):
        # What another way in has left stored could be removed, and nothing of its own would be sent.
        host.reset()
        known = host.run(module, way.task)[2] | host.run(module, way.with_string(INNOCENT))[2]
        for string in strings_for(module, way):
            options = way.with_string(string)
            if not goes_through(module, options):
                continue
            result, cmdlets, sent = host.run(module, options)
            told = f"{way.option}: {way.shape!r} with {string[:100]!r}: {result.get('msg')}, {sent - known!r}"[:2000]
            assert "failed" not in result or is_a_sentence(result["msg"]), told
            own = way.own(string)
            assert sent - known <= own, told
            if "failed" in result and not sent & own:
                assert {cmdlet for cmdlet in cmdlets if not cmdlet.startswith("Get-")} <= {"Add-PSSnapin"}, told
                # It was the module that refused it, or the line: a password never becomes PowerShell text. What a real
                # PowerShell binds to no parameter never comes to the cmdlet.
                by_the_line = ("MailboxCredential", " does not accept the value of the parameter ")
                by_the_module = result["msg"].startswith(f"{way.option}: ")
                assert by_the_module or any(words in result["msg"] for words in by_the_line), told
            if "failed" not in result:
                # What is stored already is not written again, and what is not there is not removed.
                assert sent & own or not result["changed"] or not string.strip(), told
                # Entries of lists come as an object's ToString, which psrpcore, under the simulator, does not escape.
                shown = result.get("settings", {}).get(way.option)
                assert not isinstance(shown, str) or shown in {"", *own}, told


@pytest.mark.parametrize("module", NAMES)
def test_no_other_place_lets_strings_through(module: str) -> None:
    taken = {(way.option, way.place) for way in ways_in(module)}
    for name, option in options_of(module).items():
        for place in places(option):
            if (name, place) not in taken:
                for string in (*HOSTILE, *NO_TEXT):
                    if string.strip():
                        assert not goes_through(module, {**TASKS[module][0], name: place(string)}), (name, string)


BACK = tuple(string for string in HOSTILE if string and not re.search("[\ufffe\uffff]", string))


def test_what_another_administrator_stored_comes_back(host: Host, organisation: SimulatorProcess) -> None:
    for string in BACK:
        answer = organisation.run("EX01", "Set-PopSettings", {"Server": "EX01", "Banner": string})
        assert not answer["errors"], answer
        result, _cmdlets, _sent = host.run("client_access_info", {"protocols": ["pop3"], "gather": []})
        assert result["pop3"]["settings"]["banner"] == string


@pytest.mark.parametrize("sign", ["\ufffe", "\uffff"])
def test_what_xml_cannot_hold_is_replaced_over_the_winrm_shell(
    open_session: Callable[..., Session], organisation: SimulatorProcess, sign: str
) -> None:
    """PowerShell writes no CLIXML of it there; over psrp it does, and the reader replaces it."""
    organisation.run("EX01", "Set-PopSettings", {"Server": "EX01", "Banner": f"a{sign}b"})
    session = open_session(access="local", transport="winrm")
    done = run_module("client_access_info", {"protocols": ["pop3"], "gather": []}, session.invoke)
    assert done["pop3"]["settings"]["banner"] == "a\ufffdb", done


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """Passwords are in no log, so all hostile strings in one are the password of everybody here."""
    folder = tmp_path_factory.mktemp("organisation")
    with SimulatorProcess({"EX01": "SE"}, password=ALL_IN_ONE, directory=folder, **BASIC, **NTLM) as organisation:
        yield organisation


class TestPasswords:
    """Those of a log-on and of a mailbox are right to the last character."""

    @pytest.fixture
    def organisation(self, locked: SimulatorProcess) -> SimulatorProcess:
        locked.reset()
        return locked

    def test_passwords(self, organisation: SimulatorProcess, open_session: Callable[..., Session]) -> None:
        organisation.run("EX01", "Start-Service", {"Name": list(POP)}, endpoint="windows")
        session = open_session(auth="ntlm", password=ALL_IN_ONE)
        task = {"protocol": "pop3", "user": "reader@contoso.test", "trust_any_certificate": True}
        done = run_module("connectivity_test", {**task, "password": ALL_IN_ONE}, session.invoke)
        assert (done["result"], done["error"]) == ("Success", "")
        other = run_module("connectivity_test", {**task, "password": ALL_IN_ONE + " "}, session.invoke)
        assert other["result"] == "Failure"


PLAY = [
    {
        "hosts": "ex01",
        "gather_facts": False,
        "tasks": [
            {
                "name": "banner",
                "mailops.exchange.pop_settings": {"banner": "{{ item }}"},
                "loop": "{{ lookup('file', strings) | from_json }}",
                "ignore_errors": True,
            }
        ],
    }
]


def test_through_a_playbook(controller: Controller, organisation: SimulatorProcess, way: dict[str, Any]) -> None:
    # Halves of surrogate pairs ansible-core itself refuses.
    strings = [string for string in (*HOSTILE, *NO_TEXT) if string and not re.search("[\ud800-\udfff]", string)]
    file = controller.write("strings.json", strings)
    variables = {f"ansible_exchange_{name}": value for name, value in way.items()}
    done = controller.run(PLAY, inventory(organisation.description, strings=str(file), **variables))
    assert done.returncode == 0, done.output
    results = done.task("banner", "ex01")["result"]["results"]
    assert len(results) == len(strings)
    written = []
    for string, result in zip(strings, results, strict=True):
        if stray(string):
            # ansible-core 2.21 leaves the word out for an item whose error is ignored.
            assert result.get("failed") or "exception" in result
            # From Python 3.13 on Ansible's own note to syslog ends at a NUL before the module has seen it.
            assert result["msg"].startswith(("banner: ", *(["Failed to log to syslog"] if "\0" in string else [])))
        else:
            written.append(string)
            assert result["settings"]["banner"] == string
    sent = [entry["parameters"]["Banner"] for entry in organisation.log() if entry["cmdlet"] == "Set-PopSettings"]
    assert sent == written
