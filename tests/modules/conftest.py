"""One plan of all modules, decoded."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import tftest

from strata.terraform.environment import child_environment
from strata.terraform.toolchain import find_toolchain

FOLDER = Path(__file__).parent


class _Validation(BaseHTTPRequestHandler):
    """Says yes to ValidateStateMachineDefinition, the one request of a plan; moto's engine judges later."""

    def do_POST(self) -> None:
        assert self.headers["X-Amz-Target"] == "AWSStepFunctions.ValidateStateMachineDefinition"
        answer = b'{"result": "OK", "diagnostics": []}'
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="session")
def validation() -> Iterator[str]:
    """URL of a server that stands in for Step Functions while a plan is made."""
    with HTTPServer(("127.0.0.1", 0), _Validation) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def planned(
    validation: str, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Any]]:
    """Look up what one plan of `root/main.tf` says of a resource, by its address; JSON texts are decoded."""
    work = tmp_path_factory.mktemp("modules")
    shutil.copytree(root / "modules", work / "modules", ignore=shutil.ignore_patterns(".terraform*"))
    shutil.copytree(FOLDER / "root", work / "root")
    scripts = work / "root" / "artifacts" / "glue"
    scripts.mkdir(parents=True)
    (scripts / "clean.py").write_text("print('clean')\n", encoding="utf-8")
    (scripts / "library.zip").write_bytes(b"zip")
    toolchain = find_toolchain(work / "state")
    environment = child_environment(work / "state", {"PATH": str(Path(toolchain.terraform).parent)})
    terraform = tftest.TerraformTest(
        "root",
        basedir=str(work),
        binary=str(toolchain.terraform),
        env=environment
        | {"TF_CLI_CONFIG_FILE": str(toolchain.cli_config), "AWS_ENDPOINT_URL_SFN": validation},
    )
    terraform.setup()
    plan = terraform.plan(output=True)
    resources = {change["address"]: change["change"]["after"] for change in plan["resource_changes"]}

    def look_up(address: str) -> dict[str, Any]:
        assert address in resources, f"no {address} among {sorted(resources)}"
        return {name: _decoded(value) for name, value in resources[address].items()}

    return look_up


def _decoded(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
