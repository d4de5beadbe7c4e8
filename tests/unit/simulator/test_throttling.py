"""Get-, Set- and New-ThrottlingPolicy: which policies there are, what they inherit, and what Exchange refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from administrator import Administrator

from exchange_simulator.catalogue.kinds import RELEASES
from exchange_simulator.catalogue.throttling import THROTTLING_SETTINGS
from exchange_simulator.engine import Command
from exchange_simulator.organisation import Organisation

NAME = "Mail programs"
LIMITS = ("MaxConcurrency", "MaxBurst", "RechargeRate", "CutoffBalance")
SHARES = ("MaxConcurrency", "PercentTimeInAD", "PercentTimeInCAS", "PercentTimeInMailboxRPC")


@pytest.fixture
def admin(admin: Administrator) -> Administrator:
    """An organisation with a policy that an administrator has made."""
    admin.one("New-ThrottlingPolicy", Name=NAME)
    return admin


def stored(admin: Administrator, name: str = NAME) -> dict[str, Any]:
    return dict(admin.organisation.state()["throttling_policies"][name])


def names(admin: Administrator, **parameters: Any) -> list[str]:
    result = admin.run("Get-ThrottlingPolicy", **parameters)
    assert (result.errors, result.terminating) == ([], None)
    return [str(one["Name"]) for one in result.output]


def shown(admin: Administrator, on: str = "EX01", **parameters: Any) -> dict[str, str | None]:
    """What a console would show of the POP3 and IMAP4 members, by their exact names."""
    policy = admin.one("Get-ThrottlingPolicy", on=on, **{"Identity": NAME, **parameters})
    members = {one.name: one.get_value(policy) for one in policy.PSObject.adapted_properties}
    return {
        name: None if value is None else str(value)
        for name, value in members.items()
        if name.casefold().startswith(("pop", "imap"))
    }


def change(admin: Administrator, **parameters: Any) -> list[str]:
    return admin.do("Set-ThrottlingPolicy", **{"Identity": NAME, **parameters})


def the_global_one(admin: Administrator) -> str:
    return next(name for name in names(admin) if name.startswith("GlobalThrottlingPolicy_"))


def test_the_policies_that_setup_makes(make: Callable[..., Organisation]) -> None:
    found = {release: [one.partition("_")[0] for one in names(Administrator(make(release)))] for release in RELEASES}
    assert found.pop("2010") == ["DefaultThrottlingPolicy"]
    assert list(found.values()) == [["GlobalThrottlingPolicy"]] * 4


@pytest.mark.parametrize("release", RELEASES[1:])
def test_the_global_policy_as_published(make: Callable[..., Organisation], release: str) -> None:
    admin = Administrator(make(release))
    policy = admin.one("Get-ThrottlingPolicy", ThrottlingPolicyScope="Global")
    assert shown(admin, Identity=policy["Name"]) == {
        "ImapMaxConcurrency": "Unlimited",
        "ImapMaxBurst": "3600000",
        "ImapRechargeRate": "600000",
        "ImapCutoffBalance": "Unlimited",
        "PopMaxConcurrency": "20",
        "PopMaxBurst": "3600000",
        "PopRechargeRate": "600000",
        "PopCutoffBalance": "Unlimited",
    }
    assert policy["PopMaxConcurrency"]["IsUnlimited"] is False
    assert policy["PopMaxConcurrency"]["Value"] == 20
    unlimited = policy["ImapMaxConcurrency"]
    assert [member.name for member in unlimited.PSObject.adapted_properties] == ["IsUnlimited"]
    assert policy["ThrottlingPolicyScope"].name == "Global"
    assert policy["DistinguishedName"].startswith(f"CN={policy['Name']},CN=Global Settings,CN=First Organization,")


def test_2010_has_members_of_its_own_and_blanks_for_no_limit(admin: Administrator) -> None:
    assert shown(admin, "EX03") == {
        **{f"IMAP{share}": None for share in SHARES},
        **{f"POP{share}": "20" if share == "MaxConcurrency" else None for share in SHARES},
    }
    change(admin, on="EX03", POPMaxConcurrency=30, ImapPercentTimeInCAS="50")
    assert shown(admin, "EX03")["POPMaxConcurrency"] == "30"
    change(admin, on="EX03", PopMaxConcurrency=None)
    assert shown(admin, "EX03")["POPMaxConcurrency"] is None
    assert stored(admin)["IMAPPercentTimeInCAS"] == 50
    assert shown(admin)["PopMaxConcurrency"] == "20"
    default = next(name for name in names(admin) if name.startswith("Default"))
    change(admin, on="EX03", Identity=default, ImapMaxConcurrency=9)


@pytest.mark.parametrize("setting", THROTTLING_SETTINGS, ids=lambda one: one.name)
def test_every_parameter_is_written_and_read_back(admin: Administrator, setting: Any) -> None:
    on = "EX03" if setting.releases == ("2010",) else "EX01"
    before = stored(admin)
    assert change(admin, on=on, **{setting.name: 77}) == []
    after = stored(admin)
    assert {key: after[key] for key in after if after[key] != before[key]} == {setting.name: 77}
    assert shown(admin, on)[setting.name] == "77"
    assert "no settings of 'Mail programs' have been modified" in change(admin, on=on, **{setting.name: "77"})[0]


@pytest.mark.parametrize("spelling", ["Unlimited", "unlimited", "UNLIMITED"])
def test_unlimited_is_a_value_and_null_takes_the_policys_own_away(admin: Administrator, spelling: str) -> None:
    change(admin, PopMaxConcurrency=spelling)
    assert (shown(admin)["PopMaxConcurrency"], stored(admin)["PopMaxConcurrency"]) == ("Unlimited", "Unlimited")
    change(admin, PopMaxConcurrency=None)
    assert (shown(admin)["PopMaxConcurrency"], stored(admin)["PopMaxConcurrency"]) == ("20", None)
    assert shown(admin, Explicit=True) == {f"{one}{limit}": None for one in ("Imap", "Pop") for limit in LIMITS}


def test_what_a_policy_inherits(admin: Administrator) -> None:
    everybody = "Everybody"
    admin.one("New-ThrottlingPolicy", Name=everybody, ThrottlingPolicyScope="Organization", PopMaxConcurrency=40)
    change(admin, Identity=the_global_one(admin), PopMaxBurst=5000, PopMaxConcurrency=10, ForceSettingGlobal=True)
    assert (shown(admin)["PopMaxConcurrency"], shown(admin)["PopMaxBurst"]) == ("40", "5000")
    change(admin, PopMaxConcurrency=50)
    assert shown(admin)["PopMaxConcurrency"] == "50"
    assert shown(admin, Identity=everybody)["PopMaxConcurrency"] == "40"


def test_the_global_policy_needs_a_switch(admin: Administrator) -> None:
    name = the_global_one(admin)
    before = stored(admin, name)
    error = admin.refused("Set-ThrottlingPolicy", Identity=name, PopMaxConcurrency=30)
    assert "FailureCategory=Cmdlet-LocalizedException" in error.FullyQualifiedErrorId
    assert stored(admin, name) == before
    (warning,) = change(admin, Identity=name, PopMaxConcurrency=30, ForceSettingGlobal=True)
    assert name in warning
    assert stored(admin, name)["PopMaxConcurrency"] == 30


def test_identities(admin: Administrator) -> None:
    policy = admin.one("Get-ThrottlingPolicy", Identity=NAME.upper())
    for identity in ("Mail*", str(policy["DistinguishedName"]), str(policy["Guid"])):
        assert names(admin, Identity=identity) == [NAME]
    assert names(admin, Identity="Nothing*") == []
    assert names(admin, ThrottlingPolicyScope="Organization") == []
    change(admin, Name="Clients")
    assert names(admin, Identity=str(policy["Guid"])) == ["Clients"]


@pytest.mark.parametrize("cmdlet", ["Get-ThrottlingPolicy", "Set-ThrottlingPolicy"])
def test_a_policy_that_is_not_there(admin: Administrator, cmdlet: str) -> None:
    error = admin.refused(cmdlet, Identity="Nothing")
    assert "ManagementObjectNotFoundException" in error.FullyQualifiedErrorId


def test_a_write_is_to_one_policy(admin: Administrator) -> None:
    error = admin.refused("Set-ThrottlingPolicy", Identity="*", PopMaxConcurrency=30)
    assert "ManagementObjectAmbiguousException" in error.FullyQualifiedErrorId
    admin.refused("Set-ThrottlingPolicy", Identity="", PopMaxConcurrency=30)
    piped = [Command("Get-ThrottlingPolicy", ((None, NAME),)), Command("Set-ThrottlingPolicy", (("PopMaxBurst", 1),))]
    result = admin.organisation.run("EX01", "exchange", "tester", [piped])
    assert (result.errors, result.terminating, stored(admin)["PopMaxBurst"]) == ([], None, 1)


@pytest.mark.parametrize("value", [-1, "many", "", 1 << 32, "3.5", True])
@pytest.mark.parametrize("on", ["EX01", "EX03"])
def test_values_of_the_wrong_type(admin: Administrator, on: str, value: Any) -> None:
    error = admin.refused("Set-ThrottlingPolicy", on=on, Identity=NAME, PopMaxConcurrency=value)
    assert error.FullyQualifiedErrorId == "ParameterArgumentTransformationError,Set-ThrottlingPolicy"


@pytest.mark.parametrize("on", ["EX01", "EX03"])
def test_values_out_of_range(admin: Administrator, on: str) -> None:
    error = admin.refused("Set-ThrottlingPolicy", on=on, Identity=NAME, PopMaxConcurrency=1 << 31)
    assert "out of range" in str(error)


@pytest.mark.parametrize(
    ("on", "parameter"),
    [
        ("EX01", "PopPercentTimeInCAS"),
        ("EX03", "PopMaxBurst"),
        ("EX03", "ThrottlingPolicyScope"),
        ("EX03", "ForceSettingGlobal"),
    ],
)
def test_parameters_a_release_does_not_have(admin: Administrator, on: str, parameter: str) -> None:
    error = admin.refused("Set-ThrottlingPolicy", on=on, Identity=NAME, **{parameter: 1})
    assert error.FullyQualifiedErrorId == "NamedParameterNotFound,Set-ThrottlingPolicy"


def test_no_limit_is_no_word_of_2010(admin: Administrator) -> None:
    admin.refused("Set-ThrottlingPolicy", on="EX03", Identity=NAME, PopMaxConcurrency="unlimited")


def test_what_a_new_policy_may_not_be(admin: Administrator) -> None:
    everybody = {"ThrottlingPolicyScope": "Organization"}
    assert "already exists" in str(admin.refused("New-ThrottlingPolicy", Name=NAME.upper()))
    assert "Regular, Organization" in str(
        admin.refused("New-ThrottlingPolicy", Name="A", ThrottlingPolicyScope="Global")
    )
    assert "out of range" in str(admin.refused("New-ThrottlingPolicy", Name="A", ImapMaxConcurrency=1 << 31))
    admin.do("New-ThrottlingPolicy", Name="A", WhatIf=True, **everybody)
    admin.one("New-ThrottlingPolicy", Name="A", **everybody)
    assert "already" in str(admin.refused("New-ThrottlingPolicy", Name="B", **everybody))
    assert "already" in str(admin.refused("Set-ThrottlingPolicy", Identity=NAME, **everybody))
    change(admin, Identity="A", **everybody)
    admin.organisation.reset()
    assert [name.partition("_")[0] for name in names(admin)] == ["DefaultThrottlingPolicy", "GlobalThrottlingPolicy"]


def test_a_write_replicates_and_may_not_stick(make: Callable[..., Organisation]) -> None:
    admin = Administrator(make("SE", domain_controllers=2, replication_delay=60))
    admin.one("New-ThrottlingPolicy", Name=NAME)
    change(admin, PopMaxConcurrency=30, DomainController="DC1.contoso.test")
    found = [shown(admin, DomainController=f"DC{number}")["PopMaxConcurrency"] for number in (1, 2)]
    assert found == ["30", "20"]
    change(admin, PopMaxConcurrency=31, WhatIf=True)
    admin.organisation.faults.arm({"kind": "write_does_not_stick", "cmdlet": "Set-ThrottlingPolicy"})
    change(admin, PopMaxConcurrency=32)
    assert stored(admin)["PopMaxConcurrency"] == 30


def test_what_rbac_withholds(admin: Administrator) -> None:
    fault = {"kind": "rbac_without", "cmdlet": "Set-ThrottlingPolicy"}
    admin.organisation.faults.arm(fault | {"parameter": "PopMaxBurst"})
    error = admin.refused("Set-ThrottlingPolicy", Identity=NAME, PopMaxBurst=1)
    assert error.FullyQualifiedErrorId == "NamedParameterNotFound,Set-ThrottlingPolicy"
    change(admin, PopMaxConcurrency=30)
    admin.organisation.faults.arm(fault)
    error = admin.refused("Set-ThrottlingPolicy", Identity=NAME, PopMaxConcurrency=31)
    assert error.FullyQualifiedErrorId == "CommandNotFoundException"


def test_a_role_grants_a_parameter_in_any_spelling(admin: Administrator) -> None:
    granted = {"Set-ThrottlingPolicy": ["Identity", "PopMaxConcurrency"]}
    admin.organisation.faults.arm({"kind": "rbac_only", "cmdlets": granted})
    for on in ("EX01", "EX03"):
        change(admin, on=on, PopMaxConcurrency=31)
        admin.refused("Set-ThrottlingPolicy", on=on, Identity=NAME, ImapMaxConcurrency=31)
