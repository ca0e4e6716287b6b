"""Runs a workflow's jobs and steps on this machine, as its YAML says: what GitHub does, for these workflows.

Every `run` is run. Every `uses` needs a declared stand-in; one without fails the test. A key that this does not know
fails the test as well, so that no workflow says anything that is silently left out.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.ci.expressions import Evaluator

StandIn = Callable[["Step"], Mapping[str, str] | None]
_WORKFLOW_KEYS = {"name", "on", True, "permissions", "concurrency", "defaults", "jobs"}
_JOB_KEYS = {
    *(
        "name",
        "needs",
        "if",
        "runs-on",
        "timeout-minutes",
        "permissions",
        "outputs",
        "strategy",
        "env",
        "steps",
    ),
    *("environment", "concurrency"),
}
_STEP_KEYS = {"id", "name", "if", "uses", "with", "env", "run"}


@dataclass
class Step:
    """A step in its job, as a stand-in sees it."""

    job: JobRun
    inputs: dict[str, str]
    environ: dict[str, str]
    workspace: Path


@dataclass
class Done:
    """A step that ran (or did not): its name, outcome and output."""

    name: str
    outcome: str
    said: str = ""


@dataclass
class JobRun:
    """One run of a job, for one cell of its matrix."""

    name: str
    permissions: Mapping[str, str]
    environment: str | None
    matrix: Mapping[str, str]
    run: WorkflowRun
    workspace: Path
    temp: Path
    steps: list[Done] = field(default_factory=list)
    result: str = "success"
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    # What each step has beside what the YAML says.
    environ: dict[str, str] = field(default_factory=dict)
    # What the stand-in for the login sets for the steps after it.
    exported: dict[str, str] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """Everything that its steps printed: the job's log."""
        return "\n".join(step.said for step in self.steps)


