"""Who would be cut off, by what the logs of several servers tell."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.usage import cut_off


def user(name: str, without_tls: str | None = "no", last_seen: str | None = "2026-11-26") -> dict[str, Any]:
    return {"user": name, "without_tls": without_tls, "last_seen": last_seen}


def part(*users: dict[str, Any], login_type: str = "PlainTextLogin", days: int = 1) -> dict[str, Any]:
    return {"users": [*users], "login_type": login_type, "days": [{}] * days}


def test_who_logged_on_would_be_cut_off_by_disabling() -> None:
    told = cut_off({"ex1": part(user("bob"), user("anna", last_seen=None)), "ex2": part(user("CONTOSO\\Bob"))})
    assert told["disabling"] == ["bob"]
    assert told["allow_list"] is None


def test_by_secure_login_are_cut_off_who_log_on_without_tls() -> None:
    usage = {
        "ex1": part(user("always"), user("never", "yes"), user("perhaps", "unknown"), user("elsewhere", None)),
        "ex2": part(user("always", "unknown"), user("elsewhere"), user("never"), login_type="SecureLogin"),
        "ex3": part(user("behind", None)),
    }
    assert cut_off(usage)["secure_login"] == {"certain": ["never"], "possible": ["behind", "perhaps"]}


def test_an_allow_list_leaves_out_who_is_not_in_it() -> None:
    usage = {"ex1": part(user("CONTOSO\\anna"), user("bob@fabrikam.com"), user("carol"), user("dave@contoso.com"))}
    told = cut_off(usage, ["anna@contoso.com", "bob@contoso.com", "dave"])
    assert told["allow_list"] == ["bob@fabrikam.com", "carol"]
    everybody = ["CONTOSO\\anna", "bob@fabrikam.com", "carol", "dave@contoso.com"]
    assert cut_off(usage, [])["allow_list"] == everybody


def test_servers_whose_logs_tell_nothing_are_named() -> None:
    assert cut_off({"ex1": part(days=0), "ex2": None, "ex3": part()})["silent"] == ["ex1", "ex2"]
