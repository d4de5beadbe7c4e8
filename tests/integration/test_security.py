"""What the guide to security promises: secrets stay where they belong, a server's words are text, others stay out."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from runner import PASSWORD, Controller, inventory, session_processes, wait_until
from simulator_process import SimulatorProcess

NOBODY = 65534
INFO = {"mailops.exchange.client_access_info": {}, "name": "info", "register": "info"}
# With a password of its own among the arguments of the module, beside that of the connection.
LOG_ON = {
    "mailops.exchange.connectivity_test": {"protocol": "pop3", "user": "reader@contoso.test", "password": PASSWORD},
    "name": "log-on",
    "register": "logged_on",
}


def play(*tasks: dict[str, Any], **keywords: Any) -> list[dict[str, Any]]:
    return [{"hosts": "ex01", "gather_facts": False, "tasks": list(tasks), **keywords}]


@pytest.fixture
def hosts(organisation: SimulatorProcess) -> dict[str, Any]:
    """An inventory with the password in it, so that it is in no environment by our own doing."""
    return inventory(organisation.description, ansible_password=PASSWORD)


@contextlib.contextmanager
def in_mid_call(
    controller: Controller, organisation: SimulatorProcess, hosts: dict[str, Any], **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """A run at the moment when a cmdlet with a password is under way."""
    organisation.fault("EX01", "slow", cmdlet="Test-PopConnectivity", seconds=600)
    process = subprocess.Popen(
        controller.command(play(LOG_ON), hosts, "-vvvvv"),
        env=controller.environment(EXCHANGE_TEST_PASSWORD="", **environment),
        cwd=controller.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: any(entry["cmdlet"] == "Test-PopConnectivity" for entry in organisation.log()))
        yield process
    finally:
        organisation.fault("EX01", "none")
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=60)


def processes_of(controller: Controller) -> dict[int, bytes]:
    """Command line and environment of every process of a run."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                environment = (entry / "environ").read_bytes()
                if f"HOME={controller.folder}".encode() in environment:
                    found[int(entry.name)] = (entry / "cmdline").read_bytes() + b"\0\0" + environment
    return found


def files_with_a_password(controller: Controller) -> set[Path]:
    """Files of the controller that hold a password, but for what the user wrote."""
    own = {controller.folder / name for name in ("hosts.yml", "playbook.yml")}
    files = {path for path in controller.folder.rglob("*") if path.is_file()} - own
    return {path for path in files if PASSWORD.encode() in path.read_bytes()}


def test_no_process_shows_a_password_in_mid_call(
    controller: Controller, organisation: SimulatorProcess, hosts: dict[str, Any]
) -> None:
    with in_mid_call(controller, organisation, hosts):
        shown = processes_of(controller)
        # The playbook, its worker, and the session's process.
        assert len(shown) >= 3
        assert session_processes(controller.folder)
        assert [number for number, text in shown.items() if PASSWORD.encode() in text] == []
        assert files_with_a_password(controller) == set()
    controller.wait_for_the_end()


def test_a_session_process_that_is_killed_with_a_password_in_its_hands(
    controller: Controller, organisation: SimulatorProcess, hosts: dict[str, Any]
) -> None:
    """A traceback might repeat the request."""
    with in_mid_call(controller, organisation, hosts, ANSIBLE_DISPLAY_TRACEBACK="always") as process:
        (process_of_session,) = session_processes(controller.folder)
        organisation.fault("EX01", "none")
        organisation.fault("EX01", "rbac_without", cmdlet="Test-PopConnectivity")
        os.kill(process_of_session, signal.SIGKILL)
        output, _nothing = process.communicate(timeout=60)
    # Failed by the cmdlet over a new one, or unreachable because the old one was not seen to be gone.
    assert process.returncode in (2, 4), output
    assert PASSWORD not in output
    assert files_with_a_password(controller) == set()
    # Nobody takes away the socket of one that was killed.
    wait_until(lambda: not controller.sessions)


