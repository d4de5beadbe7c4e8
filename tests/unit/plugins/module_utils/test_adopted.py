"""The variables that reproduce a server."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.adopted import variables


def service(name: str, status: str = "running", mode: str = "automatic") -> dict[str, Any]:
    return {"name": name, "status": status, "start_mode": mode}


def certificate(thumbprint: str, **other: Any) -> dict[str, Any]:
    return {"thumbprint": thumbprint, "services": ["POP"], "days_left": 9, "names": ["mail.contoso.test"], **other}


def info() -> dict[str, Any]:
    settings = {"banner": "{{ 'odd' }}: # ü", "x509_certificate_name": "Mail.contoso.test", "owa_server_url": None}
    return {
        "server": "EX01",
        "fqdn": "ex01.contoso.test\nroot: x",
        "product": "Exchange Server SE",
        "version": "15.2.2562.17",
        "pop3": {
            "services": [service("MSExchangePop3"), service("MSExchangePOP3BE")],
            "settings": settings,
            "unreadable": {"login_type": "text"},
        },
        "imap4": None,
        "certificates": [
            certificate("A" * 40, days_left=-1),
            certificate("B" * 40, services=None),
            certificate("C" * 40, names=["other"]),
            certificate("D" * 40),
            certificate("E" * 40),
        ],
        "connectors": [
            {"name": "Relay", "for_users": False, "settings": {}},
            {
                "name": "Client",
                "for_users": True,
                "settings": {"permission_groups": ["ExchangeUsers", "Custom"], "fqdn": None, "enabled": True},
                "unreadable": {"bindings": "text"},
            },
        ],
    }


def test_all_that_was_read_is_in_the_file() -> None:
    assert variables(info()).splitlines() == [
        "---",
        "# ex01.contoso.test?root: x, Exchange Server SE (15.2.2562.17), as read. With this file, the roles "
        "change nothing.",
        "adopted_server:",
        "  format: 1",
        '  fqdn: "ex01.contoso.test\\nroot: x"',
        '  version: "15.2.2562.17"',
        '  pop3: {"services": [{"name": "MSExchangePop3", "status": "running", "start_mode": "automatic"}, '
        '{"name": "MSExchangePOP3BE", "status": "running", "start_mode": "automatic"}], "assigned": null}',
        "",
        "pop3_start_mode: automatic",
        "pop3_banner: !unsafe \"{{ 'odd' }}: # \\u00fc\"",
        'pop3_x509_certificate_name: "Mail.contoso.test"',
        "# Not in this file because it could not be read: login_type",
        f'pop3_certificate: {{"thumbprint": "{"D" * 40}"}}',
        "pop3_connector:",
        '  name: "Client"',
        "  enabled: true",
        '  permission_groups: ["ExchangeUsers"]',
        "# Connector settings not in this file because it cannot be set: Custom in permission_groups",
        "# Connector settings not in this file because it could not be read: bindings",
    ]


@pytest.mark.parametrize(
    "services",
    [
        [service("One"), service("Two", "stopped")],
        [service("One"), service("Two", mode="manual")],
        [service("One", mode="disabled")],
        [],
    ],
)
def test_services_that_do_not_run_alike_are_left_alone(services: list[dict[str, Any]]) -> None:
    told = info()
    told["pop3"]["services"] = services
    lines = variables(told).splitlines()
    named = "; ".join(f"{one['name']} {one['status']}, start mode {one['start_mode']}" for one in services)
    assert lines[8:10] == [f"# Services: {named}", "pop3_manage_services: false"]


@pytest.mark.parametrize("stored", ["https://mail.contoso.test/owa//", "https://mail.contoso.test/owa/?x=%26"])
def test_an_address_that_no_task_takes_is_left_out(stored: str) -> None:
    told = info()
    told["pop3"]["settings"]["owa_server_url"] = stored
    lines = variables(told).splitlines()
    assert "# Not in this file because no task accepts the stored value: owa_server_url" in lines
    assert not any(line.startswith("pop3_owa_server_url") for line in lines)
    told["pop3"]["settings"]["owa_server_url"] = "https://mail.contoso.test/owa/"
    assert 'pop3_owa_server_url: "https://mail.contoso.test/owa/"' in variables(told).splitlines()


def test_what_the_server_has_and_no_task_takes_is_left_out() -> None:
    told = info()
    told["pop3"]["settings"] |= {"banner": "two\nlines", "max_connections": 0}
    told["connectors"][1]["settings"]["connection_timeout"] = "2.00:00:00"
    lines = variables(told).splitlines()
    assert "# Not in this file because no task accepts the stored value: banner, max_connections" in lines
    assert "# Connector settings not in this file because no task accepts the stored value: connection_timeout" in lines
    assert "# Connector settings not in this file because it cannot be set: Custom in permission_groups" in lines
    assert not any(re.match(r" *(pop3_banner|pop3_max_connections|connection_timeout):", line) for line in lines)


def test_a_certificate_that_may_be_assigned_is_said_to_be_left_out() -> None:
    told = info()
    told["certificates"] = told["certificates"][:3]
    told["findings"] = [
        {"id": "certificate-weak", "found": "It is weak.", "fix": "Renew it."},
        {"id": "certificate-services-unreadable", "found": "It is left out.", "fix": "Ask for it."},
    ]
    assert (
        "# Not in this file because it is not known which certificate is assigned: pop3_certificate. It is "
        "left out. Ask for it." in variables(told).splitlines()
    )
    # No certificate for the name, and none that could be assigned.
    told["certificates"] = [certificate("B" * 40, services=None, names=["other"]), certificate("D" * 40, services=[])]
    assert "pop3_certificate" not in variables(told)
    told["certificates"] = None
    assert "# Not in this file because the certificates were not read: pop3_certificate" in variables(told)


def test_of_several_connectors_of_users_none_is_taken_which_is_said() -> None:
    told = info()
    told["connectors"] *= 2
    lines = variables(told).splitlines()
    assert "# Not in this file because users send through several: pop3_connector (Client, Client)" in lines
    assert "pop3_connector:" not in lines
    told["connectors"] = told["certificates"] = None
    lines = variables(told).splitlines()
    assert "# Not in this file because the connectors were not read: pop3_connector" in lines
    assert "pop3_connector:" not in lines
    told["connectors"] = []
    assert "connector" not in variables(told)


ALIKE = [
    {
        "settings": {"pop_enabled": True, "imap_enabled": False},
        "mailboxes": {"b" * 8: "bert@contoso.test", "a" * 8: "{{ anna }}@contoso.test"},
    },
    {"settings": {"pop_enabled": False, "imap_enabled": False}, "mailboxes": {"c" * 8: "cleo@contoso.test"}},
]


def access(**more: Any) -> dict[str, Any]:
    return {"server": "EX01", "all": True, "alike": ALIKE, "not_found": {}, "unreadable": [], **more}


OF_ALL = "map(attribute='mailboxes') | map('list') | flatten"
GIVEN = f"{{{{ adopted_mailboxes.alike | selectattr('settings.pop_enabled') | {OF_ALL} }}}}"


def test_all_mailboxes_are_an_allow_list_for_the_roles() -> None:
    text = variables(access())
    assert text.splitlines() == [
        "---",
        "# Client access to 3 mailboxes, as read from EX01.",
        "# With this file, the roles change nothing now, and later remove access from mailboxes that are not in it.",
        "adopted_mailboxes:",
        "  format: 1",
        "  alike:",
        '    - settings: {"pop_enabled": true, "imap_enabled": false}',
        "      mailboxes:",
        '        "bbbbbbbb": "bert@contoso.test"',
        '        "aaaaaaaa": !unsafe "{{ anna }}@contoso.test"',
        '    - settings: {"pop_enabled": false, "imap_enabled": false}',
        "      mailboxes:",
        '        "cccccccc": "cleo@contoso.test"',
        "pop3_mailboxes:",
        "  exclusive: true",
        f'  identities: "{GIVEN}"',
        "imap4_mailboxes:",
        "  enabled: false",
        '  filter: "ImapEnabled -eq $true"',
    ]


@pytest.mark.parametrize("part", [{"all": False}, {"unreadable": ["dora@contoso.test"]}], ids=str)
def test_of_some_mailboxes_only_who_has_access_is_given_to_the_roles(part: dict[str, Any]) -> None:
    text = variables(access(**part))
    read = yaml.safe_load(text.replace("!unsafe ", ""))
    assert read["pop3_mailboxes"] == {"identities": GIVEN}
    assert "imap4_mailboxes" not in read
    assert ("# Not in this file because it could not be read: dora@contoso.test" in text) is ("unreadable" in part)


def test_an_organization_without_mailboxes() -> None:
    assert yaml.safe_load(variables(access(alike=[])))["adopted_mailboxes"] == {"format": 1, "alike": []}


@pytest.mark.parametrize("odd", [None, "text", [], {}, {"server": 1}])
def test_what_is_no_result_is_refused(odd: object) -> None:
    with pytest.raises(ValueError, match="client_access_info"):
        variables(odd)
