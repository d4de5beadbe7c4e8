"""client_access_restore: a server and mailboxes are again what a file has, and what is no such file touches nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evidence import is_a_sentence
from in_process import InProcessHost

from ansible_collections.mailops.exchange.plugins.action.client_access_restore import ActionModule
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.adopted import variables
from ansible_collections.mailops.exchange.plugins.plugin_utils.role import Failed

RELEASES = ["SE", "2010"]


class Restoring(ActionModule):
    """The action, with modules that run in this process."""

    def __init__(self, host: InProcessHost) -> None:
        self.host = host
        self.check = False

    def ask(self, module: str, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        result = self.host.run(module, options, check=self.check)
        if result.get("failed"):
            raise Failed(result["msg"], result)
        return result

    def restore(self, path: Path, *, check: bool = False, **given: Any) -> dict[str, Any]:
        self.check = check
        options = dict.fromkeys(self.arguments) | {"only_verify": False, "ignore_unknown_component": False}
        return self.work({**options, "path": str(path), **given}, {})

    def refused(self, path: Path, **given: Any) -> str:
        with pytest.raises(Failed) as failed:
            self.restore(path, **given)
        assert is_a_sentence(str(failed.value))
        return str(failed.value)


class There:
    """A host whose state was written down, in a file beside the one of its mailboxes."""

    def __init__(self, release: str, folder: Path) -> None:
        self.host = InProcessHost(release, mailbox_user="anna")
        self.restoring = Restoring(self.host)
        self.file, self.mailboxes = folder / "ex01.yml", folder / "mailboxes.yml"

    def adopt(self) -> dict[str, Any]:
        for path, module in ((self.file, "client_access_info"), (self.mailboxes, "cas_mailbox_info")):
            path.write_text(variables(self.host.run(module)), encoding="utf-8")
        return self.state

    @property
    def state(self) -> dict[str, Any]:
        """What is to be brought back."""
        state = self.host.state
        found = {name: state[name] for name in ("stored", "effective", "connectors")}
        return found | {
            "services": {name: (one["status"], one["start_type"]) for name, one in state["services"].items()},
            "mailboxes": self.host.run("cas_mailbox_info")["alike"],
        }

    def edit(self, old: str, new: str) -> None:
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new), encoding="utf-8")

    def change(self) -> None:
        """What does not turn out well."""
        self.host.run("pop_settings", {"banner": "New.", "owa_server_url": "https://mail.contoso.test/owa"})
        self.host.run("imap_settings", {"login_type": "PlainTextLogin", "max_connections": 5})
        self.host.run("receive_connector", {"max_message_size": "9MB", "fqdn": "mail.contoso.test"})
        self.host.run("cas_mailbox", {"filter": "PopEnabled -eq $true", "pop_enabled": False, "imap_enabled": False})
        for protocol, state, mode in (("pop3", "stopped", "disabled"), ("imap4", "started", "automatic")):
            self.host.run("protocol_service", {"protocol": protocol, "state": state, "start_mode": mode})


@pytest.fixture
def there_of(tmp_path: Path, wire_form: str) -> Callable[[str], There]:
    return lambda release: There(release, tmp_path)


@pytest.fixture
def there(there_of: Callable[[str], There]) -> There:
    return there_of("SE")


def changed(result: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(part["name"], part["protocol"]) for part in result["parts"] if part["changed"]]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.forms("full", "plain")
def test_there_and_back(there_of: Callable[[str], There], release: str) -> None:
    there = there_of(release)
    there.host.run("protocol_service", {"protocol": "pop3", "state": "started", "start_mode": "automatic"})
    options = {"pop_use_protocol_defaults": False, "pop_messages_retrieval_mime_format": "TextOnly"}
    there.host.run("cas_mailbox", {"identities": ["anna"], **options, "imap_enabled": False})
    before = there.adopt()
    there.change()
    after, writes = there.state, len(there.host.writes)
    assert [part for part in before if before[part] == after[part]] == []

    for check in (True, False):
        server = there.restoring.restore(there.file, check=check)
        expected = [("connector", "pop3"), ("settings", "pop3"), ("services", "pop3")]
        assert changed(server) == [*expected, ("settings", "imap4"), ("services", "imap4")]
        assert len(server["diff"]) == 5
        mailboxes = there.restoring.restore(there.mailboxes, check=check)
        assert set(changed(mailboxes)) == {("mailboxes", None)}
        assert there.state == (after if check else before)
        assert check is (len(there.host.writes) == writes)

    writes = len(there.host.writes)
    for path in (there.file, there.mailboxes):
        again = there.restoring.restore(path)
        assert (again["changed"], changed(again)) == (False, [])
    assert len(there.host.writes) == writes


def test_services_that_go_on_running_are_restarted_if_they_have_to_be(there: There) -> None:
    there.host.run("protocol_service", {"protocol": "pop3", "state": "started", "start_mode": "automatic"})
    before = there.adopt()
    there.host.run("pop_settings", {"banner": "New."})
    there.host.run("protocol_service", {"protocol": "pop3", "state": "restarted"})
    assert changed(there.restoring.restore(there.file)) == [("settings", "pop3"), ("restart", "pop3")]
    assert there.state == before
    assert before["effective"]["pop3"] is not None


def test_one_protocol_of_two(there: There) -> None:
    before = there.adopt()
    there.change()
    there.restoring.restore(there.mailboxes, protocols=["imap4"])
    there.restoring.restore(there.file, protocols=["imap4"])
    now = there.state
    assert now["stored"]["imap4"] == before["stored"]["imap4"]
    assert now["stored"]["pop3"] != before["stored"]["pop3"]
    alike = [group["settings"] for group in now["mailboxes"]]
    assert [(one["pop_enabled"], one["imap_enabled"]) for one in alike] == [(False, True)]


@pytest.mark.forms("full")
def test_what_fails_does_not_keep_the_rest_from_coming_back(there: There) -> None:
    thumbprint = there.host.import_certificate("pop.contoso.test", services=["POP"])
    there.host.run("pop_settings", {"x509_certificate_name": "pop.contoso.test"})
    before = there.adopt()
    there.change()
    there.host.server.certificates.remove(thumbprint)
    there.host.fault("rbac_without", cmdlet="Set-ReceiveConnector")
    told = there.restoring.refused(there.file)
    assert "Set-ReceiveConnector is not granted to this user by RBAC" in told
    assert f"thumbprint: Exchange has no certificate {thumbprint} on EX01" in told
    assert there.restoring.kept["changed"] is True
    now = there.state
    assert [part for part in before if before[part] != now[part]] == ["connectors", "mailboxes"]


def test_a_server_in_maintenance_is_left_alone(there: There) -> None:
    there.adopt()
    there.change()
    asked = {"Component": "PopProxy", "Requester": "Maintenance", "State": "Inactive"}
    there.host.administer("Set-ServerComponentState", Identity="EX01", **asked)
    writes = len(there.host.writes)
    result = there.restoring.restore(there.file)
    assert (result["changed"], len(there.host.writes)) == (False, writes)
    (left,) = result["left"]
    assert left.startswith("EX01 is in maintenance and is skipped: ")


def test_where_maintenance_cannot_be_read_it_takes_a_word(there: There) -> None:
    there.adopt()
    there.change()
    there.host.fault("rbac_without", cmdlet="Get-ServerComponentState")
    writes = len(there.host.writes)
    told = there.restoring.refused(there.file)
    assert "EX01 may be in maintenance and is skipped: " in told
    assert "set ignore_unknown_component to true" in told
    assert len(there.host.writes) == writes
    assert there.restoring.restore(there.file, ignore_unknown_component=True)["changed"] is True


def test_a_mailbox_that_is_gone_is_said_and_the_others_come_back(there: There) -> None:
    there.host.organisation.mailboxes.add("Bert", "bert")
    there.adopt()
    there.change()
    text = there.mailboxes.read_text(encoding="utf-8")
    (line,) = (line for line in text.splitlines() if "bert@contoso.test" in line)
    gone = line.replace(line.split('"')[1], "0c1d3b5e-8a55-4c1b-9f6a-2f4f0a7e2b11").replace("bert@", "gone@")
    there.mailboxes.write_text(text.replace(line, f"{line}\n{gone}"), encoding="utf-8")
    result = there.restoring.restore(there.mailboxes)
    (left,) = result["left"]
    assert left.startswith("Not restored: gone@contoso.test is not a mailbox that Exchange finds; ")
    assert {mailbox.alias: mailbox.allows("pop3") for mailbox in there.host.organisation.mailboxes}["bert"] is True


@pytest.mark.parametrize("what", ["file", "mailboxes"])
def test_only_verifying_changes_nothing(there: There, what: str) -> None:
    there.adopt()
    there.change()
    before, writes = there.state, len(there.host.writes)
    result = there.restoring.restore(getattr(there, what), only_verify=True)
    assert (result["changed"], result["parts"], there.state, len(there.host.writes)) == (False, [], before, writes)


def test_what_adopt_left_out_is_said_again(there: There) -> None:
    there.adopt()
    there.edit("pop3_connector:", "# Not in this file because it could not be read: banner\npop3_connector:")
    assert "Not in this file because it could not be read: banner." in there.restoring.restore(there.file)["left"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("EX01.contoso.test", "EX02.contoso.test", "is for EX02.contoso.test, and the server of this host is "),
        ('version: "15.2', 'version: "15.1', "was written when "),
        ("format: 1", "format: 7", "has format 7"),
        ("adopted_server:", "adopted:", "has no adopted_server"),
        ("pop3_max_connections: ", "pop3_max_connections: -", "pop3_max_connections: "),
        ('pop3_banner: "', 'pop3_banner: "{{ x }}', "pop3_banner: it is a template or encrypted"),
        ('pop3_banner: "', 'pop3_banner: !vault "', "pop3_banner: it is a template or encrypted"),
        ("pop3_banner:", "pop3_banner: [", "is not YAML in line "),
        ("---", "--- hello\n---", "is not YAML in line "),
        ("pop3_banner:", "a: 2024-13-45\npop3_banner:", "is not YAML; use the file"),
        ("pop3_banner:", "a: !!int many\npop3_banner:", "is not YAML; use the file"),
    ],
)
def test_what_is_not_this_servers_file_changes_nothing(there: There, old: str, new: str, said: str) -> None:
    there.adopt()
    there.edit(old, new)
    told = there.restoring.refused(there.file)
    assert told.startswith(f"path: {there.file} ")
    assert said in told
    assert there.host.writes == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist; use a file that the playbook adopt has written."),
        (b"", "contains no variables"),
        (b"- a\n- b\n", "contains no variables"),
        (b"\xff\xfe\x00", "cannot be read: it is not text."),
        (b"$ANSIBLE_VAULT;1.1;AES256\n3162\n", "contains no variables"),
        (b"1: x\n", "contains no variables"),
    ],
)
def test_what_is_no_file_of_variables_asks_nothing_of_the_server(
    there: There, content: bytes | None, said: str
) -> None:
    if content is not None:
        there.file.write_bytes(content)
    told = there.restoring.refused(there.file)
    assert told.startswith(f"path: {there.file} {said}")
    assert there.host.calls == []


def test_a_folder_is_no_file(there: There, tmp_path: Path) -> None:
    assert "cannot be read: Is a directory." in there.restoring.refused(tmp_path)


def test_words_of_the_server_are_taken_as_they_are(there: There) -> None:
    banner = "{{ 'odd' }} # \U0001f600 ü"
    there.host.run("pop_settings", {"banner": banner})
    there.adopt()
    there.host.run("pop_settings", {"banner": "New."})
    there.restoring.restore(there.file)
    assert there.host.state["stored"]["pop3"]["Banner"] == banner
