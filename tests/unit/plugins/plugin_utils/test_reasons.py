"""Why a server opens no session: what it says in each of its ways becomes one sentence with what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from evidence import is_a_sentence
from hypothesis import given
from hypothesis import strategies as st
from pypsrp.exceptions import WinRMTransportError, WSManFaultError

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletError
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Endpoint, Settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.boundary import TransportError, Unopened
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.reasons import REASONS, Refusal
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import Refused, refused

AUTHORIZATION = "Microsoft.Exchange.Configuration.Authorization"
BLOCKS = (
    "[ClientAccessServer=EX01,BackEndServer=ex01.contoso.test,RequestId=4dd03ed3-b7ea-449f-899f-8764d9fbda08,"
    "TimeStamp=3/11/2026 7:35:03 PM] [AuthZRequestId=8ec8a184-2adf-4a22-955f-d4ed06847411]"
)
MANAGED_EXCEPTION = 2152992672
URL = "http://ex01.contoso.test:80/PowerShell/"
SETTINGS = Settings(
    host="ex01.contoso.test",
    inventory_hostname="ex01",
    user="ansible",
    password=None,
    auth="kerberos",
    windows=Endpoint("Microsoft.PowerShell", "http", 5985, "wsman", "auto", "WSMAN"),
    exchange=Endpoint("Microsoft.Exchange", "http", 80, "PowerShell/", "auto", "HTTP"),
)
NAMES = sorted(name for reason in REASONS for name in reason.names)
FAULTS = sorted(fault for reason in REASONS for fault in reason.faults)


def fault(code: int | str | None, reason: str, provider: str | None = None) -> WSManFaultError:
    return WSManFaultError(code, None, reason, None, None, provider)


def state(exception: str, message: str, error_id: str = "") -> Unopened:
    return Unopened(CmdletError(id=error_id, exception=exception, message=message))


def told(error: Exception, endpoint: str = "exchange") -> Refused:
    broken = error if isinstance(error, TransportError) else TransportError(str(error))
    if broken is not error:
        broken.__cause__ = error
    refusal = refused(SETTINGS, endpoint, broken)
    assert is_a_sentence(str(refusal)), refusal
    return refusal


def by_category(name: str, words: str) -> list[Exception]:
    """The ways in which Exchange names what it calls the reason."""
    text = f"{BLOCKS}[FailureCategory={name if '-' in name else f'AuthZ-{name}'}] {words}"
    return [
        fault(MANAGED_EXCEPTION, text),
        fault(5, "Access is denied.", provider=text),
        fault("w:InternalError", text),
        WinRMTransportError("http", 500, text),
        state(f"{AUTHORIZATION}.AuthorizationException", text),
        state("System.Exception", words, error_id=f"{text.removesuffix(words)}8EC8A184,Plugin"),
    ]


def test_no_reason_is_told_in_two_ways() -> None:
    assert max(Counter([*NAMES, *FAULTS]).values()) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_reason_is_the_same_in_whatever_way_it_comes(name: str) -> None:
    called = {"Cafe": "Cafe-SendFailure", "InvalidShellID": "WSMan-InvalidShellID"}.get(name, name)
    words = "Der Benutzer ist keiner Rolle zugewiesen."
    sentences = [str(told(error)) for error in by_category(called, words)]
    if called == name:
        sentences.append(str(told(state(f"Some.Namespace.{name}", words))))
    begins = {sentence.rpartition(" (")[0] for sentence in sentences}
    assert len(begins) == 1
    for sentence in sentences:
        assert sentence.startswith(f"{URL} did not open a session, because ")
        assert sentence.endswith(f"{called.partition('-')[2] or name}: {words.rstrip('.')}).")
        assert "RequestId" not in sentence


@pytest.mark.parametrize("code", FAULTS)
def test_a_number_is_a_reason(code: int) -> None:
    sentence = str(told(fault(code, "Irgendein Text.")))
    assert "Irgendein" not in sentence
    assert "refused the request" not in sentence


def test_without_words_the_category_is_told() -> None:
    sentence = str(told(WinRMTransportError("http", 500, f"{BLOCKS}[FailureCategory=Cafe-SendFailure]")))
    assert sentence.endswith("bound to its port 444 (Cafe-SendFailure).")


@given(text=st.text())
def test_words_alone_are_no_reason(text: str) -> None:
    said = f"The user isn't assigned to any management roles. OverBudgetException {text}".replace("[", "(")
    assert Refusal(said, "System.Exception", said, MANAGED_EXCEPTION).reason is None


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (state("System.InvalidCastException", "Etwas anderes."), "could not open a PowerShell session: Etwas anderes."),
        (
            state("Some.OtherException", f"{BLOCKS}[FailureCategory=AuthZ-OtherException] Etwas."),
            "could not open a PowerShell session: AuthZ-OtherException: Etwas.",
        ),
        (state("", ""), "could not open a PowerShell session: no reason was given."),
        (
            fault(MANAGED_EXCEPTION, f"{BLOCKS}[FailureCategory=AuthZ-OtherException] Etwas."),
            "refused the request with WSMan fault 2152992672: AuthZ-OtherException: Etwas.",
        ),
        (fault("w:InternalError", "Etwas."), "refused the request with WSMan fault w:InternalError: Etwas."),
        (
            fault(5, "Zugriff verweigert."),
            "refused the request with WSMan fault 5: Zugriff verweigert; make sure that user 'ansible' is a member of "
            "a role group of Exchange, has RemotePowerShellEnabled, and that nothing is denied to the server's own "
            "account in Active Directory.",
        ),
        (
            WinRMTransportError("http", 403, f"{BLOCKS} Access is denied."),
            "refused the request with HTTP 403: Access is denied.",
        ),
        (
            WinRMTransportError("http", 403, "<html>403</html>"),
            "answered HTTP 403 instead of WSMan, as IIS does where the directory PowerShell requires TLS: set "
            "ansible_exchange_scheme to https, or remove that requirement.",
        ),
        (
            WinRMTransportError("http", 500, "<html>[x=1]</html>"),
            "answered HTTP 500 instead of WSMan: check that the service behind it is running.",
        ),
    ],
    ids=str,
)
def test_what_is_not_known_is_told_as_it_came(error: Exception, sentence: str) -> None:
    assert str(told(error)) == f"{URL} {sentence}"


def test_the_other_endpoint_has_no_roles() -> None:
    sentence = str(told(fault(5, "Zugriff verweigert."), "windows"))
    assert sentence.startswith("http://ex01.contoso.test:5985/wsman refused the request with WSMan fault 5: Zugriff")
    assert sentence.endswith(
        "or has been given the right to its session configuration or, over the WinRM shell, in its RootSDDL."
    )


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (by_category("AuthorizationException", "Zu viele Sitzungen."), True),
        (by_category("OverBudgetException", "Zu viel."), True),
        ([fault(2150859175, "Zu schnell.")], True),
        (by_category("CmdletAccessDeniedException", "Keine Rolle."), False),
        (by_category("TypeInitializationException", "Kaputt."), False),
    ],
    ids=["connections", "budget", "requests", "role", "broken"],
)
def test_only_what_passes_is_waited_for(error: list[Exception], waits: bool) -> None:
    for one in error:
        # It would be told the same at once.
        assert (told(one).shell_limit, told(one).unanswered) == (waits, False)


MAKERS: list[Callable[[str], Exception]] = [
    lambda text: fault(MANAGED_EXCEPTION, text),
    lambda text: fault(text, text, text),
    lambda text: WinRMTransportError("http", 500, text),
    lambda text: state(text, text, text),
]


@pytest.mark.parametrize("make", MAKERS)
@given(text=st.text(max_size=20), times=st.sampled_from([1, 100, 10_000]), begins=st.sampled_from(["", BLOCKS]))
def test_no_server_makes_a_sentence_long(make: Callable[[str], Exception], text: str, times: int, begins: str) -> None:
    error = make(begins + text * times)
    broken = error if isinstance(error, TransportError) else TransportError("")
    if broken is not error:
        broken.__cause__ = error
    assert len(str(refused(SETTINGS, "exchange", broken))) < 2000
