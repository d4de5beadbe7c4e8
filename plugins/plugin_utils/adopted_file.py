# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A file of variables that the playbook adopt has written, taken as data: nothing in it is evaluated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.mailops.exchange.plugins.plugin_utils.controller_file import Refused, absolute

_NOTE = re.compile(r"^# ((?:.* )?not in this file,? because .*)$", re.IGNORECASE | re.MULTILINE)
# PyYAML's own in C, where it has been built: of ten thousands of mailboxes the other one takes a minute.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Evaluated(str):
    """A text that is something else to a play: a template, or what Ansible has to decrypt."""

    __slots__ = ()


class _Loader(_Safe):  # type: ignore[misc] # one of two
    """Knows Ansible's mark for text that is not to be taken for a template."""


def _text(loader: Any, node: Any) -> str:
    text = loader.construct_scalar(node)
    return _Evaluated(text) if re.search(r"\{[{%#]", text) else text


_Loader.add_constructor("tag:yaml.org,2002:str", _text)
_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
_Loader.add_multi_constructor("!", lambda _loader, _suffix, node: _Evaluated(node.tag))


@dataclass(frozen=True)
class AdoptedFile:
    """What there is in the file."""

    path: Path
    variables: Mapping[str, Any]
    evaluated: frozenset[str]
    """The variables that are something else to a play than what is written there."""
    notes: tuple[str, ...]
    """The sentences on what adopt has left out."""

    @classmethod
    def read(cls, given: str) -> AdoptedFile:
        """The file, or Refused if there is none, or none that can be read."""
        path = absolute(given)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise Refused(f"path: {path} does not exist; use a file that the playbook adopt has written.") from None
        except (OSError, UnicodeDecodeError) as error:
            told = "it is not text" if isinstance(error, UnicodeDecodeError) else error.strerror or str(error)
            raise Refused(f"path: {path} cannot be read: {told}.") from None
        try:
            # The loader is one of the safe ones.
            variables = yaml.load(text, Loader=_Loader)  # noqa: S506
        except (yaml.YAMLError, ValueError) as error:
            # PyYAML leaves to Python what a date or a number is.
            mark = getattr(error, "problem_mark", None)
            where = f" in line {mark.line + 1}" if mark else ""
            raise Refused(
                f"path: {path} is not YAML{where}; use the file as the playbook adopt has written it."
            ) from None
        if not isinstance(variables, dict) or not all(isinstance(name, str) for name in variables):
            raise Refused(f"path: {path} contains no variables; use a file that the playbook adopt has written.")
        evaluated = frozenset(name for name, value in variables.items() if _is_evaluated(value))
        return cls(path, variables, evaluated, tuple(_NOTE.findall(text)))


def _is_evaluated(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_is_evaluated(part) for pair in value.items() for part in pair)
    return any(map(_is_evaluated, value)) if isinstance(value, list) else isinstance(value, _Evaluated)
