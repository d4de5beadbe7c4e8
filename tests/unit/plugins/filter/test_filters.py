"""The filters: documented as they are, and a wrong input ends in a sentence."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from evidence import is_a_sentence

PLUGINS = "ansible_collections.mailops.exchange.plugins.filter."
NAMES = sorted(path.stem for path in (Path(__file__).resolve().parents[4] / "plugins" / "filter").glob("*.py"))


def of(name: str) -> tuple[Any, dict[str, Any], Any]:
    """The filter, its documentation and its examples."""
    module = importlib.import_module(PLUGINS + name)
    (function,) = module.FilterModule().filters().values()
    return function, yaml.safe_load(module.DOCUMENTATION), yaml.safe_load(module.EXAMPLES)


@pytest.mark.parametrize("name", NAMES)
def test_the_documentation_has_its_options_in_their_order(name: str) -> None:
    function, documented, examples = of(name)
    first, *others = inspect.signature(function).parameters.values()
    said = [option for option in documented["options"] if option != "_input"]
    named = [parameter.name for parameter in others if parameter.kind != inspect.Parameter.VAR_KEYWORD]
    assert first.default is inspect.Parameter.empty
    assert said[: len(named)] == named
    assert documented["name"] == name
    assert f"mailops.exchange.{name}" in str(examples)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("odd", [None, "text", 3])
def test_a_wrong_input_ends_in_a_sentence(name: str, odd: object) -> None:
    function, _documented, _examples = of(name)
    _first, *others = inspect.signature(function).parameters.values()
    needed = [[] for other in others if other.kind == inspect.Parameter.POSITIONAL_OR_KEYWORD]
    with pytest.raises(AnsibleFilterError) as refused:
        function(odd, *needed)
    assert str(refused.value).startswith(f"{name}: use ")
    assert is_a_sentence(str(refused.value))


def test_follow_up_has_the_options_of_what_it_decides_by() -> None:
    _function, documented, _examples = of("follow_up")
    module = importlib.import_module(PLUGINS + "follow_up")
    fields = {name: field for name, field in module.FollowUp.__dataclass_fields__.items() if name != "look"}
    assert set(documented["options"]) - {"_input"} == set(fields)
