"""A string that is piped in arrives as it was sent, whichever way it is read."""

from __future__ import annotations

import uuid
from xml.etree import ElementTree

from hypothesis import example, given
from hypothesis import strategies as st
from psrpcore import PipelineInputEvent
from psrpcore._payload import PSRPMessage
from psrpcore.types import PSRPMessageType, PSString, serialize

from exchange_simulator.psrp import _private_data, _Protocol


@given(st.text())
@example("a&b")
@example("_x0041_")
@example("a\rb")
@example("user000001@contoso.test")
def test_a_string_arrives_as_it_was_sent(text: str) -> None:
    sent = ElementTree.tostring(serialize(PSString(text), None))  # type: ignore[arg-type]
    protocol = _Protocol(_private_data())
    kind = PSRPMessageType.PipelineInput
    message = PSRPMessage(kind, bytearray(sent), protocol.runspace_pool_id, uuid.uuid4(), 1)
    event = protocol._process_message(message)
    assert isinstance(event, PipelineInputEvent)
    assert str(event.data) == text
