"""What is shown of plans: bad input of every size, and never a value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from strata.ci.affected import Affected
from strata.ci.fingerprint import closest, fingerprint, new_key
from strata.ci.planning import RECORD, SUMMARY, collect, write
from strata.ci.plans import PlanSet, ResourceChange, UnitPlan, find_plans, load_plan_set, unit_plan
from strata.ci.reading import Repository
from strata.ci.summary import LIMIT, Section, code, drift_markdown, markdown
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
        chosen,
        "c" * 40,
        private,
        {"live/dev/lambda": UnitOutcome("live/dev/lambda", "succeeded")},
        Repository(words={"load"}),
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


# printf 'hunter2' | sha256sum
KEYS = [
    ("raw", "raw"),
    ("raw-orders_2024", "raw-orders_2024"),
    ("orders/raw.x", "orders/raw.x"),
    ("hunter2", "…f52fbd32b2b3"),
    ("raw-hunter2", None),
    ("k" * 65, "…f39cdc258475"),
    ('\\"' * 65, '\\"' * 65),
    ("AKIAIOSFODNN7EXAMPLE", None),
]


@pytest.mark.parametrize(("key", "expected"), KEYS)
def test_a_key_is_shown_if_the_configuration_spells_its_words(
    tmp_path: Path, key: str, expected: str | None
) -> None:
    (tmp_path / "live/dev").mkdir(parents=True)
    (tmp_path / "live/dev/env.hcl").write_text('locals {\n  raw = ["orders_2024", "orders"]\n}\n')
    (tmp_path / "modules/a").mkdir(parents=True)
    (tmp_path / "modules/a/main.tf").write_text('resource "aws_x" "y" {\n  for_each = var.x\n}\n')
    repository = Repository.at(tmp_path)
    change = {"actions": ["create"], "before": None, "after": {}}
    address = f'module.a["orders"].aws_x.y["{key}"]'
    plan = {"resource_changes": [{"address": address, "type": "aws_x", "change": change}]}
    (resource,) = unit_plan("live/dev/a", plan, repository).resources
    if expected is None:
        assert key not in resource.address
    else:
        assert resource.address == f'module.a["orders"].aws_x.y["{expected}"]'
    (difference,) = closest((), fingerprint(plan, new_key()), repository)
    assert difference.address == resource.address
    (hidden,) = unit_plan("live/dev/a", plan).resources
    assert "orders" not in hidden.address


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


def of(action: str, name: str = "a", *changed: str) -> ResourceChange:
    return ResourceChange.model_validate(
        {"address": f"aws_x.{name}", "type": "aws_x", "action": action, "changed": changed}
    )


def detail(unit: UnitPlan, **more: Any) -> list[str]:
    """The lines of one unit's details."""
    text = markdown(PlanSet(environment="dev", commit="c", units=(unit,), **more))
    return text.partition("<details>")[2].partition("</details>")[0].splitlines()


# What happens to a resource, and its line; what goes comes first, the rest by address.
LINES = [
    (of("create", "b"), "+ aws_x.b"),
    (of("update", "c", "name", "tags"), "! aws_x.c (name, tags)"),
    (of("import", "d"), "<- aws_x.d"),
    (of("forget", "e"), "# aws_x.e"),
    (of("move", "f"), "-> aws_x.f"),
    (of("delete", "y"), "- aws_x.y"),
    (of("replace", "z", "name"), "-/+ aws_x.z (name)"),
]


def test_each_action_has_its_sign() -> None:
    unit = UnitPlan(unit="live/dev/a", resources=tuple(one for one, _ in LINES), outputs=("url",))
    reasons = {"live/dev/a": ("input a", "input b", "input c", "input d", "input e")}
    lines = detail(unit, reasons=reasons)
    assert lines == [
        "<summary><code>live/dev/a</code>: 7 resource(s)</summary>",
        "",
        "Planned because of `input a`, `input b`, `input c` and 2 more.",
        "",
        "```diff",
        *(line for _, line in LINES[-2:]),
        *(line for _, line in LINES[:-2]),
        "! output url",
        "```",
        "",
    ]
    assert "Planned because" not in "".join(detail(unit))
    assert "Planned because of `x`.\n" in "\n".join(detail(unit, reasons={"live/dev/a": ("x",)}))


