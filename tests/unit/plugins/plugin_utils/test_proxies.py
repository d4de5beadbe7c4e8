"""A proxy that fails is named with what names it and how to do without it, and never with its password."""

from __future__ import annotations

import importlib.util
import socket
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import requests
from evidence import is_a_sentence
from relay import Relay

from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Endpoint, Settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.proxies import INVENTORY, Proxy, proxy_of
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.psrp import PsrpShell
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.winrs import WinrsShell
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import Refused, is_refusal

SHELLS: dict[str, Callable[[Settings], None]] = {
    "psrp": lambda settings: PsrpShell(settings, "windows").open(),
    "winrm": lambda settings: WinrsShell(settings, deque()).open(),
}
SECRET = "s3cr%40t"
OF_HTTPS = "https_proxy in the controller's environment"
AROUND = "; or go around it with the host's name in no_proxy, or with ansible_exchange_ignore_proxy: true."
LEFT_OUT = "; or leave that variable out."
REFUSED = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def closed() -> Iterator[int]:
    """A port that nobody listens on, for as long as the test lasts."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def settings_of(port: int, scheme: str = "https", host: str = "127.0.0.1") -> Settings:
    endpoint = Endpoint(
        "Microsoft.PowerShell", scheme, port, "wsman", "auto" if scheme == "https" else "never", "WSMAN"
    )
    return Settings(
        host=host,
        inventory_hostname="ex01",
        user="ansible",
        password="Geh3im",
        auth="ntlm" if scheme == "http" else "basic",
        windows=endpoint,
        exchange=endpoint,
    )


def told(shell: str, settings: Settings) -> str:
    """Why the shell is not opened."""
    with pytest.raises(Refused) as refused:
        SHELLS[shell](settings)
    sentence = str(refused.value)
    assert is_a_sentence(sentence)
    assert SECRET not in sentence
    return sentence


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_that_is_down(
    monkeypatch: pytest.MonkeyPatch, closed: int, shell: str, variable: str
) -> None:
    monkeypatch.setenv(variable, f"http://me:{SECRET}@127.0.0.1:{closed}")
    # pywinrm's warning of a proxy that it finds by itself has the password in it, and comes once.
    monkeypatch.setattr("winrm.transport.DISPLAYED_PROXY_WARNING", False)
    settings = settings_of(closed)
    assert told(shell, settings) == (
        f"Cannot connect to https://127.0.0.1:{closed}/wsman through the proxy http://127.0.0.1:{closed} that "
        f"{variable} in the controller's environment names ([Errno 111] Connection refused): check that the proxy is "
        f"up and lets the controller through to the host{AROUND}"
    )
    direct = (
        f"Cannot connect to https://127.0.0.1:{closed}/wsman ([Errno 111] Connection refused): check that the host "
    )
    assert told(shell, replace(settings, ignore_proxy=True)).startswith(direct)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert told(shell, settings).startswith(direct)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("ignore_proxy", [False, True])
def test_a_proxy_of_the_inventory_that_is_down(
    monkeypatch: pytest.MonkeyPatch, closed: int, shell: str, ignore_proxy: bool
) -> None:
    """It counts whatever the environment says, and what is to be ignored there."""
    monkeypatch.setenv("https_proxy", "http://another.invalid:3128")
    monkeypatch.setenv("no_proxy", "*")
    proxy = f"http://me:{SECRET}@127.0.0.1:{closed}"
    sentence = told(shell, replace(settings_of(closed), proxy=proxy, ignore_proxy=ignore_proxy))
    assert f" through the proxy http://127.0.0.1:{closed} that {INVENTORY} names (" in sentence
    assert sentence.endswith(LEFT_OUT)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch, closed: int, shell: str) -> None:
    with Relay(answer=REFUSED) as relay:
        monkeypatch.setenv("https_proxy", f"http://me:{SECRET}@127.0.0.1:{relay.port}")
        sentence = told(shell, settings_of(closed))
        asked = [*relay.asked]
        around = told(shell, replace(settings_of(closed), ignore_proxy=True))
        assert relay.asked == asked
    assert "proxy" not in around
    assert sentence == (
        f"Cannot connect to https://127.0.0.1:{closed}/wsman through the proxy http://127.0.0.1:{relay.port} that "
        f"{OF_HTTPS} names (Tunnel connection failed: 407 Proxy Authentication Required): check that the proxy is up "
        f"and lets the controller through to the host{AROUND}"
    )
    (head,) = asked
    assert head.startswith(f"CONNECT 127.0.0.1:{closed} HTTP/1.".encode())
    assert b"\r\nProxy-Authorization: Basic bWU6czNjckB0\r\n" in head


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("status", [403, 407, 502, 503, 504])
def test_an_answer_that_may_be_the_proxys(
    monkeypatch: pytest.MonkeyPatch, closed: int, shell: str, status: int
) -> None:
    with Relay(answer=f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()) as relay:
        monkeypatch.setenv("http_proxy", f"me:{SECRET}@127.0.0.1:{relay.port}")
        sentence = told(shell, settings_of(closed, "http"))
    assert sentence == (
        f"HTTP {status} was returned instead of WSMan by http://127.0.0.1:{closed}/wsman, or by the proxy "
        f"http://127.0.0.1:{relay.port} that http_proxy in the controller's environment names on the way there: check "
        f"that the service is running and that the proxy lets the controller through to it{AROUND}"
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_socks_without_its_library(monkeypatch: pytest.MonkeyPatch, closed: int, shell: str) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "socks" else find(name))
    settings = settings_of(closed)
    missing = "The Python library PySocks is missing on the controller, and the proxy "
    install = " names cannot be used without it: install it (pip install PySocks) into the Python that runs Ansible"
    url = f"socks5h://me:{SECRET}@[::1]:1080"
    assert told(shell, replace(settings, proxy=url)) == (
        f"{missing}socks5h://[::1]:1080 that {INVENTORY}{install}, or leave that variable out."
    )
    monkeypatch.setenv("all_proxy", url)
    assert told(shell, settings).startswith(
        f"{missing}socks5h://[::1]:1080 that all_proxy in the controller's environment{install}, or go around it"
    )


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "url",
    [
        f"http://me:{SECRET}/@proxy:3128",
        f"http://me:1/{SECRET}@proxy:3128",
        f"http://me:1?{SECRET}@proxy:3128",
        f"http://me:1#{SECRET}@proxy:3128",
        f"http://me:[{SECRET}@proxy:3128",
        f"ftp://me:{SECRET}@proxy:3128",
        f"http://me:{SECRET}@proxy:99999",
        f"http://me:{SECRET}@",
        f"http:/me:{SECRET}@proxy",
    ],
)
def test_what_is_no_proxy(closed: int, shell: str, url: str) -> None:
    sentence = told(shell, replace(settings_of(closed), proxy=url))
    assert sentence.startswith(f"The proxy that {INVENTORY} names is not a valid URL: write it as in http://proxy.")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_address_of_ipv6_is_in_brackets(closed: int, shell: str, scheme: str) -> None:
    assert told(shell, settings_of(closed, scheme, "::1")).startswith(
        f"Cannot connect to {scheme}://[::1]:{closed}/wsman ([Errno "
    )


def test_an_empty_variable_is_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    settings = settings_of(5986)
    found = proxy_of(settings, "windows")
    assert found
    assert str(found) == f"the proxy http://proxy:3128 that {OF_HTTPS} names"
    assert proxy_of(replace(settings, proxy=""), "windows") is None
    assert SECRET not in repr(Proxy(f"http://me:{SECRET}@proxy", OF_HTTPS))


def test_a_proxy_is_asked_for_by_the_scheme_of_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://plain:3128")
    monkeypatch.setenv("no_proxy", "fd00::5,.contoso.test")
    for host, found in {"ex01": True, "ex01.contoso.test": False, "fd00::5": False, "fd00::6": True}.items():
        assert bool(proxy_of(settings_of(5985, "http", host), "windows")) is found
        assert proxy_of(settings_of(5986, "https", host), "windows") is None


def error_behind(proxy: int, scheme: str) -> requests.ConnectionError:
    with pytest.raises(requests.ConnectionError) as caught:
        requests.post(f"{scheme}://127.0.0.1:9/wsman", proxies={scheme: f"http://127.0.0.1:{proxy}"}, timeout=60)
    return caught.value


def test_what_a_proxy_may_have_passed_on_is_no_refusal(closed: int) -> None:
    """A forwarding proxy has had the whole request before it closes the connection."""
    with Relay(answer=b"") as relay:
        assert not is_refusal(error_behind(relay.port, "http"))
    with Relay(answer=REFUSED) as relay:
        assert is_refusal(error_behind(relay.port, "https"))
    assert is_refusal(error_behind(closed, "http"))
    assert is_refusal(error_behind(closed, "https"))
