# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What went wrong with a Kerberos or CredSSP log-on, in one sentence, told by codes and never by a library's text."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator

import spnego
from spnego.exceptions import SpnegoError

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import shortened

Errors: tuple[type[Exception], ...] = (SpnegoError,)
"""What a log-on raises beside the errors of HTTP."""


# Neither of these libraries is needed for any other log-on than its own.
try:
    from krb5 import Krb5Error  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    pass
else:
    # pyspnego lets it pass as it is where a ticket is got by password.
    Errors += (Krb5Error,)


try:
    from requests_credssp.exceptions import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
        AuthenticationException,
        NTStatusException,
    )
except ImportError:
    pass
else:
    Errors += (AuthenticationException, NTStatusException)


# GSS-API's major codes (RFC 2744).
GSS_S_NO_CRED = 7 << 16
GSS_S_CREDENTIALS_EXPIRED = 11 << 16

# The codes of krb5.h: from -1765328384 on those of the protocol (RFC 4120, 7.5.9), further up the library's own.
KDC_ERR_NAME_EXP = -1765328383
KDC_ERR_C_PRINCIPAL_UNKNOWN = -1765328378
KDC_ERR_S_PRINCIPAL_UNKNOWN = -1765328377
KDC_ERR_ETYPE_NOSUPP = -1765328370
KDC_ERR_CLIENT_REVOKED = -1765328366
KDC_ERR_KEY_EXP = -1765328361
KDC_ERR_PREAUTH_FAILED = -1765328360
AP_ERR_BAD_INTEGRITY = -1765328353
AP_ERR_TKT_EXPIRED = -1765328352
AP_ERR_TKT_NYV = -1765328351
AP_ERR_SKEW = -1765328347
AP_ERR_MODIFIED = -1765328343
AP_ERR_BADKEYVER = -1765328340
AP_ERR_NOKEY = -1765328339
KDC_ERR_WRONG_REALM = -1765328316
CC_NOTFOUND = -1765328243
KDCREP_SKEW = -1765328236
REALM_UNKNOWN = -1765328230
KDC_UNREACH = -1765328228
FCC_NOFILE = -1765328189
REALM_CANT_RESOLVE = -1765328164
CONFIG_NODEFREALM = -1765328160

# Windows's codes, which CredSSP hands on, as signed numbers.
SEC_E_LOGON_DENIED = -2146893044
STATUS_LOGON_FAILURE = -1073741715
STATUS_PASSWORD_EXPIRED = -1073741711
STATUS_ACCOUNT_DISABLED = -1073741710

_CLOCK = (
    "The clocks of the controller, the domain controller, and {host} differ by more than the five minutes that "
    "Kerberos allows: synchronize them with the same time server."
)

_ACCOUNT = "The account {user} is disabled or locked out."
_OUTDATED = "The password of {user} has expired: change it."
_CREDSSP = "{host} refuses user {user} by CredSSP: check user and password."
_PASSWORD = "The domain controller refuses the password of {user}."  # noqa: S105

_REALM = (
    "Kerberos on the controller cannot find a domain controller for the realm of {user}: write the realm in capital "
    "letters, as in administrator@CONTOSO.COM, and check the realm in /etc/krb5.conf or the domain's SRV records in "
    "DNS."
)

_EXPIRED = "The Kerberos ticket of {user} has expired: get a new one with kinit, or set ansible_password."

_NO_TICKET = (
    "There is no Kerberos ticket for {user}: get one with kinit and set KRB5CCNAME to its cache where ansible-playbook "
    "runs, or set ansible_password."
)

_KEYS = (
    "{host} cannot read the Kerberos ticket made for it: check with setspn -Q HTTP/{host} that its service principal "
    "belongs to the account that answers there; behind a load balancer, this is the alternate service account."
)

