"""Which mails are ours, and what is said of those that are not."""

from __future__ import annotations

from typing import Any

import pytest
from application_mailbox import account, reply

from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.headers import Headers
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.ours import Judge, Verdict


def verdict(mail: bytes, *given: str, **options: Any) -> Verdict:
    header = mail.partition(b"\r\n\r\n")[0]
    return Judge(account(**options), given).verdict(Headers(header), len(mail))


TAGGED = {"message_ids": [], "subject_tag": "task"}
PLUS = {"message_ids": [], "plus_addressing": True}
TRUSTED = {"trusted_authserv_id": "mx.contoso.test"}
OURS: dict[str, tuple[dict[str, str], dict[str, Any], str | None]] = {
    "In-Reply-To": ({}, {}, None),
    "References": ({"In_Reply_To": "", "References": "<x@y>\n <task-9@app.contoso.test>"}, {}, None),
    "one id": ({}, {"message_ids": ["<task-1@app.contoso.test>"]}, None),
    "tag in the subject": ({"In_Reply_To": "", "Subject": "Re: [TASK:17] Do it"}, TAGGED, "17"),
    "tag in an encoded subject": ({"In_Reply_To": "", "Subject": "=?utf-8?q?Re:_=5Btask:17=5D?="}, TAGGED, "17"),
    "tag in the address": ({"In_Reply_To": "", "To": "Other <x@y.test>, App <App+17@contoso.test>"}, PLUS, "17"),
    "sender's domain": ({}, {"allowed_senders": ["@Contoso.test"]}, None),
    "everybody": ({"From": "x@y.test"}, {"allowed_senders": ["*"]}, None),
    "Auto-Submitted: no": ({"Auto_Submitted": "no"}, {}, None),
    "DMARC": ({"Authentication_Results": "mx.contoso.test; dmarc=pass header.from=contoso.test"}, TRUSTED, None),
    "DKIM": ({"Authentication_Results": "MX.contoso.test 1; dkim=pass (ok) header.d=contoso.test"}, TRUSTED, None),
    "SPF": ({"Authentication_Results": "mx.contoso.test; spf=pass smtp.mailfrom=anna@contoso.test"}, TRUSTED, None),
}


@pytest.mark.parametrize(("fields", "options", "tag"), OURS.values(), ids=list(OURS))
def test_ours(fields: dict[str, str], options: dict[str, Any], tag: str | None) -> None:
    found = verdict(reply(1, **fields), **options)
    assert (found.ours, found.tag) == (True, tag), found.why


OTHERS: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "no answer": ({"In_Reply_To": ""}, {}, "does not reply to a given message"),
    "answers another": ({"In_Reply_To": "<task-1@other.test>"}, {}, "does not reply to a given message"),
    "plus addressing is off": (
        {"In_Reply_To": "", "To": "app+17@contoso.test"},
        {},
        "does not reply to a given message",
    ),
    "plus of another address": (
        {"In_Reply_To": "", "To": "x-app+17@contoso.test"},
        PLUS,
        "does not reply to a given message",
    ),
    "another tag": ({"In_Reply_To": "", "Subject": "[task 17]"}, TAGGED, "does not reply to a given message"),
    "another sender": ({"From": "eve@evil.test"}, {}, "eve@evil.test is not among allowed_senders"),
    "a sender in the name": ({"From": '"anna@contoso.test" <eve@evil.test>'}, {}, "eve@evil.test is not among"),
    "two senders": ({"From": "anna@contoso.test, eve@evil.test"}, {}, "exactly one"),
    "two fields From": ({"From": "anna@contoso.test\nFrom: eve@evil.test"}, {}, "exactly one"),
    # CVE-2023-27043: readers that disagree about whose address it is.
    "an address in two": ({"From": "eve@evil.test)anna@contoso.test"}, {}, "exactly one"),
    "an address behind one": ({"From": "<anna@contoso.test>eve@evil.test"}, {}, "exactly one"),
    "itself": ({"From": "app@contoso.test"}, {"allowed_senders": ["*"]}, "this mailbox itself"),
    "a vacation": (
        {"Auto_Submitted": "auto-replied; owner-email=x"},
        {},
        "automatic reply (Auto-Submitted: auto-replied)",
    ),
    "null sender": ({"Return_Path": "<>"}, {}, "Return-Path: <>"),
    "a report": ({"Content_Type": "multipart/report; report-type=delivery-status"}, {}, "report of a mail server"),
    "bulk": ({"Precedence": "bulk"}, {}, "Precedence: bulk"),
    "a list": ({"List_Id": "<all.contoso.test>"}, {}, "mailing list"),
    "X-Autoreply": ({"X_Autoreply": "yes"}, {}, "automatic reply"),
    "too large": ({"X": "y" * 2000}, {"max_size": "1"}, ""),
    "no results": ({}, TRUSTED, "has no Authentication-Results of mx.contoso.test"),
    "results of another": (
        {"Authentication_Results": "evil.test; dmarc=pass"},
        TRUSTED,
        "has no Authentication-Results",
    ),
    "failed": (
        {"Authentication_Results": "mx.contoso.test; spf=fail smtp.mailfrom=contoso.test; dmarc=fail"},
        TRUSTED,
        "spf=fail, dmarc=fail",
    ),
    "of another domain": (
        {"Authentication_Results": "mx.contoso.test; dkim=pass header.d=evil.test"},
        TRUSTED,
        "dkim=pass for evil.test",
    ),
    "forged below": (
        {"Authentication_Results": "mx.contoso.test; dmarc=fail\nAuthentication-Results: mx.contoso.test; dmarc=pass"},
        TRUSTED,
        "dmarc=fail",
    ),
    "pass in a comment": (
        {"Authentication_Results": "mx.contoso.test; dmarc=fail (; dmarc=pass)"},
        TRUSTED,
        "dmarc=fail",
    ),
}


@pytest.mark.parametrize(("fields", "options", "why"), OTHERS.values(), ids=list(OTHERS))
def test_not_ours(fields: dict[str, str], options: dict[str, Any], why: str) -> None:
    if why:
        found = verdict(reply(1, **fields), **options)
    else:
        found = Judge(account(**options)).verdict(Headers(reply(1)), (1 << 20) + 1)
        why = "1048577 bytes"
    assert not found.ours
    assert why in found.why
    assert "\n" not in found.why


def test_ids_that_the_application_wrote_down() -> None:
    options = {"message_ids": [], "message_ids_file": "/ids"}
    assert verdict(reply(1), "<task-1@app.contoso.test>", **options).ours
    assert not verdict(reply(1), "<task-2@app.contoso.test>", **options).ours