def test_the_table_counts() -> None:
    whole = UnitPlan(unit="live/dev/a", resources=tuple(one for one, _ in LINES), digest="0123456789abcdef")
    failed = UnitPlan(unit="live/dev/b", status="skipped", error="x")
    text = markdown(PlanSet(environment="dev", commit="c", units=(whole, failed)))
    assert "| `live/dev/a` | 1 | 1 | 1 | 1 | 3 | `0123456789ab` |" in text.splitlines()
    assert "| `live/dev/b` | skipped |  |  |  |  |  |" in text.splitlines()
    assert text.splitlines()[1] == (
        "## Plan for `dev`: 1 to create, 1 to update, 1 to replace, 1 to delete, 1 to import, 1 to move, "
        "1 to forget, 1 of 2 units failed"
    )


def test_units_that_lose_something_come_first() -> None:
    units = tuple(
        UnitPlan(unit=f"live/dev/{name}", resources=resources)
        for name, resources in {
            "a": (of("create"),),
            "b": (of("update"),),
            "y": (of("delete"),),
            "z": (of("replace"), of("replace", "b")),
        }.items()
    )
    text = markdown(PlanSet(environment="dev", commit="c", units=units))
    shown = [line for line in text.splitlines() if line.startswith("<details>")]
    assert [line.partition("<code>live/dev/")[2][0] for line in shown] == ["y", "z", "a", "b"]


@pytest.mark.parametrize("removed", [(), ("live/dev/gone",)])
def test_removed_units_are_named(removed: tuple[str, ...]) -> None:
    text = markdown(PlanSet(environment="dev", commit="c", removed=removed))
    assert ("The folder of these units is gone" in text) is bool(removed)
    assert ("> - `live/dev/gone`" in text) is bool(removed)


def test_downstream_says_what_the_units_own_plans_do_not() -> None:
    own = UnitPlan(unit="live/dev/a", resources=(of("create"),))
    seen = UnitPlan(unit="live/dev/a", resources=(of("create"), of("update", "a", "name")))
    other = UnitPlan(unit="live/dev/b", resources=(of("delete"),))
    plans = PlanSet(environment="dev", commit="c", units=(own,), downstream=(seen, other))
    lines = markdown(plans).partition("<details open>")[2].partition("</details>")[0].splitlines()
    assert lines[2:-1] == [
        "```diff",
        "! live/dev/a aws_x.a (name)",
        "- live/dev/b aws_x.a",
        "```",
    ]


LONG = "b" * 100
CUT = "# and 1 more lines, left out here"
# Bytes of a piece count with the two of the empty line after it; 80 are kept for the line that says what is cut.
ROOMS = [
    (Section("head"), 6, "head"),
    (Section("head"), 5, ""),
    (Section("head", rest="no"), 4, "no"),
    (Section("head", rest="no"), 3, ""),
    (Section("h", ("a", LONG), "f", "r"), 108, f"h\na\n{LONG}\nf"),
    (Section("h", ("a", LONG), "f", "r"), 107, f"h\na\n{CUT}\nf"),
    (Section("h", ("a", LONG), "f", "r"), 89, f"h\na\n{CUT}\nf"),
    (Section("h", ("a", LONG), "f", "r"), 88, "r"),
    (Section("h", ("a", LONG), "", "r"), 86, f"h\na\n{CUT}"),
    (Section("h", ("a", LONG), "", "r"), 85, "r"),
    (Section("h", ("é", LONG), "", "r"), 86, "r"),
]


@pytest.mark.parametrize(("section", "room", "expected"), ROOMS)
def test_as_much_as_has_room(section: Section, room: int, expected: str) -> None:
    assert section.within(room) == expected


