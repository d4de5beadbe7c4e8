"""The files for programs, read by the maintained readers of their formats."""

from __future__ import annotations

from pathlib import Path

import dns.rdatatype
import dns.zone
import pytest
from handouts import HOSTILE, STARTTLS, server, troubled
from lxml import etree
from needed import SHARED, do_without

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.autoconfig import document
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.dns_records import zone
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout import (
    SIDES,
    TRIED,
    Handout,
    Trial,
    handout,
    told_by,
)

GRAMMAR = Path(__file__).resolve().parents[5] / "shared" / "schemas" / "autoconfig.rng"


def handed(name: str) -> Handout:
    told = told_by({"plain": [server()], "troubled": troubled()}[name])
    return handout(told, dict.fromkeys(told.to_try, Trial(TRIED)), ["contoso.com", "contoso.de"], "%EMAILADDRESS%")


@pytest.fixture(scope="module")
def grammar() -> etree.RelaxNG:
    if not GRAMMAR.is_file():
        do_without(SHARED, f"there is no schema at {GRAMMAR}")
    return etree.RelaxNG(etree.parse(GRAMMAR))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", ["plain", "troubled"])
def test_autoconfig_is_valid(grammar: etree.RelaxNG, name: str, side: str) -> None:
    written = document(handed(name), side)
    assert written is not None
    grammar.assertValid(etree.fromstring(written))
    # The grammar would let another name pass, as an extension, but not a port that is none.
    assert not grammar.validate(etree.fromstring(written.replace(b"<port>587<", b"<port>0<")))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", ["plain", "troubled"])
def test_the_records_are_those_of_a_zone(name: str, side: str) -> None:
    text = zone(handed(name), side).decode()
    read = dns.zone.from_text(f"$TTL 3600\n{text}", origin="contoso.com.", relativize=False, check_origin=False)
    found = {
        (str(owner), rdata.priority, rdata.port, str(rdata.target))
        for owner, _ttl, rdata in read.iterate_rdatas(dns.rdatatype.SRV)
    }
    assert ("_submission._tcp.contoso.com.", 10, 587, "mail.contoso.com.") in found
    assert (("_submissions._tcp.contoso.com.", 0, 0, ".") in found) is (name == "plain")


def test_no_record_is_a_servers() -> None:
    evil = [server(smtp=[(HOSTILE, 587, STARTTLS), ("mail.contoso.com\n@ IN MX 0 evil.example.", 587, STARTTLS)])]
    told = told_by(evil)
    text = zone(handout(told, {}, ["contoso.com"], "%EMAILADDRESS%"), "external").decode()
    assert "evil" not in text
