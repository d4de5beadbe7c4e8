"""Going back: adopt before a change, restore after it."""

from __future__ import annotations

from typing import Any

import pytest
from evidence import services, writes
from runner import Controller, inventory
from simulator_process import BASIC, SimulatorProcess

ADOPT, RESTORE = "mailops.exchange.adopt", "mailops.exchange.restore"
FOLDER = "before"
MAIL = "mail.contoso.test"
# What somebody changes, of which not all turns out well.
CHANGE = {
    "pop3_manage_preflight": False,
    "pop3_manage_verification": False,
    "pop3_banner": "{{ 'Welcome' }}",
    "pop3_login_type": "PlainTextLogin",
    "pop3_x509_certificate_name": MAIL,
    "pop3_certificate": {},
    "pop3_connector": {"max_message_size": "9MB", "fqdn": MAIL},
    "pop3_mailboxes": {"identities": ["user000003@contoso.test"], "exclusive": True},
}


@pytest.fixture(scope="module")
def powershell_directory() -> dict[str, Any]:
    return {"mailboxes": 6, **BASIC}


def mailboxes(organisation: SimulatorProcess) -> list[dict[str, Any]]:
    """What may be done with them; when they were changed is another matter."""
    found = organisation.run("EX01", "Get-CASMailbox", {"ResultSize": "unlimited"})["output"]
    return [{name: value for name, value in one.items() if name.startswith(("Guid", "Imap", "Pop"))} for one in found]


def everything(organisation: SimulatorProcess) -> dict[str, Any]:
    """What restore is to bring back."""
    server = organisation.state()["servers"]["EX01"]
    return {
        "stored": server["stored"],
        "connectors": server["connectors"],
        "services": services(organisation, *server["services"]),
        "mailboxes": mailboxes(organisation),
    }


def test_there_and_back(controller: Controller, organisation: SimulatorProcess) -> None:
    own = {"PopUseProtocolDefaults": False, "PopMessagesRetrievalMimeFormat": "TextOnly"}
    for alias, values in (("user000001", {"PopEnabled": False}), ("user000002", own)):
        assert organisation.run("EX01", "Set-CASMailbox", {"Identity": alias, **values})["errors"] == []
    before = everything(organisation)
    hosts = inventory(organisation.description)
    here = ("-e", "exchange_hosts=ex01", "-e", f"restore_folder={FOLDER}", "-e", f"adopt_folder={FOLDER}")
    here += ("-e", '{"adopt_protocols": ["pop3"]}')
    # What adopt wrote is what is there already. The inventory's variables have no part in going back.
    hosts["exchange"]["vars"] |= CHANGE
    part = {"ansible.builtin.include_role": {"name": "mailops.exchange.pop3", "tasks_from": "mailboxes"}}
    same = {"hosts": "ex01", "gather_facts": False, "vars_files": [f"{FOLDER}/mailboxes.yml"], "tasks": [part]}
    role = {"hosts": "ex01", "gather_facts": False, "roles": ["mailops.exchange.pop3"]}
    plays = [{"ansible.builtin.import_playbook": ADOPT}, same, role]
    changed = controller.run(plays, hosts, *here, "-e", "adopt_mailboxes=true")
    assert changed.returncode == 0, changed.output
    assert sorted(path.name for path in (controller.folder / FOLDER).iterdir()) == ["ex01.yml", "mailboxes.yml"]
    by_adopted, by_role = (one["result"] for one in changed.results if "Set mailbox access by" in one["task"])
    assert (by_adopted["changed"], by_adopted["matched"], by_role["changed"]) == (False, 7, True)
    after = everything(organisation)
    assert [part for part in before if before[part] == after[part]] == []

    organisation.clear_log()
    shown = controller.run(RESTORE, hosts, *here, "--check", "--diff")
    assert shown.returncode == 0, shown.output
    assert (everything(organisation), writes(organisation)) == (after, [])
    planned = shown.task("Restore the server", "ex01")["result"]
    done = ["connector", "settings", "services"]
    assert [part["name"] for part in planned["parts"] if part["changed"]] == done
    assert [diff["before"]["banner"] for diff in planned["diff"] if "banner" in diff["before"]] == ["Welcome"]
    assert '-    "banner": "Welcome"' in shown.output
    given = [diff["after"] for diff in shown.task("Restore the mailboxes", "ex01")["result"]["diff"]]
    assert {"user000002@contoso.test": {"pop_enabled": True}} in given
    assert not {name for one in given for name in one} & {"user000001@contoso.test", "user000003@contoso.test"}

    # And once more, which finds nothing to do.
    restored = controller.run([{"ansible.builtin.import_playbook": RESTORE}] * 2, hosts, *here)
    assert restored.returncode == 0, restored.output
    assert everything(organisation) == before
    first, second = (one["result"] for one in restored.results if one["task"] == "Restore the server")
    assert [part["name"] for part in first["parts"] if part["changed"]] == done
    since = f"The certificate {organisation.certificate('EX01', MAIL)['thumbprint']} has been assigned to POP since"
    assert first["left"] == second["left"] == [f"{since}, and stays so: Exchange takes no assignment back."]
    assert restored.changed("ex01") == ["Restore the server", "Restore the mailboxes"]
