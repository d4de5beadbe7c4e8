"""Whether a server is as a role was to make it, and what stops a role before it begins."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.accepted import Acceptance
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.hindrances import Concern, told
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.verification import Verification, sentence

WHOLE = Concern(["certificate", "connector", "restart", "services", "banner"])
CHANGED = {"changed": True, "diff": {}}
SERVED, OTHER = "A" * 40, "B" * 40


def finding(
    kind: str, severity: str = "error", protocol: str | None = "pop3", fixed_by: tuple[str, ...] = ()
) -> dict[str, Any]:
    told = {"found": f"{kind} is seen.", "why": "It matters.", "fix": "Mend it.", "fixed_by": list(fixed_by)}
    return {"id": kind, "severity": severity, "protocol": protocol, **told}


def seen(*findings: dict[str, Any], status: str = "running", owed: str = "no", **settings: Any) -> dict[str, Any]:
    return {
        "server": "EX01",
        "findings": list(findings),
        "pop3": {
            "services": [{"name": "MSExchangePop3", "status": status}],
            "settings": settings,
            "restart_owed": owed,
            "restart_reason": "The settings were changed after a service started.",
            "served_certificate": SERVED,
        },
    }


def wrong(
    look: dict[str, Any], results: Any = (), *, present: bool = True, check: bool = False, concern: Concern = WHOLE
) -> list[str]:
    return Verification(look, "pop3", present, dict(results), concern, check_mode=check).wrong()


def test_a_server_as_it_was_told_to_be() -> None:
    stored = {"settings": {"banner": "Hello."}, "changed": False}
    assert wrong(seen(banner="Hello."), {"settings": stored}) == []
    assert wrong(seen(status="stopped", owed="yes"), present=False) == []


def test_everything_that_is_not_is_named_in_one_sentence() -> None:
    look = seen(finding("x509-name-not-covered"), status="stopped", owed="yes", banner="Bye.", login_type="SecureLogin")
    results = {"settings": {"changed": True, "settings": {"banner": "Hello.", "login_type": "SecureLogin"}}}
    assert sentence("EX01", wrong(look, {**results, "restart": CHANGED})) == (
        'EX01 is not as desired: banner is "Bye." instead of "Hello."; '
        "the service MSExchangePop3 is stopped and not running; "
        "a restart of the POP3 services is still owed, although they have just been restarted "
        "(The settings were changed after a service started); "
        "x509-name-not-covered: x509-name-not-covered is seen (Mend it)."
    )


def test_only_what_was_given_is_compared() -> None:
    """Others may change what nobody gave, even between the role's writing and its verification."""
    stored = {"settings": {"changed": True, "settings": {"banner": "Hello.", "login_type": "SecureLogin"}}}
    elsewhere = seen(banner="Hello.", login_type="PlainTextLogin", max_connections=5)
    assert wrong(elsewhere, stored) == []
    assert wrong(elsewhere, stored, concern=Concern(["login_type", "max_connections"])) == [
        'login_type is "PlainTextLogin" instead of "SecureLogin"'
    ]
    # A setting that can no longer be read is not as it was told to be either.
    assert wrong(seen(), stored) == ['banner is null instead of "Hello."']


def assignment(thumbprint: str, changed: bool = False, reason: str | None = "It is left out; ask.") -> dict[str, Any]:
    shown = {"thumbprint": thumbprint}
    return {"certificate": {"changed": changed, "certificate": shown, "assigned_reason": reason}}


@pytest.mark.parametrize("check", [False, True])
def test_an_assignment_that_is_not_known_is_named_with_the_ways_out(check: bool) -> None:
    unreadable = finding("certificate-services-unreadable", "warning", None)
    verification = Verification(seen(unreadable), "pop3", True, assignment(OTHER), WHOLE, check_mode=check)
    assert verification.wrong() == [
        f"whether the certificate {OTHER} is assigned to POP is not known, and clients are shown {SERVED} (It is "
        "left out; ask, or set pop3_certificate: {assign_when_services_unknown: true})"
    ]
    assert verification.beside() == []


