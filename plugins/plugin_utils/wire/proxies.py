# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The proxy on the way to an endpoint, if there is one, and what may be told of it."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from requests.utils import get_environ_proxies, select_proxy

from ansible_collections.mailops.exchange.plugins.module_utils._host.addresses import bracketed
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Settings

SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
INVENTORY = "ansible_exchange_proxy, or the variable of psrp or winrm for it,"


@dataclass(frozen=True)
class Proxy:
    """A proxy; its URL may have a password in it, and is shown without."""

    url: str = field(repr=False)
    source: str
    """What names it: a variable of the environment, or of the inventory."""

    def __str__(self) -> str:
        parts = self._parts
        port = f":{parts.port}" if parts.port else ""
        return f"the proxy {parts.scheme}://{bracketed(parts.hostname or '')}{port} that {self.source} names"

    @property
    def is_socks(self) -> bool:
        return self._parts.scheme.startswith("socks")

    @property
    def way_around(self) -> str:
        """How to do without it."""
        if self.source == INVENTORY:
            return "leave that variable out"
        return "go around it with the host's name in no_proxy, or with ansible_exchange_ignore_proxy: true"

    @property
    def problem(self) -> str | None:
        """Why it cannot be used, in one sentence."""
        try:
            parts = self._parts
            usable = bool(parts.hostname and parts.port != 0)
        except ValueError:
            usable = False
        # The libraries show a URL that they cannot read; so would be a password that has a / in it.
        if not usable or parts.scheme not in SCHEMES or "@" in parts.path + parts.query + parts.fragment:
            return (
                f"The proxy that {self.source} names is not a valid URL: write it as in http://proxy.contoso.com:3128, "
                f"with one of {', '.join(SCHEMES)} in front, and with special characters in its user and password "
                "escaped, as in %40 for @."
            )
        if self.is_socks and importlib.util.find_spec("socks") is None:
            return (
                f"The Python library PySocks is missing on the controller, and {self} cannot be used without it: "
                f"install it (pip install PySocks) into the Python that runs Ansible, or {self.way_around}."
            )
        return None

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url)


def proxy_of(settings: Settings, name: str) -> Proxy | None:
    """The proxy that an endpoint is reached by; None if that is not so."""
    if settings.proxy is not None:
        return _proxy(settings.proxy, INVENTORY) if settings.proxy else None
    if settings.ignore_proxy:
        return None
    url = settings.url(name)
    found = select_proxy(url, get_environ_proxies(url))
    if not found:
        return None
    scheme = getattr(settings, name).scheme
    spelled = [word for one in (f"{scheme}_proxy", "all_proxy") for word in (one, one.upper())]
    variable = next((one for one in spelled if os.environ.get(one)), None)
    return _proxy(found, f"{variable} in the controller's environment" if variable else "the controller's system")


def _proxy(url: str, source: str) -> Proxy:
    # So does requests, but for a URL with a user in it.
    return Proxy(url if "://" in url else f"http://{url}", source)
