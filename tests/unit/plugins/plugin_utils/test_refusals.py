"""What an error says: whose it is, and whether the server had the request."""

from __future__ import annotations

import pytest
from pypsrp.exceptions import WSManFaultError
from spnego.exceptions import BadMICError

from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.boundary import (
    TransportError,
    Unintelligible,
    asking,
)
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import is_refusal, is_unopened


def come_out(error: Exception, *, opened: bool) -> Exception:
    """What becomes of an error that a library raises."""
    with pytest.raises(Exception) as caught, asking(opened=opened):  # noqa: PT011 - it is what is asked for
        raise error
    return caught.value


@pytest.mark.parametrize("error", [BadMICError(), ValueError("invalid literal for int()"), ImportError("gssapi")])
def test_what_an_answer_can_raise_too_is_no_refusal_of_a_pipeline(error: Exception) -> None:
    assert is_unopened(error)
    assert not is_refusal(error)


@pytest.mark.parametrize(("code", "refused"), [(2150858843, True), (2150858793, False)])
def test_a_fault_is_a_refusal_unless_it_says_that_time_is_over(code: int, refused: bool) -> None:
    error = WSManFaultError(code, None, "Its text.", None, None, None)
    assert (is_refusal(error), is_unopened(error)) == (refused, refused)


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("error", [BadMICError(), OSError("gone"), ImportError("gssapi"), ValueError("x")])
def test_the_error_of_a_library_is_the_cause(error: Exception, opened: bool) -> None:
    broken = come_out(error, opened=opened)
    assert isinstance(broken, TransportError)
    nonsense = opened and type(error) is ValueError
    assert isinstance(broken, Unintelligible) is nonsense
    assert broken.cause is (broken if nonsense else error)


@pytest.mark.parametrize("error", [TypeError("x"), KeyError("x"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x")])
def test_what_a_library_stumbles_over_is_no_answer_and_no_refusal(error: Exception) -> None:
    broken = come_out(error, opened=False)
    assert isinstance(broken, Unintelligible)
    assert not is_unopened(broken.cause)


@pytest.mark.parametrize("error", [Exception("command timeout triggered"), KeyboardInterrupt()])
def test_an_alarm_is_no_error_of_a_library(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, asking(opened=True):
        raise error
    assert caught.value is error
