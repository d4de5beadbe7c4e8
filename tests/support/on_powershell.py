"""Which tests over the simulated organisation run once more with a real PowerShell in it, and why others do not."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

_LIKE_ANOTHER = "More of what {} shows there, for the price of more sessions than the time of the tests allows."
_ALONE = "Ends before anything is asked of a server."

# By file, its tests that do not run there, each with its reason. All others of these files do.
NOT_THERE: dict[str, dict[str, str]] = {
    "test_both_forms": {
        "test_what_is_read_is_the_same_whatever_the_form": _LIKE_ANOTHER.format("test_modules"),
        "test_both_roles": _LIKE_ANOTHER.format("test_the_whole_job_and_back"),
    },
    "test_connectivity_session": {},
    "test_hostile_strings": {"test_no_other_place_lets_strings_through": _ALONE},
    "test_least_privilege": {},
    "test_role": {
        "test_a_changed_setting_of_running_services_is_restarted_for": _LIKE_ANOTHER.format("the whole job"),
        "test_a_run_killed_before_the_restart_is_healed_by_the_next": _LIKE_ANOTHER.format("the whole job"),
        "test_disable_stops_and_leaves_the_settings": _LIKE_ANOTHER.format("test_the_whole_job_and_back"),
    },
    "test_server_failures": {},
}


def once_more(file: str) -> dict[str, Any]:
    """What a file of tests has, without the tests that do not run there."""
    names = vars(importlib.import_module(file))
    return {name: one for name, one in names.items() if name[:2] != "__" and name not in NOT_THERE[file]}


def tests_of(file: str) -> set[str]:
    """The tests of a file."""
    module = importlib.import_module(file)
    return {name for name, one in vars(module).items() if name.startswith("test_") and inspect.isfunction(one)}
