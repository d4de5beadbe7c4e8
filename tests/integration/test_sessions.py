"""What becomes of sessions: shared, healed, never used for somebody else, always closed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from evidence import stored
from module_runner import run_module
from runner import PASSWORD, Controller, inventory, wait_until
from simulator_process import BASIC, NTLM, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session
from ansible_collections.mailops.exchange.plugins.plugin_utils.session_process import PlaybookEnded
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import GRACE

BANNER = {"mailops.exchange.pop_settings": {"banner": "Session banner."}, "name": "banner"}
INFO = {"mailops.exchange.client_access_info": {}, "name": "info"}
NOTHING_OPEN = {"exchange": 0, "windows": 0}


@pytest.fixture(scope="module")
def powershell_directory() -> dict[str, Any]:
    return BASIC | NTLM


def play(*tasks: dict[str, Any], hosts: str = "ex01", **keywords: Any) -> list[dict[str, Any]]:
    return [{"hosts": hosts, "gather_facts": False, "tasks": list(tasks), **keywords}]


def shells(organisation: SimulatorProcess, server: str = "EX01") -> tuple[dict[str, int], dict[str, int]]:
    state = organisation.state()["servers"][server]
    return state["shells_opened"], state["shells_open"]


def test_ten_tasks_share_one_shell(controller: Controller, organisation: SimulatorProcess) -> None:
    done = controller.run(
        play(*[INFO | {"name": f"info {number}"} for number in range(10)]), inventory(organisation.description)
    )
    assert done.returncode == 0, done.output
    assert shells(organisation) == ({"exchange": 1, "windows": 1}, NOTHING_OPEN)


def test_shells_are_closed_when_a_task_fails(controller: Controller, organisation: SimulatorProcess) -> None:
    failing = {"mailops.exchange.pop_settings": {"login_type": "Secure"}, "name": "wrong"}
    done = controller.run(play(INFO, failing), inventory(organisation.description))
    assert done.task("wrong", "ex01")["status"] == "failed"
    assert shells(organisation)[1] == NOTHING_OPEN
    controller.wait_for_the_end()


def test_shells_are_closed_after_ctrl_c(controller: Controller, organisation: SimulatorProcess) -> None:
    organisation.fault("EX01", "slow", cmdlet="Get-PopSettings", seconds=600)
    command = controller.command(play(INFO), inventory(organisation.description))
    process = subprocess.Popen(
        command,
        env=controller.environment(),
        cwd=controller.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: any(entry["cmdlet"] == "Get-PopSettings" for entry in organisation.log()))
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=60)
        wait_until(lambda: shells(organisation)[1] == NOTHING_OPEN, 90)
        controller.wait_for_the_end()
    finally:
        organisation.fault("EX01", "none")
        if process.poll() is None:
            process.kill()


def test_shells_are_closed_where_nothing_outlives_the_playbook(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    """In a container the playbook may be the first process, with which the kernel ends all others."""
    alone = ["unshare", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespace of processes can be made here")
    command = controller.command(play(INFO), inventory(organisation.description))
    subprocess.run(
        [*alone, *command], env=controller.environment(), cwd=controller.folder, check=True, stdin=subprocess.DEVNULL
    )
    assert shells(organisation) == ({"exchange": 1, "windows": 1}, NOTHING_OPEN)


@pytest.mark.parametrize("moment", ["while a shell is opened", "in a cmdlet", "between tasks"])
def test_nothing_is_left_of_a_playbook_that_is_killed(
    controller: Controller, organisation: SimulatorProcess, moment: str
) -> None:
    begun = controller.folder / "begun"
    waiting = {
        "ansible.builtin.shell": f"touch '{begun}'; while [ -e '{begun}' ]; do sleep 0.1; done",
        "delegate_to": "localhost",
        "connection": "local",
    }
    if moment == "while a shell is opened":
        organisation.fault("EX01", "silence", endpoint="exchange", action="Receive")
    elif moment == "in a cmdlet":
        organisation.fault("EX01", "slow", cmdlet="Get-PopSettings", seconds=600)

    def is_there() -> bool:
        asked = any(entry["cmdlet"] == "Get-PopSettings" for entry in organisation.log())
        return begun.exists() or bool(organisation.injected()) or (asked and moment == "in a cmdlet")

    process = subprocess.Popen(
        controller.command(play(INFO, waiting), inventory(organisation.description)),
        env=controller.environment(),
        cwd=controller.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(is_there)
        assert shells(organisation)[1]["exchange"] == 1
        # Nobody asks after it before the end of the test: so it is there, as a zombie, until then.
        process.kill()
        controller.wait_for_the_end()
        assert shells(organisation)[1] == NOTHING_OPEN
        # The worker that was at it goes on by itself, and would start another.
        begun.unlink(missing_ok=True)
        wait_until(lambda: not controller.processes)
        assert not controller.sockets
        assert shells(organisation)[1] == NOTHING_OPEN
    finally:
        begun.unlink(missing_ok=True)
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("way", "action"),
    [
        ({}, "Create"),
        ({}, "Receive"),
        ({"access": "local", "transport": "winrm"}, "Create"),
        ({"access": "local", "transport": "winrm"}, "Command"),
    ],
    ids=["psrp-Create", "psrp-Receive", "winrm-Create", "winrm-Command"],
)
def test_a_shell_whose_opening_is_interrupted_is_closed(
    open_session: Callable[..., Session],
    organisation: SimulatorProcess,
    monkeypatch: pytest.MonkeyPatch,
    way: dict[str, str],
    action: str,
) -> None:
    """The end of the playbook comes when the server has done its part."""
    session = open_session(**way)
    send = requests.Session.send

    def interrupt(requests_: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        answer = send(requests_, request, **options)
        if f"/{action}</" in str(request.body):
            monkeypatch.undo()
            assert sum(shells(organisation)[1].values()) == 1
            raise PlaybookEnded
        return answer

    monkeypatch.setattr(requests.Session, "send", interrupt)
    with pytest.raises(PlaybookEnded):
        run_module("pop_settings", {"banner": "New."}, session.invoke)
    assert shells(organisation)[1] == NOTHING_OPEN


def test_a_killed_session_process_is_replaced(controller: Controller, organisation: SimulatorProcess) -> None:
    script = controller.write("kill.py", KILL_SESSIONS)
    kill = {
        "ansible.builtin.command": f"{sys.executable} {script} {controller.folder}",
        "delegate_to": "localhost",
        "connection": "local",
        "name": "kill",
    }
    done = controller.run(play(BANNER, kill, INFO), inventory(organisation.description))
    assert done.returncode == 0, done.output
    assert done.task("kill", "ex01")["result"]["stdout"] == "1"
    assert done.task("info", "ex01")["status"] == "ok"
    controller.wait_for_the_end()
    opened, _open = shells(organisation)
    assert opened["exchange"] == 2


KILL_SESSIONS = f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[1] / "support")!r})
from runner import session_processes
found = session_processes(Path(sys.argv[1]))
for pid in found:
    os.kill(pid, signal.SIGKILL)
print(len(found))
"""


