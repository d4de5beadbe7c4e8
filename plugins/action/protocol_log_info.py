# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible_collections.mailops.exchange.plugins.plugin_utils.action import ExchangeAction


class ActionModule(ExchangeAction):
    """Runs the module of this name."""