def test_what_comes_later_keeps_its_short_form() -> None:
    """A large unit is cut so far that each unit after it is still named."""
    units = tuple(
        UnitPlan(unit=f"live/dev/u{n}", resources=of_size(400).units[0].resources) for n in range(10)
    )
    cut = markdown(PlanSet(environment="dev", commit="c", units=units), 20_000)
    assert len(cut.encode()) <= 20_000
    # Of what is cut, no more than one cut line's room and a resource's is left over.
    assert len(cut.encode()) > 19_500
    assert all(f"<code>live/dev/u{n}</code>: 400 resource(s)" in cut for n in range(10))


def test_drift_says_what_happened_and_what_an_apply_would_do() -> None:
    drifted = UnitPlan(
        unit="live/dev/a",
        drifted=(of("update", "u", "name"), of("delete", "d"), of("replace", "r"), of("create", "c"), of("move", "m")),
        resources=(of("update", "u", "name"),),
        outputs=("url",),
    )  # fmt: skip
    plans = PlanSet(environment="dev", commit="c", units=(drifted, UnitPlan(unit="live/dev/b")))
    assert drift_markdown(plans).splitlines() == [
        "<!-- strata:drift:dev -->",
        "## Drift in `dev`: 1 of 2 units",
        "",
        "### `live/dev/a`",
        "",
        "```diff",
        "! aws_x.u was changed by hand (name)",
        "- aws_x.d was deleted by hand",
        "-/+ aws_x.r was replaced by hand",
        "+ aws_x.c was created by hand",
        "-> aws_x.m was move by hand",
        "! aws_x.u: an apply would update it (name)",
        "! output url",
        "```",
        "",
        "Apply main again to restore it, or change the code to match by a pull request.",
    ]


