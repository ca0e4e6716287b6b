"""What the providers' schemas say of sets and data sources, from one folder after another."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from strata.testing.cases.schemas import Schemas, set_paths, sets_in_type
from tests.overlap import Overlap, at_once

LOCK = 'provider "registry.terraform.io/hashicorp/{name}" {{\n  version = "1.2.3"\n}}\n'


def folder(place: Path, name: str, asked: list[str]) -> Any:
    """A stand-in for an initialised folder with one provider, which notes that its schemas were asked for."""
    place.mkdir()
    (place / ".terraform.lock.hcl").write_text(LOCK.format(name=name))

    def schemas() -> dict[str, Any]:
        asked.append(name)
        block = {
            "attributes": {"names": {"type": ["set", "string"]}, "list": {"type": ["list", "string"]}},
            "block_types": {"rule": {"nesting_mode": "list", "block": {}}},
        }
        kinds = {f"{name}_thing": {"block": block}}
        return {"provider_schemas": {name: {"resource_schemas": kinds, "data_source_schemas": kinds}}}

    return SimpleNamespace(path=place, variables={}, schemas=schemas)


def test_what_one_folder_says_is_kept_beside_what_another_does(tmp_path: Path) -> None:
    asked: list[str] = []
    toolchain: Any = SimpleNamespace(state_dir=tmp_path / "state")
    (tmp_path / "state/testing").mkdir(parents=True)
    folders = [folder(tmp_path / name, name, asked) for name in ("cat", "dog")]
    schemas = Schemas(toolchain)
    for one in (*folders, folders[0]):
        schemas.keep(one)
    assert asked == ["cat", "dog"]
    for kind in ("cat_thing", "dog_thing"):
        assert schemas.sets().knows(kind)
        assert schemas.sets().has(kind, ("names",))
        assert not schemas.sets().has(kind, ("list",))
        assert schemas.data_attributes(kind) == {"list", "names", "rule"}
    # Another process finds them in the files.
    again = Schemas(toolchain)
    for one in folders:
        again.keep(one)
    assert asked == ["cat", "dog"]
    assert again.data_attributes("cat_thing") == schemas.data_attributes("cat_thing")


def test_two_plans_of_the_same_providers_ask_once(tmp_path: Path) -> None:
    place = Overlap()
    one = folder(tmp_path / "cat", "cat", [])
    asked = one.schemas

    def schemas() -> Any:
        place.visit()
        return asked()

    one.schemas = schemas
    toolchain: Any = SimpleNamespace(state_dir=tmp_path / "state")
    found = Schemas(toolchain)
    at_once(*[partial(found.keep, one)] * 2)
    assert place.visits == 1


def test_sets_are_found_however_deep_they_lie() -> None:
    strings = ["set", "string"]
    block = {
        "attributes": {
            "plain": {"type": "string"},
            "listed": {"type": ["list", "string"]},
            "names": {"type": strings},
            "by_key": {"type": ["map", strings]},
            "nested": {"type": ["set", ["object", {"inner": strings, "other": "bool"}]]},
            "pair": {"type": ["tuple", ["string", strings]]},
            "own": {"nested_type": {"nesting_mode": "set", "attributes": {"a": {"type": strings}}}},
            "one": {"nested_type": {"nesting_mode": "single", "attributes": {"b": {"type": strings}}}},
        },
        "block_types": {
            "rule": {"nesting_mode": "set", "block": {"attributes": {"ports": {"type": strings}}}},
            "timeouts": {
                "nesting_mode": "list",
                "block": {"block_types": {"deep": {"nesting_mode": "set", "block": {}}}},
            },
        },
    }
    assert list(set_paths(block)) == [
        "names",
        "by_key",
        "nested",
        "nested.inner",
        "own",
        "own.a",
        "one.b",
        "rule",
        "rule.ports",
        "timeouts.deep",
    ]
    # The type of an output has no name before it.
    assert list(sets_in_type(["object", {"a": strings, "b": ["list", ["object", {"c": strings}]]}], "")) == [
        "a",
        "b.c",
    ]
    assert list(sets_in_type(strings, "")) == [""]
