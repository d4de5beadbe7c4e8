# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Spans of time, and moments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable, member_of, wire_text
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Kind

_SECOND = 10_000_000
_CLOCK = re.compile(r"(?:(?P<d>\d{1,9})\.)?(?P<h>\d{1,9}):(?P<m>\d\d?)(?::(?P<s>\d\d?)(?:\.(?P<f>\d{1,7}))?)?")

_ISO = re.compile(
    r"P(?=.*\d)(?:(?P<d>\d{1,9})D)?(?:T(?:(?P<h>\d{1,9})H)?(?:(?P<m>\d{1,9})M)?(?:(?P<s>\d{1,9})(?:\.(?P<f>\d{1,7}))?S)?)?"
)


def _ticks(match: re.Match[str]) -> int:
    days, hours, minutes, seconds = (int(match[part] or 0) for part in "dhms")
    fraction = int((match["f"] or "").ljust(7, "0"))
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * _SECOND + fraction


def _span(ticks: int) -> str:
    """Ticks as .NET writes a time span."""
    seconds, fraction = divmod(ticks, _SECOND)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{f'{days}.' if days else ''}{hour:02}:{minute:02}:{second:02}{f'.{fraction:07}' if fraction else ''}"


def span_ticks(span: str) -> int | None:
    """The length of a canonical time span; None where there is none."""
    match = _CLOCK.fullmatch(span)
    return _ticks(match) if match else None


def _in_words(seconds: int) -> str:
    parts = zip((seconds // 3600, seconds // 60 % 60, seconds % 60), ("hour", "minute", "second"), strict=True)
    return " ".join(f"{n} {unit}{'s' * (n != 1)}" for n, unit in parts if n) or "0 seconds"


@dataclass(frozen=True)
class TimeSpan(Kind):
    """A span of time, canonical as .NET writes it: `[d.]hh:mm:ss`. A bare number is seconds."""

    lowest: int
    highest: int
    """Both in seconds."""

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        match = _CLOCK.fullmatch(text)
        limits = f"{_span(self.lowest * _SECOND)} to {_span(self.highest * _SECOND)}"
        if re.fullmatch(r"\d{1,9}", text):
            ticks = int(text) * _SECOND
        elif match is None or int(match["m"]) > 59 or int(match["s"] or 0) > 59:
            raise ValueError(f"{quoted(value)} is not a time span; write [d.]hh:mm:ss, or a whole number of seconds")
        elif match["s"] is None:
            raise ValueError(self._ambiguous(text, match))
        elif int(match["h"]) > 23:
            raise ValueError(f"{quoted(value)} has more than 23 hours; use {limits}, with days in front of the hours")
        else:
            ticks = _ticks(match)
        if not self.lowest * _SECOND <= ticks <= self.highest * _SECOND:
            raise ValueError(f"{quoted(value)} is taken for {_span(ticks)}, which is out of range; use {limits}")
        return _span(ticks)

    @staticmethod
    def _ambiguous(text: str, match: re.Match[str]) -> str:
        if match["d"]:
            return f"{quoted(text)} lacks the seconds; write [d.]hh:mm:ss"
        first, second = int(match["h"]), int(match["m"])
        as_hours, as_minutes = first * 3600 + second * 60, first * 60 + second
        return (
            f"{quoted(text)} is ambiguous; write {_span(as_hours * _SECOND)} for {_in_words(as_hours)} "
            f"or {_span(as_minutes * _SECOND)} for {_in_words(as_minutes)}"
        )

    def read(self, value: Any) -> str:
        told = wire_text(member_of(value, "Ticks"))
        if re.fullmatch(r"-?\d{1,19}", told):
            ticks = int(told)
        else:
            match = _CLOCK.fullmatch(wire_text(value)) or _ISO.fullmatch(wire_text(value))
            ticks = _ticks(match) if match else -1
        if not 0 <= ticks < 1 << 63:
            raise Unreadable(value)
        return _span(ticks)


def moment(text: str | None) -> datetime | None:
    """A moment as the wire writes it; None for what is none."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    # Without an offset the time is the server's local one, of which nothing is known here.
    return found if found.tzinfo else None
