"""Conversions of arguments: every spelling of a value means the same, and what is none is refused."""

from __future__ import annotations

import datetime
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psrpcore.types import PSDict, PSInt, PSList, PSString

from exchange_simulator.catalogue.kinds import Kind, Parameter
from exchange_simulator.catalogue.settings import SETTINGS
from exchange_simulator.values import (
    Binding,
    ByteSize,
    ConnectionSetting,
    ConversionFailed,
    ListEdit,
    TimeSpan,
    convert,
    identity,
)

_ENUMS = [setting for setting in SETTINGS if setting.enum is not None]


@given(st.integers(min_value=-(10**17), max_value=10**17))
def test_a_time_span_reads_its_own_text(ticks: int) -> None:
    assert TimeSpan.parse(str(TimeSpan(ticks))) == TimeSpan(ticks)


@given(st.timedeltas(min_value=datetime.timedelta(0), max_value=datetime.timedelta(days=10_000)))
def test_a_time_span_may_come_as_one(value: datetime.timedelta) -> None:
    span = convert(Parameter("X", Kind.TIME_SPAN), value)
    assert span.ticks == value // datetime.timedelta(microseconds=1) * 10


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1", 86_400),
        ("1:00", 3600),
        ("00:30", 1800),
        ("0:30:00", 1800),
        ("1:00:00", 3600),
        ("1.00:00:00", 86_400),
        ("1:00:00:00", 86_400),
        ("90", 90 * 86_400),
        ("-0:00:01", -1),
        ("00:00:00.5", 0.5),
    ],
)
def test_time_spans_as_dot_net_reads_them(text: str, seconds: float) -> None:
    assert TimeSpan.parse(text).ticks == seconds * 10_000_000


@pytest.mark.parametrize("text", ["abc", "25:00:00", "00:60", "00:00:60", "", "1:", "00:00:00.12345678"])
def test_what_is_no_time_span(text: str) -> None:
    with pytest.raises(ConversionFailed):
        TimeSpan.parse(text)


@given(st.integers(min_value=1024, max_value=2**60), st.sampled_from(["", " B", "B"]))
def test_bytes_are_bytes(count: int, unit: str) -> None:
    assert ByteSize.parse(f"{count}{unit}") == ByteSize(count)
    assert ByteSize.parse(str(ByteSize(count))) == ByteSize(count)


@given(st.integers(min_value=0, max_value=2000), st.sampled_from([("KB", 10), ("MB", 20), ("GB", 30), ("TB", 40)]))
def test_units_are_powers_of_1024(count: int, unit: tuple[str, int]) -> None:
    name, power = unit
    assert ByteSize.parse(f"{count} {name.lower()}") == ByteSize.parse(f"{count}{name}") == ByteSize(count << power)


def test_particular_byte_sizes() -> None:
    assert str(ByteSize.parse("2097152")) == "2 MB (2,097,152 bytes)"
    assert str(ByteSize.parse("0")) == "0 B (0 bytes)"
    assert str(ByteSize.parse("UNLIMITED")) == "Unlimited"
    # Small values without a unit are rounded up to a kilobyte; with a unit they are meant.
    assert ByteSize.parse("500") == ByteSize(1024)
    assert ByteSize.parse("500B") == ByteSize(500)


@pytest.mark.parametrize("text", ["10 XB", "-1", "1.5", "", "many", str(2**64)])
def test_what_is_no_byte_size(text: str) -> None:
    with pytest.raises(ConversionFailed):
        ByteSize.parse(text)


