"""Cases as pytest runs them: what passes, what fails, and what a failure says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Ran, run_pytest

pytestmark = [pytest.mark.terraform, pytest.mark.needs("terraform")]

PASS = [
    "box/passes",
    "box/passes-too",
    "box/refused-name",
    "box/refused-type",
    "box/refused-limit",
    "box/refused-odd",
    "plain/passes",
    "plain/dollar",
    "box/two",
    "box/with-plain",
    "crate/passes",
    "crate/refused-name",
    "crate/refused-odd",
]
# A fault of the case itself: all that its failure says is one line.
ONE_LINE = {
    "box/bad-pattern": "tests/modules/box/bad-pattern.yaml:1: error.pattern is not a regular expression: missing ), unterminated subpattern at position 0",
    "box/empty": "tests/modules/box/empty.yaml:1: the file is empty",
    "box/misspelt-key": "tests/modules/box/misspelt-key.yaml:3: unknown key `expect.value` (did you mean values?)",
    "box/no-such-absent": "tests/modules/box/no-such-absent.yaml:1: module box declares no resource terraform_data.optionl (did you mean terraform_data.optional?)",
    "box/no-such-address": "tests/modules/box/no-such-address.yaml:3: the plan has no resource terraform_data.polcy (did you mean terraform_data.policy?)",
    "box/no-such-input": "tests/modules/box/no-such-input.yaml:3: module box has no input nmae (did you mean name?)",
    "box/no-such-output": "tests/modules/box/no-such-output.yaml:1: module box has no output nmaes (did you mean names?)",
    "box/no-yaml": "tests/modules/box/no-yaml.yaml:3: no valid YAML: did not find expected key",
    "box/nothing-expected": "tests/modules/box/nothing-expected.yaml:2: expect expects nothing, so that it cannot fail",
    "box/twice": "tests/modules/box/twice.yaml:3: `inputs` is set twice",
    "crate/no-such-absent": "tests/modules/crate/no-such-absent.yaml:1: module crate declares no resource module.box.terraform_data.optionl (did you mean module.box.terraform_data.optional?)",
    "crate/no-such-resource": "tests/modules/crate/no-such-resource.yaml:2: module crate declares no resource module.box.terraform_data.thsi (did you mean module.box.terraform_data.this?)",
    "nowhere/x": "tests/modules/nowhere/x.yaml:1: unknown module nowhere (there are box, crate, plain)",
}
FAIL = {
    "box/breaks-the-batch": """\
Terraform refused the plan:
  terraform_data.this: Resource precondition failed: The size of odd must be even.

run it again: pytest tests/modules/box/breaks-the-batch.yaml""",
    "box/not-refused": """\
Terraform planned it without an error

run it again: pytest tests/modules/box/not-refused.yaml""",
    "box/refused-otherwise": """\
an error on variable name that matches 'too long' was expected; Terraform reported:
  variable name: Invalid value for variable: name must be lower-case letters. This was checked by the validation rule at modules/box/variables.tf:21,3-13.

run it again: pytest tests/modules/box/refused-otherwise.yaml""",
    "box/wrong": """\
modules/box/README.md:28: number of resources
  - expected 9
  + planned  2

run it again: pytest modules/box/README.md::wrong""",
    "box/wrong-values": """\
tests/modules/box/wrong-values.yaml:5: terraform_data.this["small"].input.name
  - expected "box"
  + planned  "crate-small"
tests/modules/box/wrong-values.yaml:6: terraform_data.this["small"].output
  - expected 1
  + planned  (known after apply)
tests/modules/box/wrong-values.yaml:7: number of terraform_data
  - expected 5
  + planned  2
tests/modules/box/wrong-values.yaml:8: output names.large  (there are small)
  - expected "crate-large"
  + planned  nothing
tests/modules/box/wrong-values.yaml:8: output tags (a set)
  - expected "c"
  + planned  nothing
tests/modules/box/wrong-values.yaml:11: terraform_data.policy.input: statement  (the nearest statement of the policy)
  - expected
  + planned
    {
  -   "Action": "*",
  +   "Action": [
  +     "s3:GetObject",
  +     "s3:ListBucket"
  +   ],
      "Effect": "Allow",
  -   "Resource": "*"
  +   "Resource": "arn:aws:s3:::crate",
  +   "Sid": "Read"
    }