@dataclass
class WorkflowRun:
    """One run of a workflow.

    Attributes:
        file: the workflow's file.
        github: the `github` context.
        folder: where workspaces, temporary folders and artifacts go.
        uses: action (without its version) -> its stand-in.
        job_environ: what a job's steps have in their environment beside what the YAML says.
        token: the job's `github.token`.
        inputs, variables: the contexts `inputs` and `vars` (of an environment's job: by environment).
        overrides: variables that the YAML sets and that cannot hold here; name -> value.
        elsewhere: jobs that are not run here, with the test that runs what they do.
        without: steps that are not run here, with the tool that is missing.
        attempt: GitHub's number of the run's attempt.
    """

    file: Path
    github: dict[str, Any]
    folder: Path
    uses: Mapping[str, StandIn]
    job_environ: Callable[[JobRun], Mapping[str, str]]
    token: Callable[[JobRun], str]
    inputs: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    jobs: dict[str, list[JobRun]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    attempt: int = 1

    @property
    def artifacts(self) -> Path:
        """Folder of artifacts, one folder each."""
        return self.folder / "artifacts"

    def execute(self) -> WorkflowRun:
        """Run all jobs, each after those it needs."""
        document = yaml.safe_load(self.file.read_text(encoding="utf-8"))
        assert set(document) <= _WORKFLOW_KEYS, set(document) - _WORKFLOW_KEYS
        assert document["permissions"] == {}
        waiting = dict(document["jobs"])
        while waiting:
            ready = [
                name
                for name, job in waiting.items()
                if all(need in self.jobs for need in job.get("needs", ()))
            ]
            assert ready, f"jobs that wait for each other: {sorted(waiting)}"
            for name in ready:
                self.jobs[name] = self._job(name, waiting.pop(name))
        return self

    def rerun(self, name: str) -> WorkflowRun:
        """Run one failed job again, as GitHub's "re-run failed jobs" does: what the others gave is kept."""
        assert self.result(name) == "failure"
        kept = {job: runs for job, runs in self.jobs.items() if job != name}
        again = dataclasses.replace(self, jobs=kept, ran=[], attempt=self.attempt + 1)
        document = yaml.safe_load(self.file.read_text(encoding="utf-8"))
        again.jobs[name] = again._job(name, document["jobs"][name])
        return again

    def result(self, job: str) -> str:
        """A job's result over its matrix, as `needs` sees it."""
        results = {run.result for run in self.jobs[job]}
        for worst in ("failure", "cancelled", "success"):
            if worst in results:
                return worst
        return "skipped"

    @property
    def said(self) -> str:
        """All logs."""
        return "\n".join(run.said for runs in self.jobs.values() for run in runs)

    @property
    def succeeded(self) -> bool:
        """Whether GitHub would show it green."""
        return all(self.result(job) in ("success", "skipped") for job in self.jobs)

    def _needs(self, names: list[str]) -> dict[str, Any]:
        return {
            name: {
                "result": self.result(name),
                "outputs": {k: v for run in self.jobs[name] for k, v in run.outputs.items()},
            }
            for name in names
        }

    def _job(self, name: str, job: Mapping[str, Any]) -> list[JobRun]:
        assert set(job) <= _JOB_KEYS, set(job) - _JOB_KEYS
        assert job["timeout-minutes"] <= 120
        if name in self.elsewhere:
            return [JobRun(name, {}, None, {}, self, self.folder, self.folder, result="skipped")]
        needs = self._needs(list(job.get("needs", ())))
        results = {need["result"] for need in needs.values()}
        status = {
            "success": results <= {"success"},
            "failure": "failure" in results,
            "cancelled": False,
            "always": True,
        }
        contexts = {"github": self.github, "needs": needs, "inputs": self.inputs, "matrix": {}, "vars": {}}
        evaluator = Evaluator(contexts, status, _no_hash)
        if not evaluator.condition(job.get("if")):
            return [JobRun(name, {}, None, {}, self, self.folder, self.folder, result="skipped")]
        cells: list[dict[str, Any]] = [{}]
        if matrix := job.get("strategy", {}).get("matrix"):
            axes = {key: evaluator.any(value) for key, value in matrix.items()}
            cells = [dict(zip(axes, cell, strict=True)) for cell in itertools.product(*axes.values())]
        return [self._cell(name, job, cell, {**contexts, "matrix": cell}) for cell in cells]

    def _cell(
        self, name: str, job: Mapping[str, Any], cell: Mapping[str, Any], contexts: dict[str, Any]
    ) -> JobRun:
        place = self.folder / f"attempt-{self.attempt}" / "-".join([name, *map(str, cell.values())])
        run = JobRun(name, job.get("permissions", {}), None, cell, self, place / "workspace", place / "temp")
        run.workspace.mkdir(parents=True)
        run.temp.mkdir()
        outer = Evaluator(
            contexts, {"success": True, "failure": False, "cancelled": False, "always": True}, _no_hash
        )
        if "environment" in job:
            run.environment = outer.text(job["environment"])
            contexts["vars"] = dict(self.variables.get(run.environment, {}))
        steps: dict[str, Any] = {}
        github = {**self.github, "workspace": str(run.workspace), "token": self.token(run)}
        contexts |= {"steps": steps, "github": github, "runner": {"os": "Linux", "temp": str(run.temp)}}
        base = {**self.job_environ(run), "GITHUB_WORKSPACE": str(run.workspace), "RUNNER_TEMP": str(run.temp)}
        run.environ = base
        for item in job["steps"]:
            self._step(run, item, contexts, steps, base, job.get("env", {}))
        evaluator = Evaluator(contexts, _status(run), _no_hash)
        run.outputs = {key: evaluator.text(value) for key, value in job.get("outputs", {}).items()}
        return run

    def _step(
        self,
        run: JobRun,
        item: Mapping[str, Any],
        contexts: Mapping[str, Any],
        steps: dict[str, Any],
        base: Mapping[str, str],
        job_env: Mapping[str, Any],
    ) -> None:
        assert set(item) <= _STEP_KEYS, set(item) - _STEP_KEYS
        evaluator = Evaluator(contexts, _status(run), lambda *patterns: _hash(run.workspace, patterns))
        name = str(item.get("name") or item.get("id") or item.get("uses") or item["run"].splitlines()[0])
        identifier = item.get("id")
        if name in self.without or not evaluator.condition(item.get("if")):
            run.steps.append(Done(name, "skipped"))
            if identifier:
                steps[identifier] = {"outcome": "skipped", "outputs": {}}
            return
        files = {
            key: run.temp / f"{key}-{len(run.steps)}" for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
        }
        for file in files.values():
            file.touch()
        environ = {**base, **run.exported}
        environ |= {key: evaluator.text(value) for key, value in {**job_env, **item.get("env", {})}.items()}
        environ |= {**self.overrides, **{key: str(file) for key, file in files.items()}}
        outcome, said = "success", ""
        if "uses" in item:
            action = item["uses"].partition("@")[0]
            assert action in self.uses, f"no stand-in is declared for {action}"
            inputs = {key: evaluator.text(value) for key, value in item.get("with", {}).items()}
            try:
                run.exported |= dict(self.uses[action](Step(run, inputs, environ, run.workspace)) or {})
            except StepFailure as error:
                outcome, said = "failure", str(error)
        else:
            self.ran.append(f"{self.file.name} {run.name}: {name}")
            script = evaluator.text(item["run"])
            assert "${{" not in item["run"], "an expression in a script is an injection"
            process = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
                cwd=run.workspace,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            outcome, said = "success" if process.returncode == 0 else "failure", process.stdout
        run.steps.append(Done(name, outcome, said))
        run.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        if identifier:
            steps[identifier] = {"outcome": outcome, "outputs": _outputs(files["GITHUB_OUTPUT"])}
        if outcome == "failure":
            run.result = "failure"


class StepFailure(Exception):
    """A stand-in's step fails as the action would."""


def copy_artifact(step: Step) -> None:
    """`actions/upload-artifact`."""
    source = step.workspace / step.inputs["path"]
    if not source.exists():
        raise StepFailure(f"no files at {source}")
    assert step.inputs["if-no-files-found"] == "error"
    shutil.copytree(source, step.job.run.artifacts / step.inputs["name"])


def take_artifacts(step: Step) -> None:
    """`actions/download-artifact` 8 by a pattern: a single match into the path, several into folders of their names."""
    target = step.workspace / step.inputs["path"]
    target.mkdir(parents=True, exist_ok=True)
    found = sorted(step.job.run.artifacts.glob(step.inputs["pattern"]))
    for folder in found:
        shutil.copytree(folder, target / folder.name if len(found) > 1 else target, dirs_exist_ok=True)


def _status(run: JobRun) -> dict[str, bool]:
    failed = run.result == "failure"
    return {"success": not failed, "failure": failed, "cancelled": False, "always": True}


def _outputs(file: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    lines = iter(file.read_text().splitlines())
    for line in lines:
        name, mark, delimiter = line.partition("<<")
        if mark:
            found[name] = "\n".join(itertools.takewhile(lambda text, end=delimiter: text != end, lines))
        else:
            name, _, value = line.partition("=")
            found[name] = value
    return found


def _hash(workspace: Path, patterns: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(workspace.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _no_hash(*patterns: str) -> str:
    raise AssertionError("hashFiles is for steps")


def clean_environ() -> dict[str, str]:
    """What a runner's shell has, of this machine."""
    return {name: os.environ[name] for name in ("PATH", "JAVA_HOME", "LANG") if name in os.environ}
