# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Win32_Service shows of a service."""

from __future__ import annotations

from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Enum

# As Win32_Service writes them; the numbers are those of ServiceControllerStatus.
SERVICE_STATE = Enum(
    {
        "Stopped": 1,
        "Start Pending": 2,
        "Stop Pending": 3,
        "Running": 4,
        "Continue Pending": 5,
        "Pause Pending": 6,
        "Paused": 7,
    }
)

# ServiceStartMode as Set-Service takes it. Win32_Service says Auto, and newer PowerShell has a mode of its own for a
# start with delay.
START_MODE = Enum(
    {"Boot": 0, "System": 1, "Automatic": 2, "Manual": 3, "Disabled": 4},
    {"auto": "Automatic", "automaticdelayedstart": "Automatic"},
)
