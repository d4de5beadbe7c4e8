"""What a run has changed, as a table that people read."""

from __future__ import annotations

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.changes import Change, changes, table

DIFFERENCES = {
    "settings": {
        "before": {"banner": "Hello.", "external_connection_settings": [], "x509_certificate_name": None},
        "after": {
            "banner": "POP3 at Contoso is ready, " + "and says so " * 4,
            "external_connection_settings": ["mail.contoso.test:995:SSL", "mail.contoso.test:110:TLS"],
            "x509_certificate_name": "mail.contoso.test",
        },
        "before_header": "POP3 settings of EX01",
    },
    "services": {
        "before": {"MSExchangePop3": {"status": "stopped", "start_mode": "manual"}},
        "after": {"MSExchangePop3": {"status": "running", "start_mode": "manual"}},
    },
    "connector": {"before": {"require_tls": False}, "after": {"require_tls": True}},
}


def test_the_table_has_part_setting_before_and_after() -> None:
    assert table(DIFFERENCES) == [
        "PART       SETTING                       BEFORE   AFTER",
        "settings   banner                        Hello.   POP3 at Contoso is ready, and says so and says",
        "                                                  so and says so and says so",
        "settings   external_connection_settings  -        mail.contoso.test:995:SSL",
        "                                                  mail.contoso.test:110:TLS",
        "settings   x509_certificate_name         -        mail.contoso.test",
        "services   MSExchangePop3 status         stopped  running",
        "connector  require_tls                   false    true",
    ]


def test_what_appears_has_nothing_before() -> None:
    mailboxes = {"after": {"reader@contoso.test": {"pop_enabled": False}}}
    assert list(changes({"mailboxes": mailboxes})) == [
        Change("mailboxes", "reader@contoso.test pop_enabled", None, False)
    ]


@pytest.mark.parametrize("odd", [None, "text", [], {"settings": None}, {"settings": "text"}])
def test_what_is_no_difference_is_refused(odd: object) -> None:
    with pytest.raises(ValueError, match="difference"):
        table(odd)
