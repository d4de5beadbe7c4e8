"""Every way in which a line breaks: what the user reads, what happened on the server, and that the next run is well.

Each row is run over PowerShell remoting and over the WinRM shell, by a module over a real session.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from evidence import is_a_sentence, stored
from module_runner import run_module
from simulator_process import BASIC, NTLM, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Unreachable
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import psrp, winrs

WAYS = {"psrp": {}, "winrm": {"access": "local", "transport": "winrm"}}
BANNER = {"banner": "New."}
GET, SET = "Get-PopSettings", "Set-PopSettings"


@dataclass(frozen=True)
class Fault:
    """A row: what breaks at which cmdlet, and what the user reads of it; nothing, if the task goes on."""

    kind: str
    sentence: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([self.kind, *(str(value) for value in self.details.values())])


# What goes by: a read is repeated over a new session, a write only if reading back shows that it has not happened.
PASSING = [
    Fault("drop_before_command"),
    Fault("drop_after_command"),
    Fault("drop_while_receiving"),
    Fault("drop_after_answer"),
    Fault("http_status", details={"status": 503}),
    Fault("http_status", details={"status": 500}),
    Fault("http_status", details={"status": 401}),
    Fault("lose_shells_while_receiving"),
    Fault("truncated"),
    Fault("gzipped"),
    Fault("gzip_bomb"),
    Fault("malformed"),
    Fault("wrong_message_id"),
    Fault("entity_bomb"),
    Fault("deep_nesting"),
    Fault("huge"),
    Fault("silence", settings={"command_timeout": 2}),
]


class Host:
    """EX01 over one way, in the hands of a user who reads what he is told."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.url = session.settings.url("exchange" if session.settings.access == "remote" else "windows")

    def run(self, module: str, options: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            result = run_module(module, options or {}, self._session.invoke, pause=lambda _: None)
        except Unreachable as unreachable:
            result = {"unreachable": True, "msg": str(unreachable)}
        assert "msg" not in result or is_a_sentence(result["msg"]), result
        return result


Open = Callable[..., Host]


@pytest.fixture(scope="module")
def powershell_directory() -> dict[str, Any]:
    return BASIC | NTLM


@pytest.fixture(params=WAYS)
def host(request: pytest.FixtureRequest, open_session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch) -> Open:
    for module in (psrp, winrs):
        monkeypatch.setattr(module, "GRACE", 1)

    def open_one(**settings: Any) -> Host:
        one = Host(open_session(**WAYS[request.param] | {"connection_timeout": 2} | settings))
        # The session is open and knows its server, as in the middle of a play.
        assert one.run("pop_settings", {"banner": "Old."})["changed"] is True
        return one

    return open_one


def executed(organisation: SimulatorProcess, cmdlet: str) -> int:
    return sum(entry["cmdlet"] == cmdlet for entry in organisation.log())


@pytest.mark.parametrize("cmdlet", [GET, SET])
@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_what_goes_by(host: Open, organisation: SimulatorProcess, fault: Fault, cmdlet: str) -> None:
    one = host(**fault.settings)
    organisation.clear_log()
    organisation.fault("EX01", fault.kind, cmdlet=cmdlet, **fault.details)
    result = one.run("pop_settings", BANNER)
    assert result.get("msg") is None, result
    assert result["changed"] is True
    assert executed(organisation, SET) == 1, "the write arrived, and only once"
    assert one.run("pop_settings", BANNER)["changed"] is False
    assert stored(organisation)["Banner"] == "New."


def test_shells_lost_while_idle(host: Open, organisation: SimulatorProcess) -> None:
    one = host()
    organisation.fault("EX01", "lose_shells")
    assert one.run("pop_settings", BANNER)["changed"] is True
    assert one.run("pop_settings", BANNER)["changed"] is False


# What does not go by: the sentence, where the cmdlet is one that reads.
LASTING = [
    Fault("drop_before_command", "Cannot connect to {url} (Remote end closed connection without response): check"),
    Fault("http_status", "{url} answered HTTP 503 instead of WSMan: check that the service", {"status": 503}),
    Fault("http_status", "{url} answered HTTP 500 instead of WSMan: check that the service", {"status": 500}),
    Fault("http_status", "{url} refused user 'administrator' with basic authentication", {"status": 401}),
    Fault("drop_while_receiving", "Cannot connect to {url} (Remote end closed connection without response): check"),
    Fault("drop_after_answer", "Cannot connect to {url} (Remote end closed connection without response): check"),
    Fault("lose_shells_while_receiving", ""),
    Fault("truncated", "{url} answered with something that is not WSMan (IncompleteRead("),
    Fault("gzip_bomb", "{url} answered with something that is not WSMan (the reply is longer than 4 MB)"),
    Fault("malformed", "{url} answered with something that is not WSMan (not well-formed"),
    Fault("wrong_message_id", "{url} answered with something that is not WSMan ("),
    Fault("entity_bomb", "{url} answered with something that is not WSMan (the XML has a document type declaration"),
    Fault("deep_nesting", "{url} answered with something that is not WSMan (the XML has more than"),
    Fault("huge", "{url} answered with something that is not WSMan (the reply is longer than 4 MB)"),
    Fault("silence", "{url} did not answer in time: check that the host is up", settings={"command_timeout": 2}),
    Fault("other_certificate", "The certificate of {url} is not trusted ("),
]
BEFORE_THE_CMDLET = ("drop_before_command", "http_status", "other_certificate")


@pytest.mark.parametrize("cmdlet", [GET, SET])
@pytest.mark.parametrize("fault", LASTING, ids=str)
def test_what_lasts(host: Open, organisation: SimulatorProcess, fault: Fault, cmdlet: str) -> None:
    one = host(**fault.settings)
    organisation.clear_log()
    if fault.kind == "other_certificate":
        organisation.fault("EX01", fault.kind)
        organisation.fault("EX01", "idle_connections")
    else:
        organisation.fault("EX01", fault.kind, cmdlet=cmdlet, **fault.details, times=0)
    result = one.run("pop_settings", BANNER)
    if cmdlet == SET and fault.kind not in BEFORE_THE_CMDLET:
        assert (result.get("msg"), result["changed"]) == (None, True), "what was written was seen by reading it back"
        assert executed(organisation, SET) == 1
    else:
        assert fault.sentence.format(url=one.url) in result["msg"]
        assert executed(organisation, SET) == 0
    organisation.fault("EX01", "none")
    assert one.run("pop_settings", BANNER)["changed"] is ("msg" in result)
    assert one.run("pop_settings", BANNER)["changed"] is False
    assert stored(organisation)["Banner"] == "New."


@pytest.mark.parametrize("kind", ["drop_after_command", "drop_while_receiving", "lose_shells_while_receiving"])
def test_what_came_to_nothing_is_told_so(host: Open, organisation: SimulatorProcess, kind: str) -> None:
    """The answer is lost each time, and what is stored shows that nothing came of it."""
    one = host()
    organisation.fault("EX01", "write_does_not_stick", cmdlet=SET)
    organisation.fault("EX01", kind, cmdlet=SET, times=0)
    result = one.run("pop_settings", BANNER)
    sent = "Set-PopSettings was sent and its answer was lost"
    assert result["msg"].startswith(f"banner: 'New.' was sent, but EX01 has 'Old.' stored. {sent}; it had no effect: ")
    assert "may or may not" not in result["msg"]
    assert (result["failed"], result["changed"]) == (True, False)
    organisation.fault("EX01", "none")
    assert one.run("pop_settings", BANNER)["changed"] is True


@pytest.mark.parametrize(("kind", "details"), [("drop_before_command", {}), ("http_status", {"status": 503})])
def test_what_never_left_is_no_change(
    host: Open, organisation: SimulatorProcess, kind: str, details: dict[str, Any]
) -> None:
    one = host()
    organisation.fault("EX01", kind, cmdlet=SET, times=0, **details)
    result = one.run("pop_settings", BANNER)
    assert "may or may not" not in result["msg"]
    assert result.get("unreachable") or "had no effect" in result["msg"], result
    assert not result.get("changed")
    assert stored(organisation)["Banner"] == "Old."


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", ["drop_after_command", "truncated", "malformed", "wrong_message_id"])
def test_a_shell_whose_opening_was_answered_in_vain_is_closed(
    open_session: Callable[..., Session],
    organisation: SimulatorProcess,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    fault: str,
) -> None:
    for module in (psrp, winrs):
        monkeypatch.setattr(module, "GRACE", 1)
    organisation.fault("EX01", fault, action="Create")
    session = open_session(**WAYS[way], command_timeout=2)
    assert Host(session).run("pop_settings", BANNER)["changed"] is True
    session.close()
    state = organisation.state()["servers"]["EX01"]
    assert state["shells_open"] == {"exchange": 0, "windows": 0}
    assert sum(state["shells_opened"].values()) >= 1


@pytest.mark.parametrize("way", WAYS)
def test_a_shell_that_becomes_free_is_taken(
    open_session: Callable[..., Session], organisation: SimulatorProcess, way: str
) -> None:
    organisation.fault("EX01", "shell_limit", limit=0)
    session = open_session(**WAYS[way])
    session._pause = lambda _seconds: organisation.fault("EX01", "none")
    assert Host(session).run("pop_settings", BANNER)["changed"] is True


@pytest.mark.parametrize("counted", ["shell", "user"])
def test_a_quota_of_operations_is_met_with_a_new_shell(
    open_session: Callable[..., Session], organisation: SimulatorProcess, counted: str
) -> None:
    """The 15 of Windows Server 2008 R2: what has ended counts until it is closed, which is done seldom."""
    organisation.fault("EX01", "operation_limit", limit=15, counted=counted)
    one = Host(open_session())
    for number in range(12):
        assert one.run("pop_settings", {"banner": f"Number {number}."})["changed"] is True
    assert executed(organisation, SET) == 12
    cmdlets = len([entry for entry in organisation.log() if entry["endpoint"] == "exchange"])
    opened = organisation.state()["servers"]["EX01"]["shells_opened"]["exchange"]
    assert (cmdlets > 30, opened) == (True, -(-cmdlets // 15))


def test_a_long_play_stays_far_below_the_operations_of_a_shell(
    open_session: Callable[..., Session], organisation: SimulatorProcess
) -> None:
    """Of the 1,000 that pypsrp's issue 148 met: beyond them a new shell would have to be opened."""
    organisation.fault("EX01", "operation_limit", limit=60)
    session = open_session()
    asked = Request("windows", "Get-CimInstance", {"ClassName": "Win32_ComputerSystem"})
    for _ in range(70):
        assert Reply.parse(session.invoke(asked.to_json())).state == "completed"
    assert organisation.state()["servers"]["EX01"]["shells_opened"]["windows"] == 1


def test_operations_of_another_session_are_waited_for(
    open_session: Callable[..., Session], organisation: SimulatorProcess
) -> None:
    other, session = open_session(), open_session()
    assert Host(other).run("pop_settings", {"banner": "Old."})["changed"] is True
    organisation.fault("EX01", "operation_limit", limit=3, counted="user")
    session._pause = lambda _seconds: other.close()
    assert Host(session).run("client_access_info", {"protocols": []})["server"] == "EX01"


@pytest.mark.parametrize("way", WAYS)
def test_a_quota_of_operations_that_others_use_up(
    open_session: Callable[..., Session], organisation: SimulatorProcess, way: str
) -> None:
    organisation.fault("EX01", "operation_limit", limit=0, counted="user")
    session = open_session(**WAYS[way], shell_wait=0)
    one = Host(session)
    assert one.run("pop_settings", BANNER)["msg"] == (
        f"User 'administrator' already has as many operations under way on {session.settings.host} as the server "
        f"allows (fault 2150859174 at {one.url}): stop what else runs there as this user, or raise the limit "
        "MaxConcurrentOperationsPerUser of its WinRM service."
    )
    organisation.fault("EX01", "none")
    assert one.run("pop_settings", BANNER)["changed"] is True


@pytest.mark.parametrize(
    ("query", "option"),
    [
        ("serializationLevel=Full", "ansible_exchange_serialization: plain"),
        ("serializationLevel=Full;clientApplication=Ansible", "ansible_exchange_path"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("refusal", [{"status": 400}, {"status": 404}, {"status": 500}, {}], ids=str)
def test_a_query_that_the_server_does_not_take(
    open_session: Callable[..., Session],
    organisation: SimulatorProcess,
    refusal: dict[str, int],
    query: str,
    option: str,
) -> None:
    organisation.fault("EX01", "query_refused", **refusal)
    settings = open_session().settings
    path = f"PowerShell/?{query}".rstrip("?")
    session = Session(replace(settings, exchange=replace(settings.exchange, path=path)))
    one = Host(session)
    result = one.run("pop_settings", BANNER)
    if query:
        assert one.url in result["msg"]
        assert result["msg"].endswith(f"; if it does not accept the query, leave it out with {option}.")
        organisation.fault("EX01", "none")
        result = one.run("pop_settings", BANNER)
    assert result["changed"] is True
    session.close()
    assert organisation.state()["servers"]["EX01"]["shells_open"] == {"exchange": 0, "windows": 0}


def test_iis_restarted_by_somebody_else(open_session: Callable[..., Session], organisation: SimulatorProcess) -> None:
    session = open_session()
    one = Host(session)
    assert one.run("pop_settings", {"banner": "Old."})["changed"] is True
    stop, start = {"Name": "W3SVC", "Force": True}, {"Name": "W3SVC"}
    assert organisation.run("EX01", "Stop-Service", stop, endpoint="windows")["errors"] == []
    session._pause = lambda _seconds: organisation.run("EX01", "Start-Service", start, endpoint="windows")  # type: ignore[assignment,return-value]
    assert one.run("pop_settings", BANNER)["changed"] is True
    assert executed(organisation, SET) == 2


def test_iis_that_stays_down(host: Open, organisation: SimulatorProcess) -> None:
    one = host()
    organisation.run("EX01", "Stop-Service", {"Name": "W3SVC", "Force": True}, endpoint="windows")
    result = one.run("pop_settings", BANNER)
    if "wsman" in one.url:
        assert result["changed"] is True, "the Windows endpoint does not live in IIS"
    else:
        assert result["msg"] == (
            f"{one.url} answered HTTP 503 instead of WSMan: check that the service behind it is running (asked again "
            "for 2 seconds)."
        )


@pytest.mark.parametrize("setting", ["Banner", "MaxConnections"])
def test_another_administrator_between_read_and_write(host: Open, organisation: SimulatorProcess, setting: str) -> None:
    one = host()
    theirs = {"Server": "EX01", setting: {"Banner": "Theirs.", "MaxConnections": 99}[setting]}
    organisation.fault("EX01", "change_after_read", cmdlet=GET, run={"cmdlet": SET, "parameters": theirs})
    result = one.run("pop_settings", BANNER)
    assert (result.get("msg"), result["changed"]) == (None, True)
    assert stored(organisation)["Banner"] == "New."
    assert stored(organisation)["MaxConnections"] == (99 if setting == "MaxConnections" else 2147483647)
    assert result["settings"]["max_connections"] == stored(organisation)["MaxConnections"]
    assert one.run("pop_settings", BANNER)["changed"] is False


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("action", ["Command", "Send"])
def test_an_encrypted_answer_that_cannot_be_opened_is_no_refusal(
    open_session: Callable[..., Session], organisation: SimulatorProcess, way: str, action: str
) -> None:
    """The server had taken the write: it is read back, never sent again unseen."""
    credssp = {"scheme": "http", "auth": "credssp"} if way == "winrm" else {"scheme": "http", "auth": "ntlm"}
    one = Host(open_session(**WAYS[way], **credssp, user="CONTOSO\\administrator"))
    assert one.run("pop_settings", {"banner": "Old."})["changed"] is True
    organisation.clear_log()
    organisation.fault("EX01", "malformed", cmdlet=SET, action=action)
    result = one.run("pop_settings", BANNER)
    assert (result.get("msg"), result["changed"]) == (None, True)
    assert executed(organisation, SET) == 1
