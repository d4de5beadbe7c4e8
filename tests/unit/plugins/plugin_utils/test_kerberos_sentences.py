"""The recogniser of Kerberos errors, with errors shaped as each library raises them.

tests/integration/test_kerberos.py has the real ones.
"""

from __future__ import annotations

import pytest
from spnego.exceptions import BadMechanismError, InvalidTokenError, NativeError, SpnegoError

from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import kerberos

HOST, USER = "ex01.contoso.test", "administrator@CONTOSO.TEST"


class Gss(NativeError):
    """As python-gssapi's GSSError, whose codes are unsigned."""

    def __init__(self, major: int, minor: int) -> None:
        super().__init__("Something in the language of the controller", maj_code=major)
        self.min_code = minor % (1 << 32)


def said(error: BaseException, user: str | None = USER) -> str | None:
    return kerberos.sentence(error, host=HOST, user=user)


def test_python_krb5() -> None:
    error = Exception("Voranmeldung fehlgeschlagen")
    error.err_code = kerberos.KDC_ERR_PREAUTH_FAILED  # type: ignore[attr-defined]
    assert said(error) == f"The domain controller refuses the password of {USER}."


def test_pyspnego_around_python_gssapi() -> None:
    error = SpnegoError(base_error=Gss(13 << 16, kerberos.KDC_ERR_S_PRINCIPAL_UNKNOWN))
    assert HOST in (said(error) or "")
    assert said(BadMechanismError(base_error=error, context_msg="Negotiate")) == said(error)


def test_the_major_code_decides_where_the_minor_says_nothing() -> None:
    assert "has expired" in (said(SpnegoError(base_error=Gss(kerberos.GSS_S_CREDENTIALS_EXPIRED, 100001))) or "")


def test_pywinrm_around_pykerberos() -> None:
    inner = Exception(("No credentials", kerberos.GSS_S_NO_CRED), ("KDC", kerberos.KDC_UNREACH))
    outer = Exception("authGSSClientStep() failed")
    outer.__context__ = inner
    assert "port 88" in (said(outer) or "")


@pytest.mark.parametrize("code", kerberos._SENTENCES)
def test_every_sentence_is_one_line_and_complete(code: int) -> None:
    error = Exception()
    error.err_code = code  # type: ignore[attr-defined]
    for user in (USER, None):
        text = said(error, user) or ""
        assert text.endswith(".")
        assert "{" not in text
        assert "\n" not in text
        assert "None" not in text


def test_windows_by_credssp() -> None:
    error = Exception(0xC000006D)
    error.status = 0xC000006D  # type: ignore[attr-defined]
    assert said(error) == f"{HOST} refuses user {USER} by CredSSP: check user and password."


def test_missing_libraries() -> None:
    assert "pypsrp[kerberos]" in (said(ImportError("GSSAPIProxy requires the Python gssapi library")) or "")


@pytest.mark.parametrize(
    "error", [InvalidTokenError(), ConnectionError(111, "refused"), ImportError("winrm"), ValueError(("a", "b"), 3)]
)
def test_anything_else_is_left_to_others(error: BaseException) -> None:
    assert said(error) is None


def test_a_circle_of_causes_ends() -> None:
    one, other = Exception(), Exception()
    one.__cause__, other.__cause__ = other, one
    assert said(one) is None
