"""The plugin protocol: what each call answers, and the state that a failed change leaves."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest

from strata.cloud.snowflake.provider import tfplugin6_pb2 as pb
from strata.cloud.snowflake.provider.client import literal, output
from strata.cloud.snowflake.provider.planning import has_change, text, typed
from strata.cloud.snowflake.provider.schema import provider_block, resources
from strata.cloud.snowflake.provider.servicer import RESOURCES, Servicer
from strata.cloud.snowflake.provider.values import (
    UNKNOWN,
    conform,
    decode,
    encode,
    in_set_order,
    is_unknown,
    without_unknown,
)

from ..console import Console
from .conftest import RefusedError
from .local import LocalProtocol

ROLE = "arn:aws:iam::111122223333:role/r"


@pytest.fixture
def local(console: Console) -> LocalProtocol:
    return LocalProtocol(console)


@pytest.mark.parametrize("name", ["GetResourceIdentitySchemas", "GetFunctions", "StopProvider"])
def test_calls_that_answer_nothing(local: LocalProtocol, name: str) -> None:
    assert local.call(name) == getattr(pb, name).Response()


def test_a_shutdown_is_acknowledged() -> None:
    handlers = Servicer(dict).handlers()
    found = [handler.service(Mock(method="/plugin.GRPCController/Shutdown")) for handler in handlers]
    (shutdown,) = [handler for handler in found if handler]
    assert shutdown.unary_unary(b"", Mock()) == b""


def test_the_schemas_are_the_documents(local: LocalProtocol) -> None:
    found = local.call("GetProviderSchema")
    assert set(found.resource_schemas) == set(resources()) == set(RESOURCES)
    assert found.server_capabilities == pb.ServerCapabilities(plan_destroy=False)
    block = provider_block()
    assert [a.name for a in found.provider.block.attributes] == list(block["attributes"])
    for name, schema in resources().items():
        message = found.resource_schemas[name]
        assert message.version == schema.version
        _same_block(message.block, schema.block)


def _same_block(message: Any, block: dict[str, Any]) -> None:
    for found, (name, attribute) in zip(message.attributes, block.get("attributes", {}).items(), strict=True):
        assert (found.name, json.loads(found.type)) == (name, attribute["type"])
        for flag in ("required", "optional", "computed", "sensitive"):
            assert getattr(found, flag) is attribute.get(flag, False)
        assert found.deprecated is bool(attribute.get("deprecated"))
    nesting = {"list": 2, "set": 3, "single": 1}
    for found, (name, nested) in zip(message.block_types, block.get("block_types", {}).items(), strict=True):
        assert (found.type_name, found.nesting) == (name, nesting[nested["nesting_mode"]])
        assert found.min_items == (nested.get("min_items") or 0)
        assert found.max_items == (nested.get("max_items") or 0)
        _same_block(found.block, nested["block"])


def test_an_older_state_is_taken_over(local: LocalProtocol) -> None:
    raw = json.dumps({"id": "R", "name": "R", "comment": None, "removed_since": 1}).encode()
    response = local.call(
        "UpgradeResourceState", type_name="snowflake_account_role", raw_state=pb.RawState(json=raw)
    )
    state = decode(response.upgraded_state)
    assert set(state) == set(resources()["snowflake_account_role"].type[1])
    assert (state["id"], state["comment"], state["show_output"]) == ("R", None, None)


def test_faults_of_the_providers_configuration(local: LocalProtocol) -> None:
    from strata.cloud.snowflake.provider.schema import blank, block_type

    block = provider_block()
    config = encode(blank(block, {"preview_features_enabled": ["moon"]}), block_type(block))
    with pytest.raises(RefusedError, match=r"to be one of \[.*\], got moon$"):
        local.call("ValidateProviderConfig", config=config)


def test_a_destruction_is_planned_as_nothing(local: LocalProtocol) -> None:
    state = local.apply("snowflake_account_role", {"name": "R"})
    fields = local._fields("snowflake_account_role", None, state)
    planned = local.call("PlanResourceChange", **fields, prior_private=b"kept")
    assert (decode(planned.planned_state), planned.planned_private) == (None, b"kept")
    assert planned.legacy_type_system
    read = local.call("ReadResource", type_name="snowflake_account_role", current_state=encode(state, resources()["snowflake_account_role"].type), private=b"kept")  # fmt: skip
    assert read.private == b"kept"


def _applied(local: LocalProtocol, kind: str, config: dict[str, Any], prior: Any) -> tuple[Any, list[str]]:
    """Apply, and return the state and the diagnostics that Terraform gets together."""
    fields = local._fields(kind, config, prior)
    planned = local.call("PlanResourceChange", **fields)
    del fields["proposed_new_state"]
    handler = local._handlers[0].service(Mock(method="/tfplugin6.Provider/ApplyResourceChange"))
    request = pb.ApplyResourceChange.Request(
        **fields, planned_state=planned.planned_state, planned_private=b"kept"
    )
    answer = handler.unary_unary(request, local._context)
    assert (answer.private, answer.legacy_type_system) == (b"kept", True)
    return decode(answer.new_state), [d.summary for d in answer.diagnostics]


def test_a_failed_creation_leaves_no_state(local: LocalProtocol, console: Console) -> None:
    console.run("CREATE ROLE R")
    state, (summary,) = _applied(local, "snowflake_account_role", {"name": "R"}, None)
    assert state is None
    assert "Object 'R' already exists." in summary


def test_a_creation_that_cannot_be_read_leaves_its_state(
    local: LocalProtocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local.client, "show", lambda *_: None)
    state, summaries = _applied(local, "snowflake_account_role", {"name": "R", "comment": "c"}, None)
    assert summaries == ["snowflake_account_role R does not exist after it was applied"]
    assert (state["id"], state["comment"]) == ("R", "c")


@pytest.mark.parametrize(
    ("kind", "config", "change", "statement", "kept"),
    [
        ("account_role", {"name": "R", "comment": "a"}, {"comment": "b"}, "DROP ROLE R", "b"),
        ("schema", {"name": "N", "database": "D", "comment": "a"}, {"comment": "b"}, "DROP SCHEMA D.N", "a"),
    ],
)
def test_a_failed_change(
    local: LocalProtocol,
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    config: Any,
    change: Any,
    statement: str,
    kept: str,
) -> None:
    console.script("CREATE DATABASE D")
    kind = f"snowflake_{kind}"
    state = local.read(kind, local.apply(kind, config))
    execute, dropped = local.client.execute, []

    def dropping(sql: str) -> Any:
        if sql.startswith("ALTER") and not dropped:
            dropped.append(console.run(statement))
        return execute(sql)

    monkeypatch.setattr(local.client, "execute", dropping)
    found, (summary,) = _applied(local, kind, config | change, state)
    assert "does not exist or not authorized" in summary
    # Most types store what was planned, some keep what was.
    assert (found["comment"], found["id"]) == (kept, state["id"])


def test_a_defect_is_a_diagnostic(
    local: LocalProtocol, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError

    monkeypatch.setattr(local.client, "show", broken)
    with caplog.at_level(logging.ERROR), pytest.raises(RefusedError, match=r"^KeyError$"):
        local.read("snowflake_account_role", {"id": "R"})
    assert caplog.messages == ["defect in the stand-in provider"]


def test_a_type_that_is_only_planned(local: LocalProtocol) -> None:
    name = next(name for name, resource in RESOURCES.items() if type(resource).__name__ == "PlannedOnly")
    refused = (
        rf"^the stand-in provider plans {name}, but the embedded Snowflake has none: it cannot be applied, "
    )
    with pytest.raises(RefusedError, match=refused):
        local.read(name, {"id": "x"})


@pytest.mark.parametrize(
    ("value", "sql"),
    [
        (True, "TRUE"),
        (False, "FALSE"),
        (5, "5"),
        (1.5, "1.5"),
        ("a", "'a'"),
        ("it's \\", "'it\\'s \\\\'"),
        (["a", 1], "('a', 1)"),
        ((), "()"),
    ],
)
def test_values_are_sql(value: Any, sql: str) -> None:
    assert literal(value) == sql


@pytest.mark.parametrize(
    ("kind", "shown", "value"),
    [
        ("string", None, ""),
        ("string", "null", ""),
        ("string", True, "true"),
        ("string", 5, "5"),
        ("bool", "true", True),
        ("bool", "Y", True),
        ("bool", "N", False),
        ("bool", None, False),
        ("number", "12", 12),
        ("number", "-1", -1),
        ("number", "10.00", 10),
        ("number", "80%", 80),
        ("number", None, 0),
        ("number", "many", 0),
        ("number", "1.2.3", 0),
        (["list", "string"], "a, b,", ["a", "b"]),
        (["list", "string"], None, []),
        (["list", "string"], ["a, b"], ["a, b"]),
    ],
)
def test_what_is_shown_has_its_type(kind: Any, shown: Any, value: Any) -> None:
    (found,) = output({"column": shown}, {"field": kind}, {"field": "column"})
    assert (found, type(found["field"])) == ({"field": value}, type(value))


def test_an_empty_time_is_gos_zero() -> None:
    row = {"created_on": None, "name": None}
    fields = {"created_on": "string", "name": "string"}
    (found,) = output(row, fields, times=["created_on"])
    assert found == {"created_on": "0001-01-01 00:00:00 +0000 UTC", "name": ""}


KIND = ["object", {"s": "string", "n": "number", "b": "bool", "l": ["list", "string"], "t": ["set", "number"],
                   "m": ["map", "string"], "o": ["list", ["object", {"x": "string"}]]}]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ({"s": 1, "n": "2", "b": "true"}, {"s": "1", "n": 2, "b": True}),
        ({"s": True, "n": "2.5", "b": "no"}, {"s": "true", "n": 2.5, "b": False}),
        ({"s": "a", "n": 2.0, "b": False, "extra": 1}, {"s": "a", "n": 2, "b": False}),
        ({"l": [1, None, UNKNOWN], "t": [3, 1, "2"]}, {"l": ["1", None, UNKNOWN], "t": [1, 2, 3]}),
        ({"m": {1: 2}, "o": [{"x": 1, "y": 2}, {}]}, {"m": {"1": "2"}, "o": [{"x": "1"}, {"x": None}]}),
        ({"s": UNKNOWN, "l": UNKNOWN}, {"s": UNKNOWN, "l": UNKNOWN}),
    ],
)
def test_a_value_takes_a_type(value: Any, taken: Any) -> None:
    whole = dict.fromkeys(KIND[1]) | taken
    assert conform(value, KIND) == whole
    assert decode(encode(value, KIND)) == whole


def test_values_on_the_wire() -> None:
    assert decode(pb.DynamicValue()) is None
    assert decode(pb.DynamicValue(json=b'{"a": 1}')) == {"a": 1}
    assert decode(encode(None, "string")) is None
    with pytest.raises(TypeError, match="not a Terraform value"):
        encode({"m": {"k": object}}, ["object", {"m": "any"}])
    assert repr(UNKNOWN) == "(known after apply)"


def test_unknown_parts() -> None:
    assert [is_unknown(v) for v in (UNKNOWN, [1, UNKNOWN], {"a": [{"b": UNKNOWN}]})] == [True] * 3
    assert [is_unknown(v) for v in (None, "a", [1, [2]], {"a": 1, "b": {}}, [], {})] == [False] * 6
    assert without_unknown({"a": [UNKNOWN, 1], "b": {"c": UNKNOWN}, "d": "x"}) == {"a": [None, 1], "b": {"c": None}, "d": "x"}  # fmt: skip


def test_a_set_is_in_the_order_of_its_hashes() -> None:
    # The plugin SDK sorts the texts of CRC-32: the real provider was recorded to send these in this order.
    assert in_set_order(["s3://a-bucket/", "s3://b-bucket/"]) == ["s3://b-bucket/", "s3://a-bucket/"]
    assert in_set_order(["a", "b", "c"]) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("default", "kind", "value"),
    [
        ("true", "bool", True),
        ("false", "bool", False),
        ("-1", "number", -1),
        ("DEFAULT", "string", "DEFAULT"),
    ],
)
def test_a_default_has_its_type(default: str, kind: str, value: Any) -> None:
    found = typed(default, kind)
    assert (found, type(found)) == (value, type(value))
    assert text(value) == default


@pytest.mark.parametrize(
    ("kind", "prior", "planned", "changed"),
    [
        ("string", "a", "a", False),
        ("string", None, "", False),
        ("string", "", None, False),
        ("string", "a", None, True),
        ("number", 0, None, False),
        ("string", "a", UNKNOWN, True),
        (["list", "string"], [], None, False),
        (["list", "string"], ["a"], [], True),
    ],
)
def test_an_update_concerns_an_attribute(kind: Any, prior: Any, planned: Any, changed: bool) -> None:
    assert has_change(kind, prior, planned) is changed


def test_a_client_asks_for_one_object(local: LocalProtocol, console: Console) -> None:
    console.script("CREATE DATABASE D; CREATE SCHEMA D.A_B; CREATE SCHEMA D.AXB")
    asked: list[str] = []
    execute: Callable[[str], Any] = local.client.execute
    local.client.execute = lambda sql: (asked.append(sql), execute(sql))[1]
    assert local.client.show("SCHEMAS", ("D", "A_B"))["name"] == "A_B"
    assert local.client.show("SCHEMAS", ("D", "NONE")) is None
    assert local.client.show("TABLES", ("NO", "SUCH", "T")) is None
    assert local.client.show("DATABASES", ("D",))["name"] == "D"
    assert asked == [
        "SHOW SCHEMAS LIKE 'A_B' IN DATABASE \"D\"",
        "SHOW SCHEMAS LIKE 'NONE' IN DATABASE \"D\"",
        'SHOW TABLES LIKE \'T\' IN SCHEMA "NO"."SUCH"',
        "SHOW DATABASES LIKE 'D'",
    ]
