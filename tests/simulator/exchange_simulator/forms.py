"""The forms in which an object of Exchange's reaches a client; what builds one builds the full form.

`full` is what `/PowerShell/?serializationLevel=Full` sends, as in the captures. `plain` is what `/PowerShell/` alone
sends: members that are no primitive are their text, and nothing is added to the object (published: 3gstudent, pypsrp at
Exchange 2016 CU23, reference id 24086788430). `live` is what PowerShell's own serializer makes of an object of the
snap-in at depth 1, as a real one was seen to do: the same, and the members of the live object are there.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from psrpcore.types import PSEnumBase, PSList, PSNoteProperty, PSObject

from .prepared import Prepared

Form = Literal["full", "plain", "live"]
# What Exchange's serializer adds at the full level.
_ADDED = frozenset({"SerializationData"})


def asked_form(query: str) -> Form:
    """The form that a URL asks for; the shell parts parameters by semicolons. That case does not count is a guess."""
    return "full" if "serializationlevel=full" in re.split("[;&]", query.casefold()) else "plain"


def formed(value: Any, form: Form) -> Any:
    """An object that a cmdlet put out, in this form."""
    if form == "full":
        return value
    if isinstance(value, Prepared):
        return value.changed(_shallow)
    return _shallow(value)


def _shallow(value: Any) -> Any:
    if type(value) is not PSObject:
        return _nested(value)
    shown = PSObject()
    source, target = value.PSObject, shown.PSObject
    target.type_names = source.type_names
    if source.to_string is not None:
        target.to_string = source.to_string
    for name in ("adapted_properties", "extended_properties"):
        members = [one for one in getattr(source, name) if one.name not in _ADDED]
        setattr(target, name, [PSNoteProperty(one.name, value=_nested(one.get_value(value))) for one in members])
    return shown


def _nested(value: Any) -> Any:
    """A member: primitives as they are, lists of texts, and of all else the text."""
    if isinstance(value, PSList):
        listed = type(value)(map(_nested, value))
        listed.PSObject.type_names = value.PSObject.type_names
        return listed
    if isinstance(value, PSEnumBase):
        return value.name
    if type(value) is PSObject:
        return value.PSTypeNames[0] if value.PSObject.to_string is None else value.PSObject.to_string
    return value
