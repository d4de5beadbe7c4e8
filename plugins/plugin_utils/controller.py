# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A task that works where ansible-playbook runs."""

from __future__ import annotations

import typing as t
from abc import abstractmethod

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.mailops.exchange.plugins.plugin_utils.controller_file import Refused


class ControllerAction(ActionBase):  # type: ignore[misc] # ansible-core publishes no types
    """The task's host, its connection and its become have no part in it."""

    TRANSFERS_FILES = False
    _supports_async = False
    _requires_connection = False
    arguments: t.ClassVar[dict[str, t.Any]]
    mutually_exclusive: t.ClassVar[list[tuple[str, ...]]] = []

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the task."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _valid, options = self.validate_argument_spec(
            argument_spec=self.arguments, mutually_exclusive=self.mutually_exclusive
        )
        try:
            return result | self.work(options, task_vars or {})
        except Refused as refused:
            raise AnsibleActionFail(str(refused)) from None

    @abstractmethod
    def work(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Do it, and return what the task returns; Refused in a sentence."""
