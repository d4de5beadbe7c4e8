# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values that the organization has where an object has none of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Kind, Values

ORGANIZATION = "organization"
"""Given and shown where the setting of the organization counts; Exchange has no word for it, and shows nothing."""


@dataclass(frozen=True)
class OrOrganization(Kind):
    """The values of another kind, or none of the object's own."""

    kind: Kind

    @property
    def spec(self) -> Mapping[str, Any]:
        spec = self.kind.spec
        if self.kind.option_type == "bool":
            # A truth value that is a word as well is neither to Ansible.
            spec = {"type": "raw", "choices": [True, False]}
        return {**spec, "choices": Values([*spec["choices"], ORGANIZATION])} if "choices" in spec else spec

    def parse(self, value: Any) -> Any:
        if isinstance(value, str) and value.strip().casefold() == ORGANIZATION:
            return ORGANIZATION
        try:
            return self.kind.parse(value)
        except ValueError as wrong:
            raise ValueError(f"{wrong}, or {ORGANIZATION} for the organization's value") from None

    def read(self, value: Any) -> Any:
        # A canonical value stays what it is.
        return ORGANIZATION if value in (None, ORGANIZATION) else self.kind.read(value)

    def render(self, value: Any) -> Any:
        return value if value == ORGANIZATION else self.kind.render(value)

    def send(self, value: Any) -> Any:
        return None if value == ORGANIZATION else self.kind.send(value)