tests/modules/box/wrong-values.yaml:12: terraform_data.policy
  - expected nothing
  + planned  "planned"

run it again: pytest tests/modules/box/wrong-values.yaml""",
    "plain/breaks-unnamed": """\
Terraform refused the plan:
  Invalid function argument: Invalid value for "v" parameter: cannot convert "b" to number; given string must be a decimal representation of a number.

run it again: pytest tests/modules/plain/breaks-unnamed.yaml""",
}


@pytest.mark.parametrize("name", PASS)
def test_a_case_passes_beside_broken_ones(ran: Ran, name: str) -> None:
    assert ran.tests[name] == ""


@pytest.mark.parametrize("name", ONE_LINE)
def test_a_fault_of_a_case_is_one_line_with_its_place(ran: Ran, name: str) -> None:
    assert ran.tests[name] == ONE_LINE[name]


@pytest.mark.parametrize("name", FAIL)
def test_a_failure_shows_expected_and_planned_and_how_to_run_it_again(ran: Ran, name: str) -> None:
    assert ran.tests[name] == FAIL[name]


def test_every_case_of_the_sample_is_looked_at(ran: Ran) -> None:
    assert set(ran.tests) == {*PASS, *ONE_LINE, *FAIL}


def test_sound_cases_take_three_starts_and_refused_ones_at_most_three_more(
    sample: Callable[..., Ran],
) -> None:
    sound = sample("tests", "-k", "passes")
    assert (list(sound.tests.values()), sound.batches()) == ([""] * 4, [(4, 3)])
    both = sample("tests", "-k", "passes or (refused and not not-refused and not refused-otherwise)")
    assert (list(both.tests.values()), len(both.batches())) == ([""] * 10, 1)
    assert both.batches()[0][1] <= 6


def test_two_workers_find_the_same(sample: Callable[..., Ran], ran: Ran) -> None:
    parallel = sample("-n", "2", "tests", "modules")
    assert parallel.tests == ran.tests
    # So few cases are one batch, on one worker.
    assert parallel.batches() == ran.batches()


def test_a_nested_module_that_terraform_cannot_read_fails_its_callers_only(
    sample: Callable[..., Ran],
) -> None:
    twice = {"modules/box/more.tf": 'resource "terraform_data" "policy" {}\n'}
    ran = sample("tests/modules/crate/passes.yaml", "tests/modules/plain/passes.yaml", files=twice)
    assert ran.tests["plain/passes"] == ""
    assert "Duplicate resource" in ran.tests["crate/passes"]


def test_x_stops_and_lf_runs_the_failed_again(sample: Callable[..., Ran]) -> None:
    chosen = ["-p", "no:randomly", "tests/modules/box/not-refused.yaml", "tests/modules/plain/passes.yaml"]
    stopped = sample("-x", *chosen)
    assert (list(stopped.tests), stopped.batches()[0][0]) == (["box/not-refused"], 2)
    # Only what is selected is planned.
    again = run_pytest(stopped.root, "--lf", *chosen)
    assert (list(again.tests), again.batches()[0][0]) == (["box/not-refused"], 1)


@pytest.mark.parametrize(
    ("directive", "block", "fault"),
    [
        ("<!-- case: Two Words -->", "```hcl\n```", "1: `Two Words` is not a directive of a case (write <!-- case: name --> or <!-- case: name resources=3 -->)"),
        ("<!-- case: a -->", "text", "1: no ```hcl block follows the case a"),
        ("<!-- case: a -->", "```hcl", "3: the block does not end"),
        ("<!-- case: a -->", '```hcl\nmodule "x" {\n  source = "../plain"\n}\n```', "4: the example does not call the module box"),
    ],
)  # fmt: skip
def test_a_directive_that_is_none_is_one_line(
    sample: Callable[..., Ran], directive: str, block: str, fault: str
) -> None:
    text = f"{directive}\n\n{block}\n"
    ran = sample("modules", files={"modules/box/README.md": text})
    assert list(ran.tests.values()) == [f"modules/box/README.md:{fault}"]
