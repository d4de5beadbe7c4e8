# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows of tables: what is said of an option or a setting is said in its row."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2007, Version
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Kind


@dataclass(frozen=True)
class Setting:
    """A row of a table: an option of a module, the cmdlet's parameter for it, and the kind of its value."""

    option: str
    parameter: str
    """Empty where the option is the module's own."""
    kind: Kind
    since: Version = EXCHANGE_2007
