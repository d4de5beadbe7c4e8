"""What an error says about whether the server had the request."""

from __future__ import annotations

import pytest
from pypsrp.exceptions import WSManFaultError
from spnego.exceptions import BadMICError

from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import is_refusal, is_unopened


@pytest.mark.parametrize("error", [BadMICError(), ValueError("invalid literal for int()"), ImportError("gssapi")])
def test_what_an_answer_can_raise_too_is_no_refusal_of_a_pipeline(error: Exception) -> None:
    assert is_unopened(error)
    assert not is_refusal(error)


@pytest.mark.parametrize(("code", "refused"), [(2150858843, True), (2150858793, False)])
def test_a_fault_is_a_refusal_unless_it_says_that_time_is_over(code: int, refused: bool) -> None:
    error = WSManFaultError(code, None, "Its text.", None, None, None)
    assert (is_refusal(error), is_unopened(error)) == (refused, refused)
