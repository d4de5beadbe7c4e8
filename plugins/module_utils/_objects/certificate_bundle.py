# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A certificate that a user brings: files on the controller, read and judged before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2016, EXCHANGE_2019
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.mail import ControllerFile, PrivateKeyFile
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import FriendlyName, Secret
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Option
from ansible_collections.mailops.exchange.plugins.module_utils._x509 import (
    Bundle,
    bundle_of,
    read_certificates,
    read_pkcs12,
    read_private_key,
)

# A file with a certificate and its chain has some kilobytes.
LARGEST_FILE = 1 << 20

OPTIONS = (
    Option("pfx", ControllerFile()),
    Option("pfx_password", Secret()),
    Option("certificate", ControllerFile()),
    Option("private_key", PrivateKeyFile()),
    Option("private_key_password", Secret()),
    Option("chain", ControllerFile()),
    Option("friendly_name", FriendlyName()),
    Option("private_key_exportable", Bool()),
)
_PEM = ("certificate", "private_key", "private_key_password", "chain")
_OF_AN_IMPORT = ("friendly_name", "private_key_exportable")


def is_brought(given: Mapping[str, Any]) -> bool:
    """Whether a certificate comes from the controller."""
    return "pfx" in given or "certificate" in given


def contradictions(given: Mapping[str, Any]) -> Iterator[str]:
    """Sentences on options that do not go together."""
    pem = [option for option in _PEM if option in given]
    if "pfx" in given:
        if pem:
            yield f"pfx: it contains certificate and key in one file, but {pem[0]} is given too; use one or the other."
        return
    if "pfx_password" in given:
        yield "pfx_password: it is given without pfx; set pfx too, or leave it out."
    if pem and ("certificate" not in given or "private_key" not in given):
        missing = "private_key" if "certificate" in given else "certificate"
        yield f"{missing}: it is missing, but {pem[0]} is given; set both."
    if not pem:
        for option in _OF_AN_IMPORT:
            if option in given:
                yield f"{option}: nothing is imported; use it with pfx or certificate, or leave it out."


def read_bundle(given: Mapping[str, Any]) -> Bundle:
    """What the files bring, or a Failure."""
    if "pfx" in given:
        with _file(given, "pfx") as data:
            return read_pkcs12(data, given.get("pfx_password"))
    with _file(given, "private_key") as data:
        key = read_private_key(data, given.get("private_key_password"))
    with _file(given, "certificate") as data:
        certificates = read_certificates(data)
        if "chain" in given:
            with _file(given, "chain") as more:
                certificates += read_certificates(more)
        return bundle_of(key, certificates)


@contextmanager
def _file(given: Mapping[str, Any], option: str) -> Iterator[bytes]:
    """The content of a file; what is wrong with it is a Failure with the names of the option and of the file."""
    path = given[option]
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise Failure(f"{option}: {path} cannot be read on the controller: {error.strerror}.") from None
    if len(data) > LARGEST_FILE:
        raise Failure(f"{option}: {path} is larger than any certificate; use the right file.")
    try:
        yield data
    except ValueError as error:
        raise Failure(f"{option}: {path} {error}.") from None


def unserved(bundle: Bundle, server: Server) -> Iterator[str]:
    """A sentence if the server's version of Exchange cannot use a key of its kind."""
    if not bundle.is_rsa and server.version < EXCHANGE_2016:
        yield (
            f"The certificate {bundle.certificate.thumbprint} has an EC key, which {server.version.product} on "
            f"{server.name} cannot use; order one with an RSA key."
        )


def remarks(bundle: Bundle) -> Iterator[str]:
    """What an administrator should know of it."""
    mark = bundle.certificate.thumbprint
    if not bundle.is_rsa:
        yield (
            f"The certificate {mark} has an EC key: Exchange uses it only with the November 2024 update or later, and "
            "only where support for ECC certificates is enabled (EnableEccCertificateSupport); an RSA key works "
            "everywhere."
        )
    if bundle.lacks_issuers:
        yield (
            f"The certificate {mark} comes without its chain: Windows sends clients the issuers that it finds in the "
            "server's own stores, and clients reject the certificate if these do not lead to an authority that they "
            "trust; add the chain."
        )


def reads_aes(server: Server) -> bool:
    """Whether the Windows that this version of Exchange runs on reads files that are encrypted with AES."""
    return server.version >= EXCHANGE_2019