@pytest.mark.parametrize(("variable", "value"), [("ansible_password", "wrong"), ("ansible_exchange_auth", "nothing")])
def test_other_options_do_not_use_the_old_session(
    controller: Controller, organisation: SimulatorProcess, variable: str, value: str
) -> None:
    other = INFO | {"name": "other", "vars": {variable: value}, "ignore_unreachable": True}
    done = controller.run(play(INFO, other, INFO | {"name": "again"}), inventory(organisation.description))
    assert done.task("other", "ex01")["status"] == "unreachable", done.output
    assert done.task("again", "ex01")["status"] == "ok"
    assert shells(organisation)[1] == NOTHING_OPEN


def test_a_delegated_task_closes_its_session(controller: Controller, organisation: SimulatorProcess) -> None:
    done = controller.run(
        play(INFO, INFO | {"name": "other", "delegate_to": "ex02"}), inventory(organisation.description)
    )
    assert done.returncode == 0, done.output
    assert done.task("info", "ex01")["result"]["server"] == "EX01"
    assert done.task("other", "ex01")["result"]["server"] == "EX02"
    assert shells(organisation, "EX02") == ({"exchange": 1, "windows": 1}, NOTHING_OPEN)
    controller.wait_for_the_end()


def fault(organisation: SimulatorProcess, kind: str, **details: Any) -> dict[str, Any]:
    """A task in whose place something happens to EX01."""
    body = {"server": "EX01", "kind": kind, **details}
    request = {"url": organisation.description["control"] + "/fault", "method": "POST", "body_format": "json"}
    task = {"ansible.builtin.uri": {**request, "body": body}, "name": kind}
    return {**task, "delegate_to": "localhost", "connection": "local"}