@pytest.mark.parametrize(
    ("actions", "expected"),
    [(["create"], ("a",)), (["update"], ("a",)), (["delete"], ("a",)), (["no-op"], ()), ([], ())],
)
def test_which_outputs_would_change(actions: list[str], expected: tuple[str, ...]) -> None:
    change = {"actions": actions, "before": 1, "after": 2, "after_unknown": False}
    assert unit_plan("live/dev/a", {"output_changes": {"a": change}}).outputs == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [(None, "the plans cannot be read: No such file"), ("{}", "not a plan set: 2 validation errors for PlanSet")],
)  # fmt: skip
def test_a_plan_set_that_cannot_be_read(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "plan.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(StrataError, match=says) as caught:
        load_plan_set(path)
    assert caught.value.file == str(path)


# A resource's actions and what else is said of it, and the one word for it; None: it stays as it is.
WORDS: list[tuple[list[str], dict[str, Any], dict[str, Any], str | None]] = [
    (["create"], {}, {}, "create"),
    (["update"], {}, {}, "update"),
    (["delete"], {}, {}, "delete"),
    (["forget"], {}, {}, "forget"),
    (["delete", "create"], {}, {}, "replace"),
    (["create", "delete"], {}, {}, "replace"),
    (["no-op"], {"importing": {"id": "a"}}, {}, "import"),
    (["update"], {"importing": {"id": "a"}}, {}, "update"),
    (["no-op"], {}, {"previous_address": "aws_x.b"}, "move"),
    (["no-op"], {}, {}, None),
    (["create"], {}, {"mode": "data"}, None),
]


@pytest.mark.parametrize(("actions", "change", "item", "word"), WORDS)
def test_one_word_for_a_change(
    actions: list[str], change: dict[str, Any], item: dict[str, Any], word: str | None
) -> None:
    whole = {"actions": actions, "before": {}, "after": {}, **change}
    found = {"address": "aws_x.a", "type": "aws_x", "mode": "managed", **item, "change": whole}
    resources = unit_plan("live/dev/a", {"resource_changes": [found]}).resources
    assert [resource.action for resource in resources] == ([] if word is None else [word])


@pytest.mark.parametrize(
    ("unit", "lines"),
    [
        (UnitPlan(unit="live/dev/a", outputs=("url",)), ["! output url"]),
        (
            UnitPlan(unit="live/dev/a", resources=(of("delete", "d"),)),
            ["- aws_x.d: an apply would delete it"],
        ),
        (UnitPlan(unit="live/dev/a", drifted=(of("delete", "d"),)), ["- aws_x.d was deleted by hand"]),
    ],
)
def test_each_kind_of_drift_is_drift(unit: UnitPlan, lines: list[str]) -> None:
    text = drift_markdown(PlanSet(environment="dev", commit="c", units=(unit,)))
    assert text.startswith("<!-- strata:drift:dev -->\n## Drift in `dev`: 1 of 1 units\n\n### `live/dev/a`\n")
    inside = text.partition("```diff\n")[2].partition("\n```")[0]
    assert inside.splitlines() == lines


FAILED = UnitPlan(unit="live/dev/a", status="failed", error="no such bucket")
SKIPPED = UnitPlan(unit="live/dev/b", status="skipped")
CAUTION = """> [!CAUTION]
> **2 of 3 units have no plan:**
>
> - `live/dev/a`: `no such bucket`
> - `live/dev/b`: `not begun`"""


def test_what_has_no_plan_stands_on_top() -> None:
    plans = PlanSet(environment="dev", commit="c", units=(FAILED, SKIPPED, UnitPlan(unit="live/dev/c")))
    head = "<!-- strata:{}:dev -->\n## {}: {}\n\n"
    assert markdown(plans).startswith(
        head.format("plan", "Plan for `dev`", "2 of 3 units failed") + CAUTION + "\n\n"
    )
    drift = drift_markdown(plans)
    assert drift == head.format("drift", "Drift in `dev`", "0 of 3 units") + CAUTION + "\n"


def test_what_is_lost_is_named_in_full() -> None:
    gone = UnitPlan(
        unit="live/dev/a",
        resources=(of("delete", "d"), of("replace", "r"), of("create", "c"), of("delete", "e")),
    )
    text = markdown(PlanSet(environment="dev", commit="c", units=(gone,)))
    assert (
        """> [!CAUTION]
> **2 to delete and 1 to replace.**
>
> - delete `aws_x.d` in `live/dev/a`
> - replace `aws_x.r` in `live/dev/a`
> - delete `aws_x.e` in `live/dev/a`

"""
        in text
    )


def test_plans_made_with_mocks_are_provisional() -> None:
    units = (
        UnitPlan(unit="live/dev/a", mocked=("aws_x.a",)),
        UnitPlan(unit="live/dev/b"),
        UnitPlan(unit="live/dev/c", mocked=("aws_x.c", "output o")),
    )
    text = markdown(PlanSet(environment="dev", commit="c", units=units))
    (line,) = [line for line in text.splitlines() if "**Provisional**" in line]
    assert "`live/dev/a`, `live/dev/c`." in line
    assert "Provisional" not in markdown(PlanSet(environment="dev", commit="c", units=units[1:2]))


@pytest.mark.parametrize("error", [None, "no such bucket"])
def test_why_there_is_no_environment_plan(error: str | None) -> None:
    text = markdown(PlanSet(environment="dev", commit="c", downstream_error=error))
    said = "The environment plan could not be made: `no such bucket`"
    assert (said in text) is (error is not None)
    assert ("environment plan" in text) is (error is not None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "`a`"),
        ("", "``"),
        ("a  b\n c", "`a b c`"),
        ("`a", "`` `a ``"),
        ("a`", "`` a` ``"),
        ("a`b", "``a`b``"),
        ("a``b`c", "```a``b`c```"),
        ("```", "```` ``` ````"),
        ("@someone [x](y)", "`@someone [x](y)`"),
        ("a|b", "`a|b`"),
    ],
)
def test_inline_code(text: str, shown: str) -> None:
    assert code(text) == shown