@given(st.ip_addresses(), st.integers(min_value=0, max_value=65535))
def test_bindings(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> None:
    binding = Binding(address, port)
    assert Binding.parse(str(binding)) == binding
    if address.version == 6:
        assert Binding.parse(f"[{address.exploded.upper()}]:{port}") == binding


@pytest.mark.parametrize("text", ["0.0.0.0", "[::1:995", "0.0.0.0:65536", "host:25", "::]:25", "0.0.0.0:-1", ":"])
def test_what_is_no_binding(text: str) -> None:
    with pytest.raises(ConversionFailed):
        Binding.parse(text)


@given(
    st.from_regex(r"[a-z0-9-]{1,20}(\.[a-z0-9-]{1,20}){0,3}", fullmatch=True),
    st.integers(min_value=0, max_value=65535),
    st.sampled_from(["", ":", ":SSL", ":ssl", ":Tls"]),
)
def test_connection_settings(host: str, port: int, method: str) -> None:
    parsed = ConnectionSetting.parse(f"{host}:{port}{method}")
    assert parsed == ConnectionSetting(host, port, method.strip(":").upper() or None)
    assert ConnectionSetting.parse(str(parsed)) == parsed


@pytest.mark.parametrize("text", ["mail.contoso.com", "mail:99999:SSL", "mail:995:SSLv3", "mail:995:SSL:x", ":995"])
def test_what_is_no_connection_setting(text: str) -> None:
    with pytest.raises(ConversionFailed):
        ConnectionSetting.parse(text)


@pytest.mark.parametrize("setting", _ENUMS, ids=lambda setting: setting.name)
@given(data=st.data())
def test_enumerations_by_name_number_and_numeric_text(setting: object, data: st.DataObject) -> None:
    assert isinstance(setting, type(SETTINGS[0]))
    assert setting.enum is not None
    name = data.draw(st.sampled_from(sorted(setting.enum.members)))
    number = setting.enum.number(name)
    parameter = setting.parameter(next(iter(setting.defaults)))
    spellings = [name, name.upper(), name.lower(), number, str(number), PSString(name), PSInt(number)]
    assert convert(parameter, data.draw(st.sampled_from(spellings))) == name


def test_the_beginning_of_a_name_is_enough_if_it_is_the_only_one() -> None:
    parameters = {one.name: one.parameter("pop3") for one in _ENUMS if "pop3" in one.defaults}
    assert convert(parameters["LoginType"], "secure") == "SecureLogin"
    # A whole name counts although another member begins with it.
    assert convert(parameters["MessageRetrievalMimeFormat"], "htmlonly") == "HtmlOnly"
    with pytest.raises(ConversionFailed):
        convert(parameters["MessageRetrievalMimeFormat"], "TextEnriched")


@pytest.mark.parametrize("value", ["Secure Login", "PlainText", "", 9, "9", None, True, ["SecureLogin"]])
def test_what_is_no_login_type(value: object) -> None:
    setting = next(one for one in SETTINGS if one.name == "LoginType")
    with pytest.raises(ConversionFailed):
        convert(setting.parameter("pop3"), value)


def test_booleans_are_not_texts() -> None:
    parameter = Parameter("X", Kind.BOOLEAN)
    assert [convert(parameter, value) for value in (True, False, 1, 0)] == [True, False, True, False]
    with pytest.raises(ConversionFailed):
        convert(parameter, "true")


@pytest.mark.parametrize("value", ["x", "1.5.0", 2**31, -(2**31) - 1, "99999999999"])
def test_what_is_no_int32(value: object) -> None:
    with pytest.raises(ConversionFailed):
        convert(Parameter("X", Kind.INT32), value)


def test_a_list_replaces_and_a_dictionary_edits() -> None:
    parameter = Parameter("X", Kind.BINDINGS)
    old = convert(parameter, PSList([PSString("0.0.0.0:995"), "[::]:995"]))
    assert [str(one) for one in old] == ["0.0.0.0:995", "[::]:995"]
    assert convert(parameter, None) == ()
    edit = convert(parameter, PSDict({"add": "0.0.0.0:1995", "Remove": ["[0:0::0]:995"]}))
    assert isinstance(edit, ListEdit)
    assert [str(one) for one in edit.apply(old)] == ["0.0.0.0:995", "0.0.0.0:1995"]
    with pytest.raises(ConversionFailed):
        convert(parameter, {"Set": "0.0.0.0:1"})
    with pytest.raises(ConversionFailed):
        convert(parameter, ["[::]:995", "[0::0]:995"])


def test_what_counts_as_the_same() -> None:
    one, two = ConnectionSetting.parse("Mail:1:SSL"), ConnectionSetting.parse("mail:1:ssl")
    other = ConnectionSetting.parse("mail:1")
    assert identity((one, other)) == identity((other, two))
    assert identity((one,)) != identity((other,))