def test_a_session_lost_between_tasks_is_reopened(controller: Controller, organisation: SimulatorProcess) -> None:
    done = controller.run(play(INFO, fault(organisation, "lose_shells"), BANNER), inventory(organisation.description))
    assert done.returncode == 0, done.output
    assert done.task("banner", "ex01")["result"]["changed"] is True
    assert stored(organisation)["Banner"] == "Session banner."
    assert shells(organisation)[1] == NOTHING_OPEN


@pytest.mark.parametrize("tasks", [(BANNER,), ()], ids=["before a task", "before the end of the play"])
def test_connections_dropped_while_idle_leave_no_shell_behind(
    controller: Controller, organisation: SimulatorProcess, tasks: tuple[dict[str, Any], ...]
) -> None:
    """Windows closes an idle connection after two minutes, and NTLM's message keys go with it."""
    hosts = inventory(organisation.description, ansible_exchange_auth="ntlm", ansible_exchange_scheme="http")
    server = organisation.description["servers"]["EX01"]
    hosts["exchange"]["hosts"]["ex01"].update(
        ansible_port=server["windows_http"],
        ansible_exchange_port=server["exchange_http"],
        ansible_exchange_windows_scheme="http",
    )
    done = controller.run(play(INFO, fault(organisation, "idle_connections"), *tasks), hosts)
    assert done.returncode == 0, done.output
    controller.wait_for_the_end()
    assert shells(organisation)[1] == NOTHING_OPEN


def test_a_write_whose_answer_is_lost_is_not_repeated(controller: Controller, organisation: SimulatorProcess) -> None:
    organisation.fault("EX01", "drop_after_command", cmdlet="Set-PopSettings")
    done = controller.run(play(BANNER), inventory(organisation.description))
    assert done.returncode == 0, done.output
    assert done.task("banner", "ex01")["result"]["changed"] is True
    assert [entry["cmdlet"] for entry in organisation.log()].count("Set-PopSettings") == 1
    assert stored(organisation)["Banner"] == "Session banner."


def test_an_idle_play_without_our_modules_is_left_alone(controller: Controller, organisation: SimulatorProcess) -> None:
    """A host that names our connection runs other modules on the controller, as network connections do."""
    hosts = inventory(
        organisation.description, ansible_connection="mailops.exchange.exchange", ansible_shell_type="powershell"
    )
    command = {"ansible.builtin.command": "echo here", "name": "command"}
    done = controller.run(play(command, INFO), hosts)
    assert done.returncode == 0, done.output
    assert done.task("command", "ex01")["result"]["stdout"] == "here"
    assert shells(organisation) == ({"exchange": 1, "windows": 1}, NOTHING_OPEN)


def test_async_and_become(controller: Controller, organisation: SimulatorProcess) -> None:
    later = INFO | {"name": "later", "async": 10, "poll": 1, "ignore_errors": True}
    done = controller.run(play(later, INFO | {"become": True}), inventory(organisation.description))
    assert done.task("later", "ex01")["status"] == "failed"
    assert "async" in str(done.task("later", "ex01")["result"]["msg"])
    assert done.task("info", "ex01")["status"] == "ok"
    assert "become has no effect on mailops.exchange.client_access_info" in done.output