def test_what_is_kept_of_results(
    controller: Controller, organisation: SimulatorProcess, hosts: dict[str, Any], tmp_path: Path
) -> None:
    """Whoever keeps whole results in a cache of facts keeps no password with them."""
    keep = {"ansible.builtin.set_fact": {"kept": "{{ [info, logged_on] }}", "cacheable": True}}
    done = controller.run(
        play(INFO, LOG_ON, keep),
        hosts,
        ANSIBLE_CACHE_PLUGIN="jsonfile",
        ANSIBLE_CACHE_PLUGIN_CONNECTION=str(tmp_path / "facts"),
        EXCHANGE_TEST_PASSWORD="",
    )
    assert done.returncode == 0, done.output
    (cached,) = (path for path in (tmp_path / "facts").rglob("*") if path.is_file())
    content = cached.read_text(encoding="utf-8")
    assert "restart_owed" in content
    assert "latency_ms" in content
    assert PASSWORD not in content
    assert files_with_a_password(controller) == set()


@pytest.fixture
def marker(organisation: SimulatorProcess, controller: Controller) -> Path:
    """A file that would exist as soon as what the server says is evaluated."""
    path = controller.folder / "e"
    evil = f"{{{{ lookup('pipe', 'touch {path}') }}}}"
    for cmdlet, given in (
        ("Set-PopSettings", {"Server": "EX01", "Banner": evil}),
        ("Set-ReceiveConnector", {"Identity": "EX01\\Client Frontend EX01", "Name": evil}),
    ):
        answer = organisation.run("EX01", cmdlet, given)
        assert not answer["errors"], answer
    return path


EVERY_USE = [
    INFO,
    {"ansible.builtin.set_fact": {"copied": "{{ info.pop3.settings.banner }}", "all": "{{ info }}"}},
    {"ansible.builtin.debug": {"msg": "{{ item }}"}, "loop": ["{{ info }}", "{{ copied }}", "{{ all }}"]},
    {"ansible.builtin.debug": {"var": "info.pop3.settings.banner"}},
    {"ansible.builtin.debug": {"msg": "{{ lookup('vars', 'copied') }}"}},
    {"ansible.builtin.debug": {"msg": "{{ again }}"}, "vars": {"again": "{{ copied }}"}},
    {"ansible.builtin.debug": {"msg": "{{ all | to_json | from_json }}"}},
    {
        "mailops.exchange.pop_settings": {"banner": "{{ copied }}"},
        "register": "back",
        "name": "back",
    },
    {"ansible.builtin.debug": {"msg": "{{ back.diff }} {{ back.settings }}"}},
    {"ansible.builtin.assert": {"that": "false", "fail_msg": "{{ copied }}"}, "ignore_errors": True},
]


def test_a_servers_words_are_never_evaluated(
    controller: Controller, organisation: SimulatorProcess, hosts: dict[str, Any], marker: Path
) -> None:
    done = controller.run(play(*EVERY_USE), hosts)
    assert done.returncode == 0, done.output
    assert done.task("info", "ex01")["result"]["pop3"]["settings"]["banner"].startswith("{{ lookup('pipe'")
    # What is written back is what was read.
    assert done.task("back", "ex01")["result"]["changed"] is False
    assert not marker.exists()


@pytest.mark.parametrize(
    "playbook",
    [
        "mailops.exchange.preflight",
        "mailops.exchange.drift",
        "mailops.exchange.enable_pop3",
        "mailops.exchange.adopt",
        "mailops.exchange.handout",
    ],
)
def test_the_playbooks_evaluate_nothing_of_a_server(
    controller: Controller, organisation: SimulatorProcess, hosts: dict[str, Any], marker: Path, playbook: str
) -> None:
    folder = controller.folder / "host_vars"
    options = ["-l", "ex01", "-e", f"adopt_folder={folder} handout_folder=handout", "-e", "pop3_banner=Ours."]
    assert controller.run(playbook, hosts, *options, "--diff").results
    assert not marker.exists()
    if playbook == "mailops.exchange.adopt":
        # Variables from a file are templates, as long as nothing says otherwise.
        done = controller.run("mailops.exchange.enable_pop3", hosts, "--check", "--diff", "-l", "ex01")
        assert done.returncode == 0, done.output
        assert done.changed("ex01") == [], done.output
        assert not marker.exists()


