"""A server that is in maintenance, or partly so: what the modules say, and whom they name as having asked for it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from evidence import is_a_sentence
from in_process import InProcessHost

Request = tuple[str, ...]
OFF, ON = "Inactive", "Active"
DIFFERS = "Maintenance (its requests in Active Directory and on the server differ)"


def ask(host: InProcessHost, *requests: Request) -> None:
    """Each a component, a requester, a state, and where alone it is kept."""
    for component, requester, state, *only in requests:
        asked = {"Component": component, "Requester": requester, "State": state}
        host.administer("Set-ServerComponentState", Identity="EX01", **asked, **dict.fromkeys(only, True))


@pytest.mark.parametrize(
    ("requests", "pop3", "imap4"),
    [
        ([], None, None),
        ([("PopProxy", "Maintenance", OFF)], "PopProxy is Inactive, as requested by Maintenance.", None),
        (
            [("ImapProxy", "HealthAPI", OFF), ("ImapProxy", "Functional", OFF)],
            None,
            "ImapProxy is Inactive, as requested by HealthAPI and Functional.",
        ),
        # What the first one took back, the second one still asks for.
        (
            [("PopProxy", "HealthAPI", OFF), ("PopProxy", "Maintenance", OFF), ("PopProxy", "Maintenance", ON)],
            "PopProxy is Inactive, as requested by HealthAPI.",
            None,
        ),
        ([("PopProxy", "Maintenance", OFF), ("PopProxy", "Maintenance", ON)], None, None),
        # Active Directory and the server's own registry differ: what counts to Exchange is not told.
        (
            [
                ("PopProxy", "Maintenance", OFF),
                ("PopProxy", "Sidelined", OFF),
                ("PopProxy", "Maintenance", ON, "LocalOnly"),
            ],
            f"PopProxy is Inactive, as requested by perhaps {DIFFERS} and Sidelined.",
            None,
        ),
        (
            [("PopProxy", "Maintenance", ON), ("PopProxy", "Maintenance", OFF, "RemoteOnly")],
            f"PopProxy is Inactive, as requested by perhaps {DIFFERS}.",
            None,
        ),
        (
            [("ServerWideOffline", "Maintenance", OFF)],
            "PopProxy is Inactive, and the whole server is offline (ServerWideOffline), as requested by Maintenance.",
            "ImapProxy is Inactive, and the whole server is offline (ServerWideOffline), as requested by Maintenance.",
        ),
        (
            [("ServerWideOffline", "Functional", OFF), ("PopProxy", "HealthAPI", OFF)],
            "PopProxy is Inactive, and the whole server is offline (ServerWideOffline), as requested by HealthAPI and "
            "Functional.",
            "ImapProxy is Inactive, and the whole server is offline (ServerWideOffline), as requested by Functional.",
        ),
        # After maintenance, what somebody else has taken down stays down.
        (
            [
                ("ServerWideOffline", "Maintenance", OFF),
                ("PopProxy", "HealthAPI", OFF),
                ("ServerWideOffline", "Maintenance", ON),
            ],
            "PopProxy is Inactive, as requested by HealthAPI.",
            None,
        ),
        ([("PopProxy", "Maintenance", "Draining")], "PopProxy is Draining, as requested by Maintenance.", None),
        ([("FrontendTransport", "Maintenance", "Draining")], None, None),
        ([("FrontendTransport", "Maintenance", OFF)], None, None),
    ],
    ids=str,
)
def test_what_is_down_and_who_asked_for_it(requests: Sequence[Request], pop3: str | None, imap4: str | None) -> None:
    host = InProcessHost()
    ask(host, *requests)
    result = host.run("client_access_info", {"gather": []})
    told = {key: result[key]["component_reason"] for key in ("pop3", "imap4")}
    assert told == {key: one and f"The server component {one}" for key, one in {"pop3": pop3, "imap4": imap4}.items()}
    assert all(is_a_sentence(one) for one in told.values() if one)
    for key, down in (("pop3", pop3), ("imap4", imap4)):
        assert result[key]["component_state"] == ("inactive" if down else "active")
        started = host.run("protocol_service", {"protocol": key, "state": "started"})
        if down and "Draining" not in down:
            assert told[key] in started["msg"]
            assert "Make it Active with Set-ServerComponentState, as the requester that took it down." in started["msg"]
        else:
            assert "failed" not in started
