"""Hosts as users write them."""

from __future__ import annotations

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils._host.addresses import address_in, bracketed


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("10.1.0.11", "10.1.0.11"),
        ("::1", "::1"),
        ("[2001:db8::5]", "2001:db8::5"),
        ("[10.1.0.11]", None),
        ("[::1", None),
        ("[::1]:443", None),
        ("ex01.contoso.test", None),
        ("2001:db8::5::", None),
        ("", None),
    ],
)
def test_address(written: str, address: str | None) -> None:
    assert address_in(written) == address


@pytest.mark.parametrize(("written", "zone"), [("fe80::1%eth0", "eth0"), ("[fe80::1%25eth0]", "25eth0")])
def test_a_zone_is_named(written: str, zone: str) -> None:
    with pytest.raises(
        ValueError, match=f"^'.*' has the zone id {zone}, which names a network interface of a single machine"
    ):
        address_in(written)


@pytest.mark.parametrize(("host", "before_a_port"), [("::1", "[::1]"), ("10.1.0.11", "10.1.0.11"), ("ex01", "ex01")])
def test_before_a_port(host: str, before_a_port: str) -> None:
    assert bracketed(host) == before_a_port