def test_adopted_variables_hold_nothing_but_values(controller: Controller) -> None:
    """Whatever a server says in whatever place: no template in a list, no line of YAML in a comment."""
    path = controller.folder / "e"
    evil = f"{{{{ lookup('pipe', 'touch {path}') }}}}"
    lines = "x\nansible_connection: local\nevil: true\r\x85\u2028more: 1"
    told_to_users = [evil, "{% raw %}", lines]
    settings = {"banner": evil, "external_connection_settings": told_to_users, "x509_certificate_name": lines}
    services = [{"name": evil, "status": lines, "start_mode": lines}]
    connector = {"fqdn": evil, "bindings": [evil], "permission_groups": [evil]}
    told = {
        "server": lines,
        "fqdn": lines,
        "product": "Exchange Server SE",
        "version": "15.2.2562.17",
        "pop3": {"services": services, "settings": settings, "unreadable": {"login_type": "text"}},
        "imap4": None,
        "certificates": None,
        "connectors": [{"name": evil, "for_users": True, "settings": connector}],
    }
    adopted = controller.folder / "adopted.yml"
    content = "{{ adopt_info | mailops.exchange.adopted_variables }}"
    plays: list[dict[str, Any]] = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "tasks": [
                {"ansible.builtin.command": f"cat {controller.write('told.json', told)}", "register": "told"},
                {"ansible.builtin.set_fact": {"adopt_info": "{{ told.stdout | from_json }}"}},
                {"mailops.exchange.controller_file": {"path": str(adopted), "content": content}},
                {"ansible.builtin.include_vars": {"file": str(adopted), "name": "read"}},
                {"ansible.builtin.debug": {"msg": "{{ read }}"}, "name": "read"},
            ],
        }
    ]
    here = {"vars": {"ansible_python_interpreter": sys.executable}, "hosts": {"localhost": {}}}
    done = controller.run(plays, {"all": here})
    assert done.returncode == 0, done.output
    read = done.task("read", "localhost")["result"]["msg"]
    # What no task would take is left out; the rest is taken for what it is, in lists too.
    assert set(read) == {"adopted_server", "pop3_banner", "pop3_connector", "pop3_manage_services"}
    assert read["pop3_banner"] == evil
    assert read["pop3_connector"] == {"name": evil}
    assert read["adopted_server"]["pop3"] == {"services": services, "assigned": None}
    assert read["adopted_server"]["fqdn"] == lines
    written = adopted.read_text().splitlines()
    stored = "because no task accepts the stored value: "
    assert [line.partition(stored)[2] for line in written if stored in line] == [
        "external_connection_settings, x509_certificate_name",
        "bindings, fqdn, permission_groups",
    ]
    assert "# Not in this file because it could not be read: login_type" in written
    assert not path.exists()


def test_other_users_of_the_controller_cannot_reach_a_session(
    controller: Controller, organisation: SimulatorProcess, hosts: dict[str, Any]
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    # The home of this controller is closed to others by itself; most homes are not.
    controller.folder.chmod(0o755)
    with in_mid_call(controller, organisation, hosts):
        (path,) = (controller.folder / ".ansible" / "tmp").glob("*/exchange-*")
        assert path.is_socket()
        assert path.parent.stat().st_mode & 0o077 == 0
        assert as_nobody(connect, path) == "PermissionError"


def connect(path: Path) -> str:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(path))
    return "connected"


def as_nobody(act: Callable[[Path], str], path: Path) -> str:
    """What another user gets from doing something."""
    context = get_context("fork")
    answers = context.SimpleQueue()

    def other() -> None:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        try:
            answers.put(act(path))
        except OSError as error:
            answers.put(type(error).__name__)

    process = context.Process(target=other)
    process.start()
    process.join()
    return str(answers.get())
