"""What may come in a value's place, as CLIXML: each kind reads it right or says that it cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable, wire_name
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.certificates import (
    CertificateIdentifier,
    CertificateName,
    Thumbprint,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import (
    ConnectorName,
    Fqdn,
    FriendlyName,
    HostName,
    Identity,
    SingleLine,
    Text,
    WindowsPath,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.web import WebAddress
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import POP3
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import to_plain

KINDS = {setting.option: setting.kind for setting in (*POP3.settings, *CONNECTOR_SETTINGS)}
BOOL, NUMBER, TEXT, LOGIN = (KINDS[o] for o in ("require_tls", "max_connections", "banner", "login_type"))
SPAN, SIZE, RATE = (KINDS[o] for o in ("connection_timeout", "log_per_file_size_quota", "message_rate_limit"))
BINDINGS, CONNECTIONS = KINDS["ssl_bindings"], KINDS["external_connection_settings"]
RANGES, AUTH, CERTIFICATE = (KINDS[o] for o in ("remote_ip_ranges", "auth_mechanism", "tls_certificate_name"))


def obj(*content: str, text: str | None = None, kind: str = "Microsoft.Exchange.Data.X") -> str:
    told = "" if text is None else f"<ToString>{text}</ToString>"
    return f"<Obj RefId='1'><TN RefId='1'><T>{kind}</T><T>System.Enum</T></TN>{told}{''.join(content)}</Obj>"


def texts(*items: str) -> list[str]:
    return [f"<S>{item}</S>" for item in items]


def listed(*items: str, tag: str = "LST") -> str:
    return obj(f"<{tag}>{''.join(items)}</{tag}>")


TICKS = "<Props><I64 N='Ticks'>{}</I64></Props>"
TEXTLESS = obj("<Props><I32 N='Port'>995</I32></Props>")
RIGHT = [
    (BOOL, True, ["<B>true</B>", *texts("True", "TRUE", "true"), obj(text="True")]),
    (NUMBER, 5000, ["<I32>5000</I32>", "<I64>5000</I64>", "<S>5000</S>", obj(text="5000")]),
    (LOGIN, "SecureLogin", [*texts("SecureLogin", "securelogin", "3"), "<I32>3</I32>"]),
    (LOGIN, "SecureLogin", [obj("<I32>3</I32>", text="Sichere Anmeldung"), obj("<I32>9</I32>", text="SecureLogin")]),
    (SPAN, "00:30:00", [obj(TICKS.format(18000000000), text="?"), "<TS>PT30M</TS>", "<S>00:30:00</S>"]),
    (SIZE, 10 << 20, ["<I64>10485760</I64>", *texts("10 MB (10,485,760 bytes)", "10 МБ (10\u00a0485\u00a0760 байт)")]),
    (SIZE, "Unlimited", ["<S>Unlimited</S>", obj("<Props><B N='IsUnlimited'>true</B></Props>", text="Unbegrenzt")]),
    (RATE, 5, ["<I32>5</I32>", "<S>5</S>", obj("<Props><I32 N='Value'>5</I32></Props>")]),
    (RATE, "Unlimited", ["<S>unlimited</S>", obj("<Props><B N='IsUnlimited'>true</B></Props>")]),
    (TEXT, "Ready.", ["<S>Ready.</S>", "<URI>Ready.</URI>", obj(text="Ready.")]),
    (TEXT, "", ["<Nil />", "<S></S>", obj(text="")]),
    (CERTIFICATE, "<I>CN=A<S>CN=b", [obj(text="&lt;I&gt;CN=A&lt;S&gt;CN=b")]),
    (CERTIFICATE, "", ["<Nil />"]),
    (AUTH, ("Tls", "Integrated"), [*texts("Integrated, tls", "3"), "<I32>3</I32>", obj("<I32>3</I32>", text="?")]),
    (AUTH, ("Tls", "64"), ["<I32>65</I32>", listed("<S>Tls</S>", "<S>64</S>")]),
    (AUTH, ("None",), ["<S>None</S>", "<I32>0</I32>"]),
    (BINDINGS, (), [listed(), listed(tag="IE")]),
    (BINDINGS, ("0.0.0.0:995",), ["<S>0.0.0.0:995</S>", obj(text="0.0.0.0:995"), listed("<S>0.0.0.0:995</S>")]),
    (BINDINGS, ("0.0.0.0:995", "[::]:995"), [listed(obj(text=":::995"), "<S>0.0.0.0:995</S>", tag="IE")]),
    (CONNECTIONS, ("mail.contoso.test:995:SSL",), [listed("<S>mail.contoso.test : 995 : Ssl</S>")]),
    (RANGES, ("10.0.0.0/8", "::1"), [listed(obj(text="10.0.0.0(255.0.0.0)"), "<S>::1</S>")]),
    # What no option takes and Exchange may well have.
    (BINDINGS, ("0.0.0.0:0", "0.0.0.0:995"), [listed(*texts("0.0.0.0:995", "0.0.0.0:0"))]),
    (CONNECTIONS, ("b\u00fcro.test:110",), [listed("<S>b\u00fcro.test:110</S>")]),
    (RANGES, ("10.0.0.5/8",), [listed("<S>10.0.0.5/8</S>")]),
]
TYPE = "Microsoft.Exchange.Data.IPBinding"
UNREADABLE = [
    (BOOL, ["<I32>1</I32>", "<Nil />", *texts("1", "Wahr", "")]),
    (NUMBER, ["<B>true</B>", "<Nil />", *texts("5,000", "Unlimited", "", "9" * 30)]),
    (
        LOGIN,
        ["<I32>9</I32>", "<Nil />", *texts("Sichere Anmeldung", ""), obj("<I32>9</I32>", text="Sichere Anmeldung")],
    ),
    (SPAN, ["<I64>18000000000</I64>", "<Nil />", *texts("30 min", "P", "PT", ""), obj(TICKS.format(-1), text="?")]),
    (SIZE, ["<B>true</B>", "<Nil />", *texts("viel", "Unbegrenzt", "")]),
    (RATE, ["<B>true</B>", "<Nil />", *texts("5,000", "Unbegrenzt", "")]),
    (AUTH, ["<I32>-1</I32>", "<Nil />", *texts("Tls, Integriert", "Tls,", TYPE, "")]),
    (BINDINGS, ["<Nil />", *texts("0.0.0.0:995,[::]:995", "0.0.0.0:995 [::]:995", "{0.0.0.0:995}", TYPE, "")]),
    (BINDINGS, [listed("<S>0.0.0.0:995</S>", odd) for odd in (*texts("1.1.1.1:1,[::]:2", TYPE, ""), "<I32>995</I32>")]),
    (CONNECTIONS, ["<Nil />", *texts("a:1:SSL,b:2:TLS", "a/995/SSL", "a:995:Sicher", "a:1:SSL;b:2")]),
    (CONNECTIONS, [listed(one) for one in texts("a/995/SSL", "a:995:Sicher", "a:1:SSL;b:2", TYPE)]),
    (
        RANGES,
        [
            "<Nil />",
            "<S>10.0.0.0/8, ::1</S>",
            listed("<I32>5</I32>"),
            listed("<S>10.0.0.0/8,::1</S>"),
            listed(obj(text=TYPE)),
        ],
    ),
    *(
        (kind, [TEXTLESS, "<BA>AAE=</BA>", listed(TEXTLESS), listed("<Nil />"), listed(listed("<S>x</S>"))])
        for kind in KINDS.values()
    ),
]


def read(xml: str) -> object:
    """A member as the modules get it."""
    tag, rest = xml[1:].split(">", 1) if xml != "<Nil />" else ("Nil", "</Nil>")
    return to_plain(f"<Obj RefId='9'><Props><{tag} N='M'>{rest}</Props></Obj>", ["M"])["M"]


@pytest.mark.parametrize(("kind", "value", "shapes"), RIGHT)
def test_what_is_understood_is_read_right(kind, value, shapes):
    assert [kind.read(read(shape)) for shape in shapes] == [value] * len(shapes)


@pytest.mark.parametrize(("kind", "shapes"), UNREADABLE)
def test_of_what_is_not_understood_no_value_is_made(kind, shapes):
    for shape in shapes:
        with pytest.raises(Unreadable):
            kind.read(read(shape))


TYPE_NAMES = [
    "System.Object",
    "System.Byte[]",
    "System.Collections.Hashtable",
    "System.Nullable`1[System.Int32]",
    "System.ServiceProcess.ServiceController",
    "System.Management.Automation.PSCustomObject",
    "Microsoft.Exchange.Data.IPBinding",
    "Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.IPBinding]",
    "Deserialized.Microsoft.Exchange.Net.Fqdn[]",
]
NAMES = ["System.Scanner", "System.Pop3", "System.Mail", "System.Contoso.Local", "Microsoft.Exchange.Relay"]
TEXT_KINDS = [
    Text(),
    SingleLine(),
    FriendlyName(),
    WindowsPath(),
    HostName(),
    Identity(),
    WebAddress(),
    Fqdn(),
    ConnectorName(),
    CertificateName(),
    CertificateIdentifier(),
    Thumbprint(),
]


def test_names_that_only_look_like_those_of_types_are_text():
    for kind in (Text(), SingleLine(), HostName(), Identity(), Fqdn(), ConnectorName()):
        assert [kind.parse(name) for name in NAMES] == [kind.read(name) for name in NAMES] == NAMES
    assert [wire_name({"$text": name}) for name in NAMES] == NAMES


@pytest.mark.parametrize("name", TYPE_NAMES)
def test_the_name_of_a_type_is_no_text(name):
    for shown in (name, {"$text": name}):
        with pytest.raises(Unreadable):
            wire_name(shown)


def test_the_name_of_a_type_is_refused_in_a_clause():
    for kind in (Text(), SingleLine(), HostName(), Identity(), Fqdn(), ConnectorName()):
        with pytest.raises(
            ValueError,
            match=r"^'System.Object' is the name of a \.NET type, which stands for a value without text when it is "
            "read back; use another one$",
        ):
            kind.parse("System.Object")


def test_every_kind_of_text_is_tried():
    def below(kind: type[Text]) -> set[type[Text]]:
        return {kind}.union(*map(below, kind.__subclasses__()))

    assert {kind for kind in below(Text) if kind.__module__.startswith("ansible_collections.")} == set(
        map(type, TEXT_KINDS)
    )


@pytest.mark.parametrize("kind", TEXT_KINDS, ids=lambda kind: type(kind).__name__)
@given(text=st.sampled_from(TYPE_NAMES + NAMES) | st.text(), blank=st.sampled_from(["", " "]))
def test_no_text_is_taken_that_cannot_be_read_back(kind, text, blank):
    try:
        value = kind.parse(f"{blank}{text}{blank}")
    except ValueError:
        return
    assert kind.read(value) == value


ENTRIES = [
    (BINDINGS, st.builds("{}:{}".format, st.ip_addresses(v=4), st.integers(1, 65535))),
    (CONNECTIONS, st.from_regex(r"[a-z]{1,5}:[1-9][0-9]{0,3}(:SSL)?", fullmatch=True)),
    (RANGES, st.ip_addresses(v=4).map(str)),
    (AUTH, st.sampled_from(["Tls", "Integrated", "BasicAuth"])),
]
ODD = [shape for _, shapes in UNREADABLE for shape in shapes] + [shape for _, _, shapes in RIGHT for shape in shapes]


@given(st.sampled_from(ENTRIES), st.sampled_from(ODD), st.data())
def test_a_list_with_anything_in_it_has_all_of_its_items_or_none(listing, odd, data):
    kind, entries = listing
    items = data.draw(st.lists(entries, min_size=1, max_size=4))
    spoilt = [*items]
    spoilt.insert(data.draw(st.integers(0, len(items))), read(odd))
    try:
        found = kind.read(spoilt)
    except Unreadable:
        return
    assert set(kind.parse(items)) <= set(found)


@pytest.mark.parametrize(
    ("value", "shape", "sentence"),
    [
        (None, "null", "null"),
        (True, "a boolean", "a boolean, 'True'"),
        ("a\n" * 99, "text", "text, '" + "a\\n" * 40 + "'"),
        ({"$text": "x", "$value": 7}, "an object", "an object, 'x'"),
        ({"$text": None, "B": 1, "A": "told to nobody"}, *["an object without text with the members A, B"] * 2),
        (read(TEXTLESS), *["an object of the type Microsoft.Exchange.Data.X without text with the members Port"] * 2),
        ({"$bytes": "AAE="}, "binary data", "binary data"),
        ([1], "a list of 1", "a list of 1"),
    ],
)
def test_what_came_is_told_with_its_text_and_without(value, shape, sentence):
    came = Unreadable(value)
    assert (came.shape, str(came)) == (shape, sentence)


def test_what_came_is_told_in_short():
    came = Unreadable({"$text": "x" * 9999, "y" * 9999: 1})
    assert len(came.shape) < 200
    assert len(str(came)) < 300
