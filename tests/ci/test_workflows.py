"""The workflows as text: linters, pins, and what each job may do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = ("drift", "terraform-post-merge-apply", "terraform-pr-plan", "terraform-validate-fmt", "unlock")
# Job -> its permissions, by hand: whoever adds one has to add it here.
PERMISSIONS: dict[str, dict[str, dict[str, str]]] = {
    "terraform-validate-fmt": {job: {"contents": "read"} for job in ("static", "lint", "tests")},
    "terraform-pr-plan": {
        "affected": {"contents": "read"},
        "gate": {"actions": "read", "contents": "read", "pull-requests": "write"},
        "plan": {"contents": "read", "id-token": "write"},
        "rehearsal": {"contents": "read"},
        "report": {"actions": "read", "contents": "read", "pull-requests": "write"},
    },
    "terraform-post-merge-apply": {
        "affected": {"contents": "read", "statuses": "read"},
        "outdated": {"contents": "read", "pull-requests": "write", "statuses": "write"},
        "apply": {"contents": "read", "id-token": "write", "pull-requests": "read", "statuses": "write"},
    },
    "drift": {
        "environments": {"contents": "read"},
        "drift": {"contents": "read", "id-token": "write"},
        "issue": {"contents": "read", "issues": "write"},
    },
    "unlock": {"unlock": {"actions": "read", "contents": "read", "id-token": "write"}},
}
# Workflow, or job of one -> its group, by hand. A group has one place to wait: who shares it may be dropped.
GROUPS = {
    "terraform-validate-fmt": "validate-${{ github.ref }}",
    "terraform-pr-plan": "plan-${{ github.event.pull_request.number || 'queue' }}-"
    "${{ github.event.pull_request.head.sha || github.sha }}",
    "terraform-post-merge-apply": "post-merge-${{ github.sha }}",
    "terraform-post-merge-apply/apply": "apply-${{ matrix.environment }}",
    "drift": "drift",
    "unlock": "unlock-${{ inputs.environment }}",
}


def workflow(root: Path, name: str) -> dict[Any, Any]:
    document = yaml.safe_load((root / f".github/workflows/{name}.yaml").read_text())
    assert isinstance(document, dict)
    return document


def test_these_are_all(root: Path) -> None:
    assert {path.name for path in (root / ".github/workflows").iterdir()} == {
        f"{name}.yaml" for name in WORKFLOWS
    }


@pytest.mark.parametrize("name", WORKFLOWS)
def test_permissions_are_these_and_no_more(root: Path, name: str) -> None:
    document = workflow(root, name)
    assert document["permissions"] == {}
    assert {job: item["permissions"] for job, item in document["jobs"].items()} == PERMISSIONS[name]


def test_no_job_with_a_credential_restores_a_cache(root: Path) -> None:
    for name in WORKFLOWS:
        for job, item in workflow(root, name)["jobs"].items():
            if "id-token" in item["permissions"]:
                used = [step.get("uses", "") for step in item["steps"]]
                assert [one for one in used if "cache" in one] == [], f"{name}/{job}"
    actions = (root / ".github/actions/setup/action.yaml").read_text()
    assert "actions/cache" not in actions
    assert "cache:" not in actions


def test_a_job_with_a_credential_installs_locked_providers_only(root: Path) -> None:
    for name in WORKFLOWS:
        for job, item in workflow(root, name)["jobs"].items():
            if "id-token" not in item["permissions"]:
                continue
            assert item["env"]["TF_CLI_ARGS_init"] == "-lockfile=readonly", f"{name}/{job}"
            assert item["env"]["TF_CLI_CONFIG_FILE"] == "${{ github.workspace }}/.strata/providers.tfrc"
            steps = [step.get("uses", step.get("run", "")).partition("@")[0] for step in item["steps"]]
            made = steps.index('strata ci providers --out "$TF_CLI_CONFIG_FILE"')
            assert made < steps.index("aws-actions/configure-aws-credentials"), f"{name}/{job}"


def test_a_merge_queue_gets_its_checks(root: Path) -> None:
    for name in ("terraform-validate-fmt", "terraform-pr-plan"):
        assert "merge_group" in workflow(root, name)[True]
    # A skipped job passes; these ran for the pull request, and here they would ask for its number.
    for job, item in workflow(root, "terraform-pr-plan")["jobs"].items():
        needs = item.get("needs", [])
        assert "github.event_name == 'pull_request'" in item.get("if", "") or "affected" in needs, job


@pytest.mark.parametrize("name", WORKFLOWS)
def test_jobs_are_bounded_and_leave_nothing(root: Path, name: str) -> None:
    text = (root / f".github/workflows/{name}.yaml").read_text()
    document = workflow(root, name)
    assert "concurrency" in document
    assert "secrets." not in text
    assert "pull_request_target" not in text
    for job in document["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 120
        for step in job["steps"]:
            uses = step.get("uses", "")
            if uses.startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
            if uses and not uses.startswith("./"):
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", uses), uses


def test_every_pin_names_its_version(root: Path) -> None:
    files = [*(root / ".github").rglob("*.yaml")]
    pins: dict[str, set[str]] = {}
    for path in files:
        for action, commit, version in re.findall(
            r"uses: ([\w/-]+)@([0-9a-f]{40}) # (v[\d.]+)", path.read_text()
        ):
            pins.setdefault(action, set()).add(f"{commit} {version}")
        assert len(re.findall(r"uses: [\w-]+/", path.read_text())) == len(
            re.findall(r"@[0-9a-f]{40} # v", path.read_text())
        )
    assert all(len(found) == 1 for found in pins.values()), pins


def test_only_an_environment_applies_and_nothing_cached_reaches_it(root: Path) -> None:
    for name in WORKFLOWS:
        for job, item in workflow(root, name)["jobs"].items():
            text = yaml.safe_dump(item)
            applies = "AWS_APPLY_ROLE" in text
            assert applies == ("environment" in item), (name, job)
            if applies:
                assert "actions/cache" not in text


def test_nothing_waits_in_the_place_of_something_else(root: Path) -> None:
    found = {}
    for name in WORKFLOWS:
        document = workflow(root, name)
        found[name] = document["concurrency"]["group"]
        for job, item in document["jobs"].items():
            if "concurrency" in item:
                found[f"{name}/{job}"] = item["concurrency"]["group"]
                assert item["concurrency"]["cancel-in-progress"] is False
    assert found == GROUPS
    assert len({re.sub(r"\$.*", "", group) for group in found.values()}) == len(found)


def test_whichever_apply_runs_takes_main_as_it_is(root: Path) -> None:
    steps = workflow(root, "terraform-post-merge-apply")["jobs"]["apply"]["steps"]
    assert steps[0]["with"]["ref"] == "${{ github.ref }}"


def test_unlock_looks_for_the_apply_job(root: Path) -> None:
    apply = workflow(root, "terraform-post-merge-apply")["jobs"]["apply"]
    assert apply["name"] == "apply ${{ matrix.environment }}"


def test_the_gate_comes_before_any_credential(root: Path) -> None:
    jobs = workflow(root, "terraform-pr-plan")["jobs"]
    for name, job in jobs.items():
        if job["permissions"].get("id-token") == "write":
            assert "gate" in job["needs"]
            assert "head.repo.full_name == github.repository" in job["if"]
        if name in ("gate", "report"):
            # Their token may write: only the base's code runs there.
            first = next(step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout"))
            assert first["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
            assert "path" not in first["with"]


def test_the_required_check_always_runs(root: Path) -> None:
    jobs = workflow(root, "terraform-pr-plan")["jobs"]
    report = jobs["report"]
    assert report["if"] == "${{ !cancelled() && github.event_name == 'pull_request' }}"
    assert set(report["needs"]) == set(jobs) - {"report"}
    assert f'"{report["name"]}" (job `report`)' in (root / "docs/bootstrap.md").read_text()


def test_tools_have_one_file_of_versions(root: Path) -> None:
    named = dict(line.split() for line in (root / ".tool-versions").read_text().splitlines())
    text = "".join(path.read_text() for path in (root / ".github").rglob("*.yaml"))
    assert set(named) == {"actionlint", "java", "python", "terraform", "terragrunt"}
    for tool, version in named.items():
        found = re.search(rf"\b{tool}[a-z_-]*(version: .*|@v){re.escape(version)}", text)
        assert found is None, f"{tool} {version} stands in .github as well"
    # The setup action is the only place that installs them.
    assert (
        text.count("python-version:") == text.count("terraform_version:") == text.count("java-version:") == 1
    )


def test_the_setup_installs_what_can_be_installed(root: Path) -> None:
    steps = yaml.safe_load((root / ".github/actions/setup/action.yaml").read_text())["runs"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    for script in scripts:
        assert "${{" not in script
        assert "go install" not in script
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    (terragrunt,) = (step for step in steps if "gruntwork-io/terragrunt" in step.get("run", ""))
    assert terragrunt["env"]["VERSION"] == "${{ steps.versions.outputs.terragrunt }}"
    lines = terragrunt["run"].splitlines()
    # Nothing is installed before its sum is checked.
    assert [line.split()[0] for line in lines[-4:-1]] == ["--pattern", "sha256sum", "install"]


def test_zizmor_finds_nothing(root: Path) -> None:
    tool = Path(sys.executable).parent / "zizmor"
    result = subprocess.run(
        [tool, "--offline", "--no-progress", "--persona", "pedantic", ".github"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.needs("actionlint")
def test_actionlint_finds_nothing(root: Path) -> None:
    result = subprocess.run(
        ["actionlint", "-no-color"], cwd=root, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (0, "")