def test_our_own_variables_win_over_those_of_other_connections(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    password = {"ansible_password": "wrong", "ansible_winrm_password": "wrong", "ansible_exchange_password": PASSWORD}
    user = {"ansible_user": "nobody", "ansible_winrm_user": "nobody", "ansible_exchange_user": "administrator"}
    auth = {"ansible_winrm_transport": ["kerberos"], "ansible_psrp_auth": "credssp", "ansible_exchange_auth": "ntlm"}
    done = controller.run(play(INFO), inventory(organisation.description, **password, **user, **auth))
    assert done.returncode == 0, done.output


def test_module_defaults_of_the_action_group(controller: Controller, organisation: SimulatorProcess) -> None:
    defaults = {"group/mailops.exchange.exchange": {"server": "EX02", "domain_controller": "DC1.contoso.test"}}
    # It takes neither of the two, and is not in the group.
    restart = {"mailops.exchange.iis": {"state": "restarted"}, "name": "restart", "check_mode": True}
    done = controller.run(play(BANNER, restart, module_defaults=defaults), inventory(organisation.description))
    assert done.returncode == 0, done.output
    assert organisation.state()["servers"]["EX02"]["stored"]["pop3"]["Banner"] == "Session banner."
    assert organisation.state()["servers"]["EX01"]["stored"]["pop3"]["Banner"] != "Session banner."


def test_module_defaults_of_one_module_are_not_those_of_others(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    defaults = {"mailops.exchange.imap_settings": {"server": "EX02"}, "mailops.exchange.iis": {"state": "restarted"}}
    done = controller.run(play(BANNER, module_defaults=defaults), inventory(organisation.description))
    assert done.returncode == 0, done.output
    assert organisation.state()["servers"]["EX01"]["stored"]["pop3"]["Banner"] == "Session banner."
    defaults = {"mailops.exchange.pop_settings": {"server": "EX02"}}
    done = controller.run(play(BANNER, module_defaults=defaults), inventory(organisation.description))
    assert done.returncode == 0, done.output
    assert organisation.state()["servers"]["EX02"]["stored"]["pop3"]["Banner"] == "Session banner."


def test_a_cmdlet_that_outlasts_its_deadline(controller: Controller, organisation: SimulatorProcess) -> None:
    hosts = inventory(organisation.description, ansible_exchange_command_timeout=5)
    organisation.fault("EX01", "slow", cmdlet="Get-PopSettings", seconds=600)
    result = controller.run(play(BANNER), hosts).task("banner", "ex01")
    assert result["status"] == "unreachable"
    assert "Get-PopSettings did not answer on" in result["result"]["msg"]
    assert shells(organisation)[1] == NOTHING_OPEN


def test_a_write_that_outlasts_its_deadline_is_read_back(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description, ansible_exchange_command_timeout=5)
    organisation.fault("EX01", "slow", cmdlet="Set-PopSettings", seconds=600)
    done = controller.run(play(BANNER), hosts)
    assert done.returncode == 0, done.output
    assert done.task("banner", "ex01")["result"]["changed"] is True
    assert [entry["cmdlet"] for entry in organisation.log()].count("Set-PopSettings") == 1
    assert shells(organisation)[1] == NOTHING_OPEN


def test_a_call_is_given_up_that_nothing_else_ends(controller: Controller, organisation: SimulatorProcess) -> None:
    hosts = inventory(organisation.description, ansible_exchange_call_timeout=5)
    organisation.fault("EX01", "slow", cmdlet="Get-PopSettings", seconds=600)
    done = controller.run(play(BANNER), hosts)
    assert done.task("banner", "ex01")["status"] == "unreachable"
    told = done.task("banner", "ex01")["result"]["msg"]
    assert "was stopped after 5 seconds, the limit in ansible_exchange_call_timeout" in told
    controller.wait_for_the_end()
    assert shells(organisation)[1] == NOTHING_OPEN


@pytest.mark.parametrize("way", [{}, {"access": "local", "transport": "winrm"}], ids=["psrp", "winrm"])
def test_a_server_has_more_time_for_its_answer_than_it_is_told_to_wait(
    open_session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch, way: dict[str, str]
) -> None:
    """A loaded one says late that there is no output yet: a write must not count as interrupted for that."""
    told: list[tuple[str, int, float]] = []
    send = requests.Session.send

    def watch(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        action, seconds = (re.search(what, body) for what in (r"/(\w+)</\w+:Action>", r"OperationTimeout>PT(\d+)S<"))
        assert action
        assert seconds
        told.append((action[1], int(seconds[1]), options["timeout"][1]))
        return send(session, request, **options)

    with monkeypatch.context() as patch:
        patch.setattr(requests.Session, "send", watch)
        session = open_session(**way, command_timeout=30)
        run_module("pop_settings", {"banner": "New."}, session.invoke)
    assert {action for action, _, _ in told} >= {"Create", "Command", "Receive"}
    assert [one for one in told if one[2] < one[1] + GRACE] == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_silent_server(controller: Controller, organisation: SimulatorProcess, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hosts = inventory(
            organisation.description,
            ansible_exchange_auth="ntlm",
            ansible_exchange_scheme=scheme,
            ansible_exchange_command_timeout=1,
            ansible_exchange_connection_timeout=1,
        )
        hosts["exchange"]["hosts"]["ex01"].update(
            ansible_exchange_port=silent.getsockname()[1], ansible_exchange_host="127.0.0.1"
        )
        result = controller.run(play(BANNER), hosts).task("banner", "ex01")
    assert result["status"] == "unreachable"
    assert "did not answer in time" in result["result"]["msg"]


def test_an_idle_session_closes_and_the_next_task_opens_another(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description, ansible_exchange_idle_timeout=1)
    wait = {
        "ansible.builtin.uri": {"url": organisation.description["control"] + "/state"},
        "delegate_to": "localhost",
        "connection": "local",
        "register": "state",
        "until": "state.json.servers.EX01.shells_open.exchange == 0",
        "retries": 60,
        "delay": 1,
        "name": "wait",
    }
    done = controller.run(play(INFO, wait, INFO | {"name": "again"}), hosts)
    assert done.returncode == 0, done.output
    assert shells(organisation) == ({"exchange": 2, "windows": 2}, NOTHING_OPEN)


def test_a_home_with_a_long_path(controller: Controller, organisation: SimulatorProcess) -> None:
    """A socket's path may have 107 bytes only."""
    long_home = controller.folder / ("long" * 25)
    done = controller.run(play(INFO, BANNER), inventory(organisation.description), ANSIBLE_HOME=str(long_home))
    assert done.returncode == 0, done.output
    assert shells(organisation) == ({"exchange": 1, "windows": 1}, NOTHING_OPEN)


def test_a_home_that_cannot_be_written_to(controller: Controller, organisation: SimulatorProcess) -> None:
    temporary = str(controller.folder / "t")
    nowhere = {"HOME": "/proc/1", "ANSIBLE_HOME": "/proc/1/.ansible", "ANSIBLE_LOCAL_TEMP": temporary}
    done = controller.run(play(INFO), inventory(organisation.description), **nowhere)
    assert done.returncode == 0, done.output


def test_sessions_are_kept_from_play_to_play_and_end_with_their_batch(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    """So hundreds of hosts that are gone through in batches do not all have a process at the end."""
    asked = {"ansible.builtin.uri": {"url": organisation.description["control"] + "/state"}}
    state = asked | {"delegate_to": "localhost", "connection": "local", "register": "state"}
    closed = {"until": "state.json.servers.EX01.shells_open.exchange == 0", "retries": 60, "delay": 1, "name": "closed"}
    first, second = play(INFO), play(INFO | {"name": "again"})
    other = play(INFO | {"name": "other"}, state | closed, hosts="ex02")
    done = controller.run([*first, *second, *other], inventory(organisation.description))
    assert done.returncode == 0, done.output
    assert shells(organisation) == ({"exchange": 1, "windows": 1}, NOTHING_OPEN)
    assert shells(organisation, "EX02") == ({"exchange": 1, "windows": 1}, NOTHING_OPEN)


def test_the_password_is_nowhere(controller: Controller, organisation: SimulatorProcess, tmp_path: Path) -> None:
    secret = "ansible-would-print-this"
    log = tmp_path / "ansible.log"
    hosts = inventory(organisation.description)
    wrong = inventory(organisation.description, ansible_password=secret)
    environment = {"ANSIBLE_LOG_PATH": str(log), "ANSIBLE_LOG_VERBOSITY": "5"}
    failing = {"mailops.exchange.pop_settings": {"server": "NOSUCH", "banner": "x"}, "name": "failing"}
    passed = controller.run(play(BANNER, INFO), hosts, "-vvvvv", **environment)
    failed = controller.run(play(failing), hosts, "-vvvvv", **environment)
    refused = controller.run(play(INFO), wrong, "-vvvvv", **environment)
    assert (passed.returncode, failed.returncode, refused.returncode) == (0, 2, 4)
    written = [path for folder in (controller.folder, tmp_path) for path in folder.rglob("*") if path.is_file()]
    inventories = {controller.folder / "hosts.yml"}
    for text in (passed.output, failed.output, refused.output):
        assert PASSWORD not in text
        assert secret not in text
    for path in written:
        content = path.read_bytes()
        assert PASSWORD.encode() not in content, path
        assert path in inventories or secret.encode() not in content, path
