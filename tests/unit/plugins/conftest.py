"""What the tests of plugins share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from in_process import InProcessHost

from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import to_plain


@pytest.fixture
def host() -> InProcessHost:
    """An Exchange Server SE as it is after installation."""
    return InProcessHost()


@pytest.fixture
def host_of() -> type[InProcessHost]:
    """Hosts of other versions."""
    return InProcessHost


@pytest.fixture
def captured(captures: Path) -> Callable[..., list[Any]]:
    """Reads the objects of a capture, all their members or some."""

    def read(name: str, members: list[str] | None = None) -> list[Any]:
        root = ElementTree.parse(captures / f"{name}.xml").getroot()
        # A loop over none of them would find nothing wrong.
        assert len(root), name
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        # Reference numbers run on over a whole file, while on the wire each object starts anew.
        return [to_plain(element, members, document=root) for element in root]

    return read