@pytest.mark.parametrize(
    "results",
    [assignment(SERVED), assignment(OTHER, reason=None), assignment(OTHER, changed=True), {"certificate": {}}],
    ids=["served", "known", "assigned again", "no part of the run"],
)
def test_an_assignment_that_is_shown_known_or_made_again_is_not(results: dict[str, Any]) -> None:
    unreadable = finding("certificate-services-unreadable", "warning", None)
    verification = Verification(seen(unreadable), "pop3", True, results, WHOLE)
    assert verification.wrong() == []
    assert verification.beside() == [unreadable]


def test_what_is_told_already_is_not_told_as_a_finding() -> None:
    look = seen(finding("service-not-running"), finding("restart-owed"), status="stopped", owed="yes")
    assert len(wrong(look)) == 2
    assert len(wrong(look, concern=Concern([]))) == 2
    started = seen(finding("service-not-automatic"))
    assert wrong(started) == ["service-not-automatic: service-not-automatic is seen (Mend it)"]


def test_check_mode_verifies_what_was_left_as_it_is() -> None:
    settings = {"changed": True, "settings": {"banner": "Hello."}}
    look = seen(finding("x509-name-not-covered"), status="stopped", owed="yes", banner="Bye.")
    undone = {"settings": settings, "services": CHANGED, "restart": CHANGED}
    assert wrong(look, undone, check=True) == []
    assert len(wrong(look, undone)) == 4
    assert len(wrong(look, {"services": CHANGED}, check=True)) == 1
    assert len(wrong(look, {}, check=True)) == 3


def test_absent_services_are_stopped() -> None:
    assert wrong(seen(finding("some")), present=False) == ["the service MSExchangePop3 is running and not stopped"]
    assert wrong(seen(), present=False, concern=Concern([])) == []
    assert wrong(seen(), {"services": CHANGED}, present=False, check=True) == []


@pytest.mark.parametrize(
    ("found", "managed", "hinders", "curable"),
    [
        (
            finding(
                "loopback-not-bound",
                fixed_by=(
                    "ssl_bindings",
                    "unencrypted_or_tls_bindings",
                ),
            ),
            [],
            True,
            False,
        ),
        (
            finding(
                "loopback-not-bound",
                fixed_by=(
                    "ssl_bindings",
                    "unencrypted_or_tls_bindings",
                ),
            ),
            ["ssl_bindings"],
            True,
            True,
        ),
        (finding("loopback-not-bound", "warning"), [], False, False),
        (finding("certificate-not-assigned", fixed_by=("certificate",)), [], False, False),
        (finding("certificate-not-assigned", fixed_by=("certificate",)), ["certificate"], True, True),
        (finding("connector-disabled", protocol="smtp", fixed_by=("connector",)), ["certificate"], False, False),
        (finding("connector-disabled", protocol="smtp", fixed_by=("connector",)), ["connector"], True, True),
        (finding("something-of-smtp", protocol="smtp"), ["connector"], True, False),
        (finding("service-not-running", fixed_by=("services",)), ["services"], True, True),
        (finding("server-unsupported", protocol=None), ["services"], True, False),
    ],
)
def test_what_is_in_the_way(found: dict[str, Any], managed: list[str], hinders: bool, curable: bool) -> None:
    concern = Concern(managed)
    assert bool(concern.hindering([found])) is hinders
    assert bool(concern.incurable([found])) is (hinders and not curable)
    assert concern.beside([found]) == ([] if hinders else [found])
    accepted = Concern(managed, [Acceptance(found["id"])])
    assert accepted.hindering([found]) == accepted.incurable([found]) == accepted.beside([found]) == []


def test_notices_are_not_told() -> None:
    assert Concern([]).beside([finding("some", "notice")]) == []
    assert told(finding("some")) == "some: some is seen. It matters. Mend it."
