"""Prints nothing but one JSON document at the end, as callbacks do whose output is for programs."""

from __future__ import annotations

DOCUMENTATION = r"""
name: as_json
type: stdout
short_description: Print all results as one JSON document
description:
  - Has nobody wait for the lines on how far a task has come, so that a short task has some.
"""

import json  # noqa: E402

from ansible.plugins.callback import CallbackBase  # noqa: E402

from ansible_collections.mailops.exchange.plugins.module_utils._host import progress  # noqa: E402


class CallbackModule(CallbackBase):
    """Keeps results until the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "as_json"

    def __init__(self):
        super().__init__()
        self._results = []
        # Workers are forked from the process that this is loaded in.
        progress.EVERY = 0.0

    def v2_runner_on_ok(self, result):
        self._results.append({"host": result._host.get_name(), "changed": result._result.get("changed")})

    def v2_playbook_on_stats(self, stats):
        self._display.display(json.dumps({"results": self._results}))
