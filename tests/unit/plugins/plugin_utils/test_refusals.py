"""What an error says about whether the server had the request."""

from __future__ import annotations

import pytest
from spnego.exceptions import BadMICError

from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import is_refusal, is_unopened


@pytest.mark.parametrize("error", [BadMICError(), ValueError("invalid literal for int()"), ImportError("gssapi")])
def test_what_an_answer_can_raise_too_is_no_refusal_of_a_pipeline(error: Exception) -> None:
    assert is_unopened(error)
    assert not is_refusal(error)
