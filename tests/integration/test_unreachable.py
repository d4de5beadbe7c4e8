"""What a user reads when a host cannot be used: UNREACHABLE, and one sentence that says what to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from evidence import is_a_sentence, stored
from runner import PASSWORD, Controller, inventory
from simulator_process import SimulatorProcess

PLAY = [
    {
        "hosts": "ex01",
        "gather_facts": False,
        "tasks": [{"mailops.exchange.pop_settings": {"banner": "x"}, "name": "banner"}],
    }
]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        pytest.param({"ansible_exchange_port": 1}, "Connection refused): check that the host is up", id="host down"),
        pytest.param({"ansible_host": "nosuch.invalid"}, "Cannot connect to https://nosuch.invalid", id="no such name"),
        pytest.param({"ansible_password": "wrong"}, "refused user 'administrator' with basic", id="password"),
        pytest.param({"ansible_exchange_path": "Nowhere/"}, "There is no PowerShell endpoint at", id="404"),
        pytest.param({"ansible_exchange_ca_cert": None}, "is not trusted", id="certificate"),
        pytest.param({"ansible_exchange_scheme": "http"}, "ansible_exchange_allow_unencrypted", id="plain text"),
        pytest.param({"ansible_exchange_auth": "digest"}, "'digest' is not valid; use one of basic", id="auth"),
        pytest.param(
            {"ansible_exchange_ca_cert": "/nonexistent/ca.pem"},
            "ca_cert (ansible_exchange_ca_cert, or the variable of psrp or winrm for it) names /nonexistent/ca.pem, "
            "which cannot be read: No such file or directory.",
            id="missing file of authorities",
        ),
    ],
)
def test_sentence(
    controller: Controller, organisation: SimulatorProcess, variables: dict[str, Any], sentence: str
) -> None:
    hosts = inventory(organisation.description)
    hosts["exchange"]["hosts"]["ex01"].update(variables)
    done = controller.run(PLAY, hosts)
    result = done.task("banner", "ex01")
    assert result["status"] == "unreachable", done.output
    assert sentence in result["result"]["msg"]
    assert "\n" not in result["result"]["msg"]
    assert done.returncode == 4
    assert organisation.state()["servers"]["EX01"]["shells_open"] == {"exchange": 0, "windows": 0}


def test_a_query_that_the_server_does_not_take(controller: Controller, organisation: SimulatorProcess) -> None:
    organisation.fault("EX01", "query_refused", status=400)
    result = controller.run(PLAY, inventory(organisation.description)).task("banner", "ex01")
    message = result["result"]["msg"]
    assert result["status"] == "unreachable"
    assert "/PowerShell/?serializationLevel=Full" in message
    assert message.endswith(
        "; if it does not accept the query, leave it out with ansible_exchange_serialization: plain."
    )
    assert is_a_sentence(message)
    plain = controller.run(PLAY, inventory(organisation.description, ansible_exchange_serialization="plain"))
    assert (plain.returncode, stored(organisation)["Banner"]) == (0, "x"), plain.output
    assert organisation.state()["servers"]["EX01"]["shells_open"] == {"exchange": 0, "windows": 0}


def test_a_query_of_the_users_own(controller: Controller, organisation: SimulatorProcess) -> None:
    """What the Exchange Management Shell asks for goes through as it is; the services of certificates come of it."""
    path = "PowerShell/?serializationLevel=Full;ExchClientVer=15.2.2562.17;clientApplication=ManagementShell"
    look = {"mailops.exchange.client_access_info": {"protocols": [], "gather": ["certificates"]}, "name": "look"}
    play = [{"hosts": "ex01", "gather_facts": False, "tasks": [look]}]

    def services(**variables: str) -> list[list[str] | None]:
        done = controller.run(play, inventory(organisation.description, **variables))
        return [one["services"] for one in done.task("look", "ex01")["result"]["certificates"]]

    assert ["IMAP", "POP", "IIS", "SMTP"] in services(ansible_exchange_path=path)
    # The option is no longer in it: the path is what counts.
    assert services(ansible_exchange_path=path, ansible_exchange_serialization="plain") == services()
    assert set(map(str, services(ansible_exchange_serialization="plain"))) == {"None"}

    organisation.fault("EX01", "query_refused", status=404)
    done = controller.run(PLAY, inventory(organisation.description, ansible_exchange_path=path))
    message = done.task("banner", "ex01")["result"]["msg"]
    assert f"/{path} (HTTP 404)" in message
    assert message.endswith("; if it does not accept the query, leave it out with ansible_exchange_path.")
    assert "serialization:" not in message


NO_ROLE = (
    " did not open a session, because Exchange has no management role for user 'administrator': make the user a member "
    "of a role group that allows what the playbook does, with Add-RoleGroupMember (",
    "/Users/Administrator\" isn't assigned to any management roles).",
)
BROKEN = (
    " did not open a session, because a part of Exchange cannot be loaded there: check the application log of the "
    "server, ",
    "TypeInitializationException: The type initializer for 'Nested' threw an exception).",
)


@pytest.mark.parametrize(
    ("reason", "way", "begins", "ends"),
    [
        ("no_role", "state", *NO_ROLE),
        ("no_role", "fault", *NO_ROLE),
        ("no_role", "page", *NO_ROLE),
        ("broken", "state", *BROKEN),
        ("broken", "fault", *BROKEN),
        (
            "connections",
            "fault",
            " did not open a session, because Exchange did not authorize user 'administrator': close sessions ",
            "maximum number of connections allowed : 3) (asked again for 1 seconds).",
        ),
        (
            "no_back_end",
            "page",
            " did not open a session, because the front end ",
            "bound to its port 444 (Cafe-SendFailure).",
        ),
        (
            "other_server",
            "fault",
            " did not open a session, because the next request reached a different server than the first one: ",
            "the shell was not found on the server).",
        ),
        ("access_denied", "page", " refused the request with HTTP 403: Access is denied.", "denied."),
        ("something_else", "state", " could not open a PowerShell session: ", "session: Something else happened."),
    ],
    ids=lambda value: value if value and value.isidentifier() else "",
)
def test_exchange_opens_no_session(
    controller: Controller, organisation: SimulatorProcess, reason: str, way: str, begins: str, ends: str
) -> None:
    organisation.fault("EX01", "opens_no_session", reason=reason, way=way)
    done = controller.run(PLAY, inventory(organisation.description, ansible_exchange_shell_wait=1))
    result = done.task("banner", "ex01")
    message = result["result"]["msg"]
    assert (result["status"], done.returncode) == ("unreachable", 4), done.output
    assert begins in message
    assert message.endswith(ends)
    assert is_a_sentence(message)
    assert "RequestId" not in message
    assert organisation.state()["servers"]["EX01"]["shells_open"] == {"exchange": 0, "windows": 0}
    organisation.fault("EX01", "none")
    assert controller.run(PLAY, inventory(organisation.description)).returncode == 0


def test_shell_limit(controller: Controller, organisation: SimulatorProcess) -> None:
    organisation.fault("EX01", "shell_limit", limit=0)
    hosts = inventory(organisation.description, ansible_exchange_shell_wait=2)
    result = controller.run(PLAY, hosts).task("banner", "ex01")
    assert result["status"] == "unreachable"
    assert "as many shells open" in result["result"]["msg"]
    assert result["result"]["msg"].endswith(
        "PowerShellMaxConcurrency of the user's throttling policy (asked again for 2 seconds)."
    )


def test_powershell_of_2010_is_too_old_for_the_winrm_shell(controller: Controller, tmp_path: Path) -> None:
    with SimulatorProcess({"EX01": "2010"}, password=PASSWORD, directory=tmp_path) as organisation:
        hosts = inventory(organisation.description, ansible_exchange_transport="winrm")
        result = controller.run(PLAY, hosts).task("banner", "ex01")
    assert result["status"] == "unreachable"
    host = organisation.description["servers"]["EX01"]["address"]
    assert result["result"]["msg"].endswith(
        f"PowerShell on {host} could not read what was sent, because this requires version 3 or newer; use "
        "ansible_exchange_transport: psrp."
    )
