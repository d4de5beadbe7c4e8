"""The plan: the one source of changed, before and after."""

from __future__ import annotations

from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import Bindings
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.listings import Edit
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.sizes import ByteSize
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import Text
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import make_plan

TABLE = (
    Setting("banner", "Banner", Text()),
    Setting("log", "Log", Bool()),
    Setting("quota", "Quota", ByteSize()),
    Setting("bindings", "Bindings", Bindings()),
)
ACTUAL = {"banner": "old", "log": False, "quota": 2048, "bindings": ("[::]:995",)}


def test_what_is_not_desired_is_left_alone():
    assert not make_plan(TABLE, {}, ACTUAL).changed


def test_what_is_equal_is_left_alone():
    desired = {"banner": "old", "log": False, "quota": 2048, "bindings": Edit(add=("[::]:995",))}
    assert not make_plan(TABLE, desired, ACTUAL).changed


def test_changes_before_and_after_name_the_same_settings():
    plan = make_plan(TABLE, {"banner": "new", "quota": 1 << 20, "bindings": Edit(add=("0.0.0.0:995",))}, ACTUAL)
    assert plan.changes == {"banner": "new", "quota": 1 << 20, "bindings": ("0.0.0.0:995", "[::]:995")}
    assert plan.before == {"banner": "old", "quota": "2KB", "bindings": ["[::]:995"]}
    assert plan.after == {"banner": "new", "quota": "1MB", "bindings": ["0.0.0.0:995", "[::]:995"]}
    assert plan.diff("POP3") == {
        "before_header": "POP3",
        "after_header": "POP3",
        "before": plan.before,
        "after": plan.after,
    }
    assert ACTUAL["bindings"] == ("[::]:995",)


def test_a_size_rounded_up_by_the_server_is_what_was_wanted():
    assert not make_plan(TABLE, {"quota": 1500}, ACTUAL).changed
    assert make_plan(TABLE, {"quota": 1000}, ACTUAL).changed
