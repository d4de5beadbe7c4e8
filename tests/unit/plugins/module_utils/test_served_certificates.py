"""Which certificate a service shows, against the one it should: what proves a forgotten restart, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.restarts import Judgement
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.served_certificates import judge, tls_port
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import Certificate

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
MAIL = "mail.contoso.test"
OLD = Certificate(
    thumbprint="0" * 40,
    subject=f"CN={MAIL}",
    issuer="CN=Contoso Issuing CA",
    names=(MAIL,),
    not_before=NOW - timedelta(days=300),
    not_after=NOW + timedelta(days=60),
    key="RSA 2048",
    weakness=None,
    services=frozenset({"POP"}),
)
NEW = replace(OLD, thumbprint="1" * 40, not_before=NOW - timedelta(days=10), not_after=NOW + timedelta(days=350))
OTHER = replace(NEW, thumbprint="2" * 40, names=("ex01",))
WILDCARD = replace(NEW, thumbprint="3" * 40, names=("*.contoso.test",), services=frozenset())
# Its subject keeps it from being assigned, and by the name beside that it may be found all the same.
BESIDE = replace(
    WILDCARD, thumbprint="5" * 40, names=("*.contoso.test", MAIL), common_names=("*.contoso.test",), not_before=NOW
)
EXPIRED = replace(OLD, not_after=NOW - timedelta(days=1))
UNASSIGNED = replace(NEW, services=frozenset({"IIS"}))


def answer(certificates, served=None, *, answer="no", name=MAIL):
    stood = Judgement(answer, "It was looked at.")
    judged = judge(stood, certificates, "POP", name, served and served.thumbprint, NOW)
    assert judged.reason.endswith(".")
    assert (judged == stood) is (judged.answer == answer)
    return judged.answer


@pytest.mark.parametrize(
    ("certificates", "served"),
    [
        ([OLD, NEW], OLD),
        ([EXPIRED, NEW], EXPIRED),
        ([replace(WILDCARD, not_after=NOW - timedelta(days=1)), OLD], WILDCARD),
        # What the name does not lead to.
        ([OTHER, NEW], OTHER),
        ([OTHER, WILDCARD], OTHER),
        ([replace(OLD, services=frozenset()), NEW], OLD),
        ([replace(OLD, names=("*.contoso.test",)), WILDCARD], OLD),
        ([replace(BESIDE, not_before=NOW - timedelta(days=9), thumbprint=OLD.thumbprint), BESIDE], OLD),
    ],
)
def test_another_certificate_than_a_service_finds_now_is_proof(certificates, served):
    assert answer(certificates, served) == "yes"
    assert answer(certificates, served, answer="unknown") == "yes"


@pytest.mark.parametrize(
    ("certificates", "served"),
    [
        ([OLD, NEW], NEW),
        ([OLD, UNASSIGNED], OLD),
        # None of this server's: something else answers there. Or nothing does.
        ([NEW], OLD),
        ([OLD, NEW], None),
        # Exchange may prefer what it shows, for all that is known.
        ([WILDCARD, OLD], WILDCARD),
        ([OLD, WILDCARD], OLD),
        ([replace(NEW, subject="x", issuer="x"), OLD], NEW),
        ([replace(UNASSIGNED, names=("*.contoso.test", MAIL)), OLD], UNASSIGNED),
        ([OLD, BESIDE], OLD),
        ([OLD, BESIDE], BESIDE),
        ([WILDCARD, BESIDE], WILDCARD),
        ([OLD, NEW, replace(NEW, thumbprint="4" * 40)], OLD),
        # Nothing to be found, or not to be known.
        ([OTHER], OTHER),
        ([OTHER, UNASSIGNED], OTHER),
        ([OLD, replace(NEW, services=None)], OLD),
        ([OLD, replace(NEW, not_before=NOW + timedelta(days=1))], OLD),
        ([OLD, replace(NEW, has_private_key=False)], OLD),
        ([], OLD),
    ],
)
def test_what_could_be_meant_so_is_no_proof(certificates, served):
    assert answer(certificates, served) == "no"


def test_what_is_certain_already_stays_with_its_reason():
    assert answer([OLD, NEW], OLD, answer="yes") == "yes"


@pytest.mark.parametrize(
    ("bindings", "port"),
    [
        (("0.0.0.0:995", "[::]:995"), 995),
        (("127.0.0.1:1995", "[::1]:2995", "10.0.0.1:995"), 995),
        (("127.0.0.1:995",), None),
        (("odd", "0.0.0.0:0", "0.0.0.0:99999"), None),
        ((), None),
    ],
)
def test_the_port_that_clients_use(bindings, port):
    assert tls_port(bindings) == port
