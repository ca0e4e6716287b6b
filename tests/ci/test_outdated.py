"""Open pull requests that main has overtaken: which are marked, and what is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata.ci.github import GitHub
from strata.ci.outdated import outdated, units_of, with_units
from strata.ci.plans import PlanSet, UnitPlan
from strata.ci.summary import markdown
from strata.cli import app as cli
from tests.ci.github_server import REPOSITORY, serve
from tests.ci.repository import Repository
from tests.ci.test_inventory import BASE

PLANS = PlanSet(
    environment="dev", commit="c" * 40, units=(UnitPlan(unit="live/dev/a"), UnitPlan(unit="live/dev/b"))
)
BODY = with_units(markdown(PLANS), "dev", ["live/dev/b", "live/dev/a"])


def test_a_comment_names_its_units_where_nobody_sees_them() -> None:
    assert BODY.splitlines()[:2] == [
        "<!-- strata:plan:dev -->",
        "<!-- strata:units: live/dev/a live/dev/b -->",
    ]
    assert BODY.splitlines()[2:] == markdown(PLANS).splitlines()[1:]
    assert units_of(BODY) == {"live/dev/a", "live/dev/b"}


@pytest.mark.parametrize("body", ["", "<!-- strata:plan:dev -->\n## x\n", markdown(PLANS)])
def test_a_comment_of_before_names_none(body: str) -> None:
    assert units_of(body) == frozenset()


def test_an_outdated_plan_says_so_once() -> None:
    once = outdated(BODY, "1" * 40, {"live/dev/b"})
    assert once.splitlines()[2:6] == [
        "> [!WARNING]",
        "> **Outdated**: main is at `111111111111` and changes `live/dev/b`. "
        "Update the branch, and it is planned again.",
        "",
        BODY.splitlines()[2],
    ]
    again = outdated(once, "2" * 40, {f"live/dev/{name}" for name in "abcdefg"})
    assert again.count("**Outdated**") == 1
    assert "`222222222222` and changes `live/dev/a`, `live/dev/b`, `live/dev/c`, `live/dev/d`, `live/dev/e` and 2 more." in again  # fmt: skip
    assert units_of(again) == units_of(BODY)


def test_main_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository.create(
        tmp_path, BASE | {"live/dev/b/terragrunt.hcl": BASE["live/dev/a/terragrunt.hcl"]}
    )
    repository.git("checkout", "--quiet", "--detach", "origin/main")
    # The unit b has the input of its own file, the unit a stays what it was.
    text = BASE["live/dev/a/terragrunt.hcl"] + 'inputs = {\n  other = "x"\n}\n'
    commit = repository.commit({"live/dev/b/terragrunt.hcl": text}, "main moves")
    monkeypatch.chdir(repository.clone)
    with serve() as server:
        server.tokens["t"] = {"pull-requests": "write", "statuses": "write"}
        monkeypatch.setenv("GITHUB_API_URL", server.url)
        monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
        monkeypatch.setenv("GITHUB_TOKEN", "t")
        planned = {7: ["live/dev/b", "live/dev/x"], 8: ["live/dev/a"], 9: ["live/prod/b"], 10: []}
        github = GitHub.from_environment()
        for number, units in planned.items():
            server.open.append({"number": number, "head": {"sha": f"{number}".zfill(40)}})
            body = with_units(markdown(PLANS), "dev", units)
            if number != 10:
                github.upsert_comment(number, "<!-- strata:plan:dev -->", body)
        # A person's comment is not the plan's.
        server.comments.append({"id": 4, "issue": 10, "body": BODY, "user": {"type": "User"}})
        before = [one["body"] for one in server.comments]
        assert cli.run(["ci", "outdated", "--base", "HEAD~1"]) == 0
        assert [one["body"] for one in server.comments] == [outdated(before[0], commit, {"live/dev/b"}), *before[1:]]  # fmt: skip
        assert server.statuses == {
            "7".zfill(40): {
                "strata/plan (dev)": {
                    "state": "failure",
                    "context": "strata/plan (dev)",
                    "description": "outdated: main changes live/dev/b",
                }
            }
        }
        # Nothing moved.
        assert cli.run(["ci", "outdated", "--base", "HEAD"]) == 0
        assert len(server.statuses) == 1
