"""Terraform's commands on a folder, driven by tftest, and what they report in Terraform's own data."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strata.checkout.child_output import json_document
from strata.checkout.extras import TESTING, need_extra
from strata.errors import StrataError
from strata.terraform.toolchain import Toolchain

_RULE = re.compile(r"checked by the validation rule at (\S+?):([0-9]+)")


@dataclass(frozen=True)
class TerraformFault:
    """One error of Terraform's, with the place it names."""

    summary: str
    detail: str
    address: str
    file: str
    line: int

    @property
    def text(self) -> str:
        """All it says, in one line."""
        return " ".join(f"{self.summary}: {self.detail}".split())


@dataclass
class TerraformFolder:
    """A folder that tftest runs Terraform in: always a copy, for tftest deletes lock file and state.

    Attributes:
        path: the folder.
        toolchain: Terraform and the providers.
        variables: what is added to the environment.
        starts: how many processes of Terraform were started.
    """

    path: Path
    toolchain: Toolchain
    variables: Mapping[str, str]
    starts: int = 0
    _test: Any = field(init=False)

    def __post_init__(self) -> None:
        # Imported here: every pytest loads the plugin, also where no case runs and tftest is not installed.
        need_extra(TESTING, "a case")
        import tftest

        # It logs whole outputs, as critical where a command fails: here failing is what many cases want.
        logging.getLogger("tftest").setLevel(logging.CRITICAL + 1)
        self._test = tftest.TerraformTest(str(self.path), binary=str(self.toolchain.terraform))
        # tftest would pass on the caller's whole environment.
        self._test.env = self.toolchain.environment(self.variables)

    def attach(self, variables: Mapping[str, str]) -> None:
        """Add to the environment of the commands to come."""
        self.variables = {**self.variables, **variables}
        self._test.env = self.toolchain.environment(self.variables)

    def init(self) -> list[TerraformFault]:
        """Find modules and providers; return what is wrong with the configuration.

        Raises:
            StrataError: something else went wrong.
        """
        faults: list[TerraformFault] = []

        def init(toolchain: Toolchain) -> None:
            self._test.env = toolchain.environment(self.variables)
            faults.extend(self._run("init", "-input=false", "-no-color", "-json", "-backend=false")[1])

        self.toolchain.init(self.path, self.path / ".terraform", init)
        self._test.env = self.toolchain.environment(self.variables)
        return faults

    def plan(self) -> tuple[dict[str, Any] | None, list[TerraformFault]]:
        """Plan from nothing; return the plan in Terraform's JSON, or the errors.

        Raises:
            StrataError: Terraform ended in an unknown way.
        """
        arguments = ("-input=false", "-json", "-lock=false", "-refresh=false", "-out=plan.bin")
        faults = self._run("plan", *arguments)[1]
        if faults:
            return None, faults
        shown, faults = self._run("show", "-no-color", "-json", "plan.bin")
        # A plan may hold secrets; it is not left behind.
        (self.path / "plan.bin").unlink()
        if faults:
            raise StrataError(f"terraform show failed: {faults[0].text}")
        plan: dict[str, Any] = json_document(shown)
        return plan, []

    def schemas(self) -> dict[str, Any]:
        """The schemas of the providers in use.

        Raises:
            StrataError: Terraform does not give them.
        """
        shown, faults = self._run("providers", "schema", "-json")
        if faults:
            raise StrataError(f"terraform providers schema failed: {faults[0].text}")
        schemas: dict[str, Any] = json_document(shown)
        return schemas

    def _run(self, command: str, *arguments: str) -> tuple[str, list[TerraformFault]]:
        from tftest import TerraformTestError

        self.starts += 1
        try:
            done = self._test.execute_command(command, *arguments)
        except TerraformTestError as error:
            message = str(error.args[0])
            faults = _faults(message)
            if not faults:
                raise StrataError(f"terraform {command} failed: {' '.join(message.split())[-600:]}") from None
            return message, faults
        # tftest takes every code but 1 and 11 for success: a killed Terraform too.
        if done.retcode != 0:
            raise StrataError(f"terraform {command} ended with code {done.retcode}: {done.err[-600:]}")
        return str(done.out), []


def _faults(message: str) -> list[TerraformFault]:
    found = []
    for line in message.splitlines():
        start = line.find('{"@level"')
        if start < 0:
            continue
        try:
            diagnostic = json.loads(line[start:])["diagnostic"]
        except (ValueError, KeyError):
            continue
        if diagnostic["severity"] == "error":
            detail = diagnostic.get("detail", "")
            file, number = _place(diagnostic.get("range"), detail)
            found.append(
                TerraformFault(diagnostic["summary"], detail, diagnostic.get("address", ""), file, number)
            )
    return found


def _place(marked: dict[str, Any] | None, detail: str) -> tuple[str, int]:
    if marked:
        return marked["filename"], marked["start"]["line"]
    # For a default that a validation refuses, Terraform names the place of the rule only.
    rule = _RULE.search(detail)
    return (rule[1], int(rule[2])) if rule else ("", 0)
