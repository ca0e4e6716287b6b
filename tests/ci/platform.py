"""One GitHub, one embedded cloud and one repository: a workflow runs here as it would there."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from strata.ci.login import identity_token
from strata.cloud.endpoints import Endpoints
from strata.cloud.github.job import WorkflowJob, register
from strata.errors import StrataError
from strata.platform import pipeline
from tests.ci.actions import (
    JobRun,
    Step,
    StepFailure,
    WorkflowRun,
    clean_environ,
    copy_artifact,
    take_artifacts,
)
from tests.ci.github_server import REPOSITORY, Server
from tests.ci.repository import Repository

OWNER, NAME = REPOSITORY.split("/")
BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parents[2]
_CACHE = ROOT / ".strata" / "cache"


@dataclass
class Platform:
    """Everything that the workflows touch.

    Attributes:
        terraform_config: the CLI configuration by which providers are found.
        cached: jobs in which a cache was restored.
        logins: (job, role) of each login.
        made: the changes of the bootstrap.
        mirror: the providers' mirror, if Strata finds it by this and not by the configuration.
    """

    folder: Path
    repository: Repository
    server: Server
    endpoints: Endpoints
    terraform_config: Path
    real_terragrunt: bool
    cached: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    mirror: Path | None = None
    runs: int = 0

    @property
    def stand_in_calls(self) -> Path:
        """The file that counts what the stand-in for Terragrunt was asked."""
        return self.folder / "stand-in-calls"

    def client(self, service: str) -> Any:
        """A client with the account's root key."""
        return pipeline.client(self.endpoints, service)

    def environ(self, home: Path) -> dict[str, str]:
        """A shell on this machine that finds the embedded cloud, without any credential."""
        home.mkdir(parents=True, exist_ok=True)
        found = {
            name: value
            for name, value in self.endpoints.environment().items()
            if not name.startswith("SNOWFLAKE_PASS")
            and name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        }
        path = [str(self.folder / "bin"), str(BIN), os.environ["PATH"]]
        if self.mirror:
            found["STRATA_PLUGIN_MIRROR"] = str(self.mirror)
        if not self.real_terragrunt:
            found["STRATA_TEST_ENDPOINTS"] = self.endpoints.model_dump_json()
            found["STRATA_STAND_IN_COUNT"] = str(self.stand_in_calls)
        return {
            **clean_environ(),
            **found,
            "HOME": str(home),
            "PATH": ":".join(path),
            "TF_CLI_CONFIG_FILE": str(self.terraform_config),
            "CHECKPOINT_DISABLE": "1",
            # As Strata gives it to Terraform.
            "GOGC": "400",
            "COLUMNS": "200",
            # A tool that is built for each home takes half a minute of CPU.
            "GOCACHE": str(_CACHE / "go" / "build"),
            "GOMODCACHE": str(_CACHE / "go" / "modules"),
            "GOFLAGS": "-modcacherw",
        }

    def operator(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone as the account's administrator."""
        self.repository.git("fetch", "--quiet", "origin", "main")
        self.repository.git("checkout", "--quiet", "--detach", "origin/main")
        credentials = {
            name: self.endpoints.environment()[name]
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "SNOWFLAKE_PASSWORD")
        }
        return subprocess.run(
            list(arguments),
            cwd=self.repository.clone,
            env={**self.environ(self.folder / "operator"), **credentials},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def bootstrap(self, *systems: str) -> list[str]:
        """Do the bootstrap's steps of some systems; return every change."""
        options = [option for system in systems for option in ("--apply", system)]
        done = self.operator("strata", "bootstrap", "dev", *options, "--json")
        assert done.returncode == 0, done.stderr
        return [line for lines in json.loads(done.stdout).values() for line in lines]

    def pull_request(
        self, number: int, *, action: str = "opened", author: str = "alice", fork: bool = False
    ) -> WorkflowRun:
        """Run terraform-pr-plan.yaml for a pull request."""
        head = self.repository.heads[number]
        self.server.run(head, author)
        event = {
            "action": action,
            "number": number,
            "pull_request": {
                "number": number,
                "base": {"sha": self.repository.main()},
                "head": {"sha": head, "repo": {"full_name": f"{author}/{NAME}" if fork else REPOSITORY}},
                "user": {"login": author},
            },
        }
        return self._run(
            "terraform-pr-plan.yaml",
            "pull_request",
            f"refs/pull/{number}/merge",
            self.repository.merge_commit(number),
            event,
            fork=fork,
        )

    def push(self, commit: str | None = None) -> WorkflowRun:
        """Run terraform-post-merge-apply.yaml for a commit of main, its head without one."""
        sha = commit or self.repository.main()
        before = self.repository.git("rev-parse", f"{sha}~1").strip()
        event = {"before": before}
        return self._run("terraform-post-merge-apply.yaml", "push", "refs/heads/main", sha, event)

    def schedule(self) -> WorkflowRun:
        """Run drift.yaml."""
        return self._run("drift.yaml", "schedule", "refs/heads/main", self.repository.main(), {})

    def validate(self) -> WorkflowRun:
        """Run terraform-validate-fmt.yaml for main as it was first, whatever other tests merged."""
        return self._run(
            "terraform-validate-fmt.yaml",
            "push",
            "refs/heads/main",
            self.repository.first,
            {},
            elsewhere={"lint": "tests/lint"},
            without=self.without,
        )

    @property
    def without(self) -> dict[str, str]:
        """Steps of terraform-validate-fmt.yaml that this machine cannot run, and the tool that is missing."""
        path = self.environ(self.folder / "look")["PATH"]
        found = any(shutil.which(tool, path=path) for tool in ("actionlint", "go"))
        return {} if found else {"Workflows are valid": "actionlint"}

    def dispatch(self, file: str, inputs: Mapping[str, str]) -> WorkflowRun:
        """Run a workflow by hand."""
        return self._run(
            file,
            "workflow_dispatch",
            "refs/heads/main",
            self.repository.main(),
            {"inputs": dict(inputs)},
            inputs=inputs,
        )

    def merge(self, number: int) -> str:
        """Merge a pull request; return the commit on main."""
        commit = self.repository.merge(number)
        self.server.pulls[commit] = [
            {
                "number": number,
                "merged_at": "2026-11-23T18:00:00Z",
                "head": {"sha": self.repository.heads[number]},
            }
        ]
        return commit

    def _run(
        self,
        file: str,
        event_name: str,
        ref: str,
        sha: str,
        event: dict[str, Any],
        *,
        fork: bool = False,
        inputs: Mapping[str, str] | None = None,
        elsewhere: Mapping[str, str] | None = None,
        without: Mapping[str, str] | None = None,
    ) -> WorkflowRun:
        self.runs += 1
        # The workflow's file is the event's own, as on GitHub.
        place = self.folder / f"run-{self.runs}"
        place.mkdir()
        text = subprocess.run(
            ["git", "-C", str(self.repository.origin), "show", f"{sha}:.github/workflows/{file}"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        (place / file).write_text(text)
        github = {
            "event": event,
            "event_name": event_name,
            "ref": ref,
            "sha": sha,
            "repository": REPOSITORY,
            "run_id": str(self.runs),
        }

        def job_environ(run: JobRun) -> dict[str, str]:
            environ = {
                **self.environ(run.temp / "home"),
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_API_URL": self.server.url,
                "GITHUB_REF_NAME": ref.removeprefix("refs/heads/").removeprefix("refs/pull/"),
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_RUN_ID": str(self.runs),
                "GITHUB_SHA": sha,
                "STRATA_GITHUB_PAUSE": "0.01",
            }
            if run.permissions.get("id-token") == "write" and not fork:
                claims = WorkflowJob(
                    OWNER, 1000001, NAME, 2000002, event_name, ref, run.environment, file
                ).claims()
                environ |= register(self.endpoints.aws_url, claims)
            return environ

        def job_token(run: JobRun) -> str:
            held = {name: "read" if fork else right for name, right in run.permissions.items()}
            name = f"token-{len(self.server.tokens)}"
            self.server.tokens[name] = held
            return name

        return WorkflowRun(
            place / file,
            github,
            place,
            {
                "actions/checkout": self._checkout,
                "./.github/actions/setup": self._setup,
                "actions/cache": self._cache,
                "actions/upload-artifact": copy_artifact,
                "actions/download-artifact": take_artifacts,
                "aws-actions/configure-aws-credentials": self._log_in,
            },
            job_environ,
            job_token,
            inputs=inputs or {},
            variables={"dev": self.github_variables},
            # There is no registry here that Terragrunt's cache server could ask.
            # And the small repository has no inputs for its module's README, which is tested in tests/modules.
            # The providers here come from this machine, and the stand-ins among them have other checksums.
            overrides={
                "PYTEST_ADDOPTS": "-k test_one",
                "TF_CLI_ARGS_init": "",
                "TF_CLI_CONFIG_FILE": str(self.terraform_config),
                "TG_PROVIDER_CACHE": "0",
            },
            elsewhere=elsewhere or {},
            without=without or {},
        ).execute()

    @functools.cached_property
    def github_variables(self) -> dict[str, str]:
        """The environment's variables, out of the `gh` commands that `strata bootstrap` prints."""
        said = json.loads(self.operator("strata", "bootstrap", "dev", "--json").stdout)
        commands = [c.split() for step in said for c in step["commands"] if c.startswith("gh variable set")]
        return {command[3]: command[-1] for command in commands}

    def _checkout(self, step: Step) -> None:
        """`actions/checkout`: a commit of the origin; no credential is left in it."""
        if step.inputs.get("persist-credentials") != "false":
            raise StepFailure("a credential would stay on disk")
        target = step.workspace / step.inputs.get("path", ".")
        commit = step.inputs.get("ref") or step.environ["GITHUB_SHA"]
        # A branch's name is its tip, as it is now.
        commit = commit.replace("refs/heads/", "refs/remotes/origin/")
        target.mkdir(parents=True, exist_ok=True)
        for command in (
            ["init", "--quiet", "--initial-branch=main"],
            ["remote", "add", "origin", str(self.repository.origin)],
            ["fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*", "+refs/pull/*:refs/pull/*"],
            ["checkout", "--quiet", "--detach", commit],
        ):
            subprocess.run(["git", "-C", str(target), *command], check=True, capture_output=True)
        if target == step.workspace:
            share_cache(target)

    def _setup(self, step: Step) -> None:
        """The tools: those of this machine. They have to be there, and the versions' file has to name them."""
        assert (step.workspace / ".github/actions/setup/action.yaml").is_file()
        named = dict(line.split() for line in (step.workspace / ".tool-versions").read_text().splitlines())
        assert set(named) == {"actionlint", "python", "java", "terraform", "terragrunt"}
        for tool in ("python", "terraform", "terragrunt", "strata"):
            assert shutil.which(tool, path=step.environ["PATH"]), tool

    def _cache(self, step: Step) -> None:
        self.cached.append(f"{step.job.run.file.name} {step.job.name}")

    def _log_in(self, step: Step) -> dict[str, str]:
        """`aws-actions/configure-aws-credentials`: the job's token for a role's session."""
        role = step.inputs["role-to-assume"]
        try:
            jwt = identity_token("sts.amazonaws.com", step.environ)
            sts = boto3.client(
                "sts",
                endpoint_url=self.endpoints.aws_url,
                region_name=step.inputs["aws-region"],
                config=Config(signature_version=UNSIGNED),
            )
            session = sts.assume_role_with_web_identity(
                RoleArn=role, RoleSessionName=step.inputs["role-session-name"], WebIdentityToken=jwt
            )["Credentials"]
        except (StrataError, ClientError) as error:
            raise StepFailure(str(error)) from None
        self.logins.append((step.job.name, role.rpartition("/")[2]))
        return {
            "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
            "AWS_SESSION_TOKEN": session["SessionToken"],
            "AWS_REGION": step.inputs["aws-region"],
        }


def share_cache(checkout: Path) -> None:
    """Let a checkout find what Strata knows of this machine's tools."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    (checkout / ".strata").mkdir()
    (checkout / ".strata" / "cache").symlink_to(_CACHE)
