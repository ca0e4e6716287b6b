"""What is shown of plans: bad input of every size, and never a value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from strata.ci.affected import Affected
from strata.ci.fingerprint import closest, fingerprint, new_key
from strata.ci.planning import RECORD, SUMMARY, collect, write
from strata.ci.plans import PlanSet, ResourceChange, UnitPlan, find_plans, unit_plan
from strata.ci.summary import LIMIT, drift_markdown, markdown
from strata.errors import StrataError
from strata.plan.document import read_file
from strata.terraform.terragrunt import UnitOutcome, first_error

SECRETS = (
    "s3cr3t-before",
    "s3cr3t-after",
    "s3cr3t-output",
    "s3cr3t-nested",
    "s3cr3t-variable",
    "s3cr3t-drift",
)
UNITS = tuple(f"live/dev/u{number}" for number in range(11))


def document() -> dict[str, Any]:
    """A plan as Terraform prints it, with a secret in each place where one can be."""
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "variables": {"password": {"value": "s3cr3t-variable"}},
        "prior_state": {"values": {"root_module": {"resources": [{"values": {"p": "s3cr3t-before"}}]}}},
        "resource_changes": [
            {
                "address": 'aws_lambda_function.this["load"]',
                "mode": "managed",
                "type": "aws_lambda_function",
                "change": {
                    "actions": ["update"],
                    "before": {"environment": "s3cr3t-before", "tags": {}},
                    "after": {"environment": "s3cr3t-after", "tags": {}, "x": [{"deep": "s3cr3t-nested"}]},
                    "after_unknown": {},
                    "after_sensitive": {"environment": True},
                },
            },
            {
                "address": "aws_s3_bucket.gone",
                "mode": "managed",
                "type": "aws_s3_bucket",
                "change": {"actions": ["delete"], "before": {"name": "s3cr3t-before"}, "after": None},
            },
        ],
        "resource_drift": [
            {
                "address": "aws_sns_topic.a",
                "mode": "managed",
                "type": "aws_sns_topic",
                "change": {"actions": ["update"], "before": {"n": "x"}, "after": {"n": "s3cr3t-drift"}},
            }
        ],
        "output_changes": {
            "url": {"actions": ["create"], "before": None, "after": "s3cr3t-output", "after_unknown": False}
        },
    }


def test_no_value_comes_out(tmp_path: Path) -> None:
    private, public = tmp_path / "private", tmp_path / "public"
    place = private / "live/dev/lambda"
    place.mkdir(parents=True)
    (place / "tfplan.json").write_text(json.dumps(document()))
    chosen = Affected("dev", {"live/dev/lambda": ("input a",)}, (), (("live/dev/lambda",),))
    planned = collect(
        chosen, "c" * 40, private, {"live/dev/lambda": UnitOutcome("live/dev/lambda", "succeeded")}
    )
    write(planned, private, public)

    shown = "".join(path.read_text() for path in public.iterdir()) + drift_markdown(planned.plans)
    assert {path.name for path in public.iterdir()} == {"plan.json", SUMMARY}
    for secret in SECRETS:
        assert secret not in shown
        assert secret not in (private / RECORD).read_text()
    for said in (
        'aws_lambda_function.this["load"] (environment, x)',
        "- delete `aws_s3_bucket.gone`",
        "output url",
    ):
        assert said in shown


def test_words_of_a_failure_lose_their_quoted_values() -> None:
    said = 'Error: creating topic "s3cr3t-name": InvalidParameter: `s3cr3t-x`\n\n  on main.tf line 3:'
    assert first_error(said) == 'creating topic "…": InvalidParameter: "…"'


def of_size(count: int) -> PlanSet:
    actions = ("create", "update", "replace", "delete")
    resources = tuple(
        ResourceChange.model_validate(
            {
                "address": f'aws_sns_topic.this["{number:05d}"]',
                "type": "aws_sns_topic",
                "action": actions[number % 4],
            }
        )
        for number in range(count)
    )
    return PlanSet(
        environment="dev", commit="c" * 40, units=(UnitPlan(unit="live/dev/a", resources=resources),)
    )


@pytest.mark.parametrize("count", [0, 1, 800, 5_000, 50_000])
def test_a_comment_fits_whatever_the_plan(count: int) -> None:
    plans = of_size(count)
    whole, cut = markdown(plans), markdown(plans, LIMIT)
    assert len(cut.encode()) <= LIMIT
    assert cut.count("```") % 2 == 0
    assert cut.startswith("<!-- strata:plan:dev -->")
    if count >= 5_000:
        assert "more lines, left out here" in cut
        assert "cut to GitHub's limit" in cut
        # What would be destroyed comes first.
        assert f"**{count // 4} to delete and {count // 4} to replace.**" in cut
        assert all(f'["{number:05d}"]' in whole for number in range(0, count, 97))
    else:
        assert cut == whole


def test_a_thousand_units_fit() -> None:
    units = tuple(
        UnitPlan(unit=f"live/dev/{'u' * 40}{n}", resources=of_size(20).units[0].resources)
        for n in range(1_000)
    )
    cut = markdown(PlanSet(environment="dev", commit="c", units=units), LIMIT)
    assert len(cut.encode()) <= LIMIT
    assert "5000 to delete" in cut


def test_nothing_is_affected() -> None:
    assert "no unit is affected" in markdown(PlanSet(environment="dev", commit="c"))


def test_an_empty_plan(tmp_path: Path) -> None:
    path = tmp_path / "tfplan.json"
    path.write_text(json.dumps({"format_version": "1.2"}))
    plan = unit_plan("live/dev/a", read_file(path))
    assert (plan.resources, plan.outputs) == ((), ())
    assert "no changes" in markdown(PlanSet(environment="dev", commit="c", units=(plan,)))


def test_two_of_eleven_units_fail(tmp_path: Path) -> None:
    outcomes = {}
    for number, unit in enumerate(UNITS):
        failed = number in (3, 7)
        outcomes[unit] = UnitOutcome(
            unit, "failed" if failed else "succeeded", "no such bucket" if failed else None
        )
        if not failed:
            (tmp_path / unit).mkdir(parents=True)
            (tmp_path / unit / "tfplan.json").write_text(json.dumps(document()))
    chosen = Affected("dev", dict.fromkeys(UNITS, ("all units",)), (), (UNITS,))
    planned = collect(chosen, "c" * 40, tmp_path, outcomes)
    text = markdown(planned.plans)
    assert "2 of 11 units failed" in text
    assert "- `live/dev/u3`: `no such bucket`" in text
    assert "- `live/dev/u7`: `no such bucket`" in text
    assert "9 to update" in text
    # What failed has no record: it cannot be applied as reviewed.
    assert set(planned.record.units) == set(UNITS) - {UNITS[3], UNITS[7]}


def test_a_key_cannot_break_out_of_the_markdown() -> None:
    address = 'aws_x.y["```\\n</details> @everyone | `code` <!-- -->"]'
    resource = ResourceChange(address=address, type="aws_x", action="delete")
    text = markdown(
        PlanSet(environment="dev", commit="c", units=(UnitPlan(unit="live/dev/a", resources=(resource,)),))
    )
    fences = [line for line in text.splitlines() if line.startswith("````")]
    assert len(fences) == 2
    assert "-" + " " + address in text


def test_the_graph_says_order_and_fate() -> None:
    gone, new = (
        ResourceChange.model_validate({"address": f"aws_x.{action}", "type": "aws_x", "action": action})
        for action in ("delete", "create")
    )
    units = (
        UnitPlan(unit="live/dev/s3", resources=(new, gone)),
        UnitPlan(unit="live/dev/glue", resources=(new,)),
        UnitPlan(unit="live/dev/iam", status="failed", error="x"),
        UnitPlan(unit="live/dev/sns"),
    )
    edges = (
        ("live/dev/s3", "live/dev/glue"),
        ("live/dev/iam", "live/dev/glue"),
        ("live/dev/kms", "live/dev/s3"),
    )
    text = markdown(PlanSet(environment="dev", commit="c", units=units, edges=edges))
    graph = text.partition("```mermaid\n")[2].partition("```")[0]
    lines = [line.strip() for line in graph.splitlines() if not line.strip().startswith("classDef")]
    assert lines == [
        "flowchart LR",
        'u0["s3 +1 -1"]:::destroys',
        'u1["glue +1"]:::changes',
        'u2["iam"]:::failed',
        'u3["sns"]',
        # What is not planned has no node, and so no arrow.
        "u0 --> u1",
        "u2 --> u1",
    ]


KEYS = [
    ("k" * 64, "k" * 64),
    # printf 'k%.0s' $(seq 65) | sha256sum
    ("k" * 65, "kkkkkkkkkkkkkkkk…f39cdc258475"),
    ('\\"' * 65, '\\"\\"\\"\\"\\"\\"\\"\\"…846afcda2f50'),
]


@pytest.mark.parametrize(("key", "expected"), KEYS)
def test_a_long_key_is_not_shown(key: str, expected: str) -> None:
    change = {"actions": ["create"], "before": None, "after": {}}
    address = f'module.a["short"].aws_x.y["{key}"]'
    plan = {"resource_changes": [{"address": address, "type": "aws_x", "change": change}]}
    (resource,) = unit_plan("live/dev/a", plan).resources
    assert resource.address == f'module.a["short"].aws_x.y["{expected}"]'
    (difference,) = closest((), fingerprint(plan, new_key()))
    assert difference.address == resource.address


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not JSON"),
        ('{"format_version": "1.2", "planned_values": "s3cr3t', "not JSON"),
        ("[]", "not a plan of `terraform show -json`"),
        ('{"format_version": "2.0"}', "not a plan of `terraform show -json`"),
        ('{"format_version": "1.2", "errored": true}', "incomplete"),
    ],
)
def test_what_is_no_plan_is_said_without_its_words(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "tfplan.json"
    path.write_text(content)
    with pytest.raises(StrataError, match=message) as caught:
        read_file(path)
    assert "s3cr3t" not in str(caught.value)


def test_plans_are_found_by_unit(tmp_path: Path) -> None:
    (tmp_path / "live/dev/a").mkdir(parents=True)
    (tmp_path / "live/dev/a/tfplan.json").write_text("{}")
    assert find_plans(tmp_path) == {"live/dev/a": tmp_path / "live/dev/a/tfplan.json"}