_SENTENCES = {
    KDC_ERR_NAME_EXP: "The account {user} has expired.",
    KDC_ERR_C_PRINCIPAL_UNKNOWN: (
        "The domain controller does not know the user {user}: Kerberos needs the user principal name, as in "
        "administrator@CONTOSO.COM, not CONTOSO\\administrator."
    ),
    KDC_ERR_S_PRINCIPAL_UNKNOWN: (
        "The domain controller does not know a service on {host}: name the server in the inventory by its fully "
        "qualified name, or set ansible_exchange_hostname_override to it, and check its service principals with setspn "
        "-L."
    ),
    KDC_ERR_ETYPE_NOSUPP: (
        "The domain controller and the controller have no Kerberos encryption type in common for {user} and {host}: "
        "enable AES for the accounts, or check permitted_enctypes in /etc/krb5.conf."
    ),
    KDC_ERR_CLIENT_REVOKED: _ACCOUNT,
    STATUS_ACCOUNT_DISABLED: _ACCOUNT,
    KDC_ERR_KEY_EXP: _OUTDATED,
    STATUS_PASSWORD_EXPIRED: _OUTDATED,
    STATUS_LOGON_FAILURE: _CREDSSP,
    SEC_E_LOGON_DENIED: _CREDSSP,
    KDC_ERR_PREAUTH_FAILED: _PASSWORD,
    AP_ERR_BAD_INTEGRITY: _PASSWORD,
    AP_ERR_TKT_EXPIRED: _EXPIRED,
    GSS_S_CREDENTIALS_EXPIRED: _EXPIRED,
    AP_ERR_TKT_NYV: _CLOCK,
    AP_ERR_SKEW: _CLOCK,
    KDCREP_SKEW: _CLOCK,
    AP_ERR_MODIFIED: _KEYS,
    AP_ERR_BADKEYVER: _KEYS,
    AP_ERR_NOKEY: _KEYS,
    KDC_ERR_WRONG_REALM: _REALM,
    REALM_UNKNOWN: _REALM,
    REALM_CANT_RESOLVE: _REALM,
    CONFIG_NODEFREALM: _REALM,
    KDC_UNREACH: (
        "Kerberos on the controller cannot reach a domain controller of the realm of {user}: check that one is up, and "
        "that port 88 is open to it, TCP and UDP."
    ),
    CC_NOTFOUND: _NO_TICKET,
    FCC_NOFILE: _NO_TICKET,
    GSS_S_NO_CRED: _NO_TICKET,
}


def sentence(error: BaseException, *, host: str, user: str | None) -> str | None:
    """Say what happened and what to look at, or None if this is no failure that is known here.

    ``host`` is the name by which the server was asked for, ``user`` is None if the ticket cache decides.
    """
    if isinstance(error, ImportError) and "gssapi" in str(error):
        return (
            "Kerberos needs the Python libraries gssapi and krb5 on the controller: install pypsrp[kerberos] into "
            "the Python that runs Ansible."
        )
    for code in _codes(error):
        if code in _SENTENCES:
            return _SENTENCES[code].format(host=host, user=shortened(user or "the current user"))
    return None


def needs_password(auth: str, user: str | None) -> bool:
    """Whether the controller has nothing but a password to log on with: no ticket, no store of NTLM's credentials."""
    for protocol in {"negotiate": ("kerberos", "ntlm"), "ntlm": ("ntlm",)}.get(auth, ()):
        # Without the Kerberos libraries there is no ticket either.
        with contextlib.suppress(ImportError, *Errors):
            spnego.client(user, protocol=protocol)
            return False
    return True


def _codes(error: BaseException) -> Iterator[int]:
    """All codes of an error and of those behind it, a minor code, which is the more precise, before its major."""
    waiting: list[t.Any] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        # python-krb5, python-gssapi, requests-credssp, and pykerberos under pywinrm, each in its own way.
        found = [getattr(one, name, None) for name in ("err_code", "min_code", "maj_code", "status")]
        pairs = [argument for argument in one.args if isinstance(argument, tuple) and len(argument) == 2]
        found += [pair[1] for pair in reversed(pairs)]
        for code in found:
            if isinstance(code, int):
                # Some of them take the codes, which are signed, as unsigned.
                yield code - (1 << 32) if code >= 1 << 31 else code
        behind = [getattr(one, "base_error", None), one.__cause__, one.__context__, *one.args]
        waiting += [other for other in behind if isinstance(other, BaseException)]
