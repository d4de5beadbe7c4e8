"""Which tests over the simulated organisation run once more with a real PowerShell in it, and why others do not."""

from __future__ import annotations

import importlib
from typing import Any

_SERVICES = "What a service does is the organisation's; how its errors come is seen of services that refuse to start."
_TIME = "Takes more of the time that the tests have than what it adds to {} is worth; it passes when run by hand."
_SHOWN = "What a session configuration shows of Windows is the simulator's own; test_endpoint asks a real PowerShell."

# By file, its tests that do not run there, each with its reason. All others of these files do.
NOT_THERE: dict[str, dict[str, str]] = {
    "test_both_forms": {
        "test_what_is_read_is_the_same_whatever_the_form": "What is read is compared between the engines as messages.",
        "test_both_roles": _TIME.format("test_the_whole_job_and_back"),
    },
    "test_connectivity_session": {},
    "test_hostile_strings": {
        "test_every_string_option": _TIME.format("test_through_a_playbook and the comparison of rendered values"),
        "test_no_other_place_lets_strings_through": "Ends before anything is asked of a server.",
    },
    "test_least_privilege": {
        "test_with_one_value_less_a_task_fails": _SHOWN,
        "test_the_usual_configuration_is_closed_to_who_has_another": "Ends before anything is run.",
        "test_a_role_needs_no_more_than_the_configuration": _TIME.format("the rights of each feature"),
    },
    "test_protocol_logs": {},
    "test_role": {
        "test_check_then_run_then_run_again": _TIME.format("test_the_whole_job_and_back"),
        "test_a_changed_setting_of_running_services_is_restarted_for": _TIME.format("the whole job"),
        "test_a_run_killed_before_the_restart_is_healed_by_the_next": _TIME.format("the whole job"),
        "test_disable_stops_and_leaves_the_settings": _TIME.format("test_the_whole_job_and_back"),
        "test_iis_is_restarted_when_asked_and_the_endpoint_answers_again": _TIME.format("test_modules"),
    },
    "test_server_failures": {
        "test_a_service_is_missing": _SERVICES,
        "test_a_service_is_disabled": _SERVICES,
        "test_a_service_refuses_to_stop": _SERVICES,
        "test_a_service_dies": _SERVICES,
        "test_an_inactive_component_is_named_as_the_reason": _SERVICES,
        "test_services_that_do_not_follow": _SERVICES,
        "test_a_refused_start_and_a_start_mode_that_does_not_stick_have_changed_nothing": _SERVICES,
        "test_settings_of_another_server_and_its_services": _TIME.format("test_an_unknown_server"),
    },
}


def once_more(file: str) -> dict[str, Any]:
    """What a file of tests has, without the tests that do not run there."""
    names = vars(importlib.import_module(file))
    return {name: one for name, one in names.items() if name[:2] != "__" and name not in NOT_THERE[file]}
