# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the libraries are called that speak to a host: what comes out of them is theirs, or the server's, or a bug."""

from __future__ import annotations

import binascii
import contextlib
import struct
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from xml.etree import ElementTree
from xml.parsers import expat

import requests
from pypsrp.exceptions import WinRMError

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletError
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import kerberos

# What pypsrp and pywinrm stumble over if a reply is not what it should be.
_STUMBLES: tuple[type[Exception], ...] = (
    ElementTree.ParseError,
    expat.ExpatError,
    binascii.Error,
    struct.error,
    UnicodeError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    StopIteration,
    TypeError,
)

_KNOWN: tuple[type[Exception], ...] = (requests.RequestException, WinRMError, *kerberos.Errors)
_FAILURES: tuple[type[Exception], ...] = (*_STUMBLES, OSError, ValueError, ImportError)
_OURS = f"{__name__.partition('.plugins.')[0]}.plugins."


class TransportError(Exception):
    """A library did not bring an answer; its own error is the cause."""

    @property
    def cause(self) -> BaseException:
        return self.__cause__ or self


class Unintelligible(TransportError):
    """What came is no answer."""

    @property
    def cause(self) -> BaseException:
        return self


class Unopened(TransportError):
    """The server answered that it cannot open the session, and why."""

    def __init__(self, error: CmdletError) -> None:
        super().__init__(error.message)
        self.error = error

    @property
    def cause(self) -> BaseException:
        return self


@contextlib.contextmanager
def asking(*, opened: bool = False) -> Iterator[None]:
    """Around calls of the libraries, and nothing else: their errors become a TransportError, a bug of ours does not.

    A wrong value may be one of the settings, until the session is ``opened``; from then on it came from the server.
    """
    try:
        yield
    except _KNOWN as error:
        raise TransportError(str(error)) from error
    except _FAILURES as error:
        # The libraries call functions of ours back.
        if _is_ours(error):
            raise
        is_answer = isinstance(error, _STUMBLES) or (opened and isinstance(error, ValueError))
        raise (Unintelligible if is_answer else TransportError)(str(error)) from error


def _is_ours(error: Exception) -> bool:
    """Whether the innermost code that is not Python's own is the collection's."""
    for frame, _line in reversed([*traceback.walk_tb(error.__traceback__)]):
        module = _module(frame)
        if module.partition(".")[0] not in sys.stdlib_module_names:
            return module.startswith(_OURS)
    return False


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def place_of(error: Exception) -> str:
    """The kind of an error and where in the collection's code it came up; what it says may be a secret."""
    *_outer, (frame, line) = [
        step for step in traceback.walk_tb(error.__traceback__) if _module(step[0]).startswith(_OURS)
    ]
    name = Path(*_module(frame).removeprefix(_OURS).split("."))
    return f"{type(error).__name__} in plugins/{name}.py, line {line}"
