"""Terraform (or OpenTofu) and the AWS provider: of this machine, else as set-up brings them (D1, D19)."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from strata.checkout.child_environment import terraform_environment
from strata.checkout.file_lock import held
from strata.checkout.files import denied, replacing
from strata.errors import StrataError
from strata.terraform.kept_schemas import KeptSchemas
from strata.terraform.kept_versions import KeptVersions
from strata.terraform.launchers import Launchers
from strata.terraform.process import ProcessGroup
from strata.terraform.program import find_program
from strata.terraform.providers import (
    AWS,
    AWS_VERSION,
    SNOWFLAKE,
    SNOWFLAKE_MIRROR,
    cli_configuration,
    find_aws_provider,
    find_snowflake_mirror,
)

_HOSTS = {"Terraform": "registry.terraform.io", "OpenTofu": "registry.opentofu.org"}
# The provider has 150 MB; should the process that fetches it die, the kernel frees its lock.
_DOWNLOAD_SECONDS = math.inf


@dataclass(frozen=True)
class Toolchain:
    """What runs the units, as found on this machine.

    Attributes:
        terraform: the program.
        terraform_version: its version, such as `1.11.4`.
        cli_config: the CLI configuration file for its processes.
        aws_provider: where the AWS provider was found, for people.
        product: `Terraform` or `OpenTofu`.
        state_dir: Strata's own folder.
        provider_cache: the folder that a download of the AWS provider still has to fill, if any.
        parallel_init: whether several `init` may run at once: not with a user's own plugin cache.
        snowflake_mirror: where the real Snowflake provider is, if it runs in the place of the stand-in.
        platform: the program's, such as `darwin_arm64`.
        reason: where the program was found, and why no earlier place has one that suits.
        launchers: what `init` may be given in the place of the AWS provider, if a mirror holds it.
    """

    terraform: Path
    terraform_version: str
    cli_config: Path
    aws_provider: str
    product: str
    state_dir: Path
    provider_cache: Path | None = None
    parallel_init: bool = True
    snowflake_mirror: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    platform: str = ""
    reason: str = ""
    launchers: Launchers | None = None

    @property
    def schemas(self) -> KeptSchemas:
        """What providers have told of their schemas in this checkout."""
        return KeptSchemas(self.state_dir / "cache" / "schemas")

    def init(self, place: Path, data_dir: Path, init: Callable[[Toolchain], object]) -> None:
        """Let `init` run `terraform init` in a folder, without a look at the AWS provider that is known.

        Args:
            place: the folder, with its lock file.
            data_dir: Terraform's data folder.
            init: gets the toolchain for this command alone.
        """

        def with_configuration(config: Path) -> None:
            init(replace(self, cli_config=config))

        if not (self.launchers and self.launchers.init(place, data_dir, with_configuration)):
            init(self)

    def environment(self, extra: Mapping[str, str] | None = None, *, network: bool = False) -> dict[str, str]:
        """Return the environment of a Terraform process, with the variables of `extra`."""
        extra = {"TF_CLI_CONFIG_FILE": str(self.cli_config), **(extra or {})}
        if self.snowflake_mirror is not None and "TF_REATTACH_PROVIDERS" in extra:
            # What is attached is preferred to what is installed.
            attached = json.loads(extra["TF_REATTACH_PROVIDERS"] or "{}")
            attached.pop(f"{_HOSTS['Terraform']}/{SNOWFLAKE}", None)
            extra["TF_REATTACH_PROVIDERS"] = json.dumps(attached) if attached else ""
        if self.product == "OpenTofu" and "TF_REATTACH_PROVIDERS" in extra:
            # An address without a host means another registry there.
            extra["TF_REATTACH_PROVIDERS"] = extra["TF_REATTACH_PROVIDERS"].replace(
                f'"{_HOSTS["Terraform"]}/', f'"{_HOSTS["OpenTofu"]}/'
            )
        return terraform_environment(
            self.state_dir, self.environ, extra, network=network or not self.parallel_init
        )


def find_toolchain(state_dir: Path, environ: Mapping[str, str] = os.environ) -> Toolchain:
    """Find Terraform or OpenTofu and the AWS provider, and write their CLI configuration into `state_dir`.

    Raises:
        StrataError: no suitable Terraform; no AWS provider and no registry that answers; the mirror named
            for Snowflake lacks it, or the user's own CLI configuration decides; `state_dir` is not this
            user's.
    """
    try:
        return _find(state_dir.absolute(), environ)
    except PermissionError as error:
        raise denied(error, state_dir.name) from None


def _find(state_dir: Path, environ: Mapping[str, str]) -> Toolchain:
    folder = state_dir / "terraform"
    folder.mkdir(parents=True, exist_ok=True)
    # Another repository does not ignore it.
    _write(state_dir / ".gitignore", "*\n")
    # Without a configuration: a running Terraform may be reading the one that is there.
    kept = KeptVersions(state_dir / "cache" / "programs")
    program = find_program(environ, terraform_environment(state_dir, environ), kept)
    host = _HOSTS[program.product]
    cache = folder / "providers"
    source = find_aws_provider(host, program.platform, cache, environ, tofu=program.product == "OpenTofu")
    snowflake = find_snowflake_mirror(host, program.platform, environ)
    if snowflake is not None and source.user_config is not None:
        raise StrataError(
            f"{SNOWFLAKE_MIRROR} is set, but {source.user_config} says where providers come from",
            remedy="unset one of the two",
        )
    # Another file: the other runs of this checkout may be reading theirs.
    cli_config = folder / ("cli.tfrc" if snowflake is None else "cli-snowflake.tfrc")
    launchers = None
    if source.user_config is None:
        others = {SNOWFLAKE: snowflake} if snowflake else {}
        mirrors = {AWS: source.mirror, **others} if source.mirror else others
        _write(cli_config, cli_configuration(mirrors, host))
        if source.mirror:
            kept_launchers = state_dir / "cache" / "launchers"
            launchers = Launchers(source.mirror, others, host, program.platform, kept_launchers)
    return Toolchain(
        terraform=program.path,
        terraform_version=program.version,
        cli_config=source.user_config or cli_config,
        aws_provider=source.description,
        product=program.product,
        state_dir=state_dir,
        provider_cache=cache if source.download else None,
        parallel_init=source.user_config is None,
        snowflake_mirror=snowflake,
        environ=environ,
        platform=program.platform,
        reason=program.reason,
        launchers=launchers,
    )


def ready_toolchain(state_dir: Path, environ: Mapping[str, str] = os.environ) -> Toolchain:
    """As `find_toolchain`, with the AWS provider in place: for callers that run `init` themselves.

    Raises:
        StrataError: as `find_toolchain`, or the provider cannot be downloaded.
    """
    toolchain = find_toolchain(state_dir, environ)
    download_aws_provider(toolchain)
    return toolchain


def download_aws_provider(toolchain: Toolchain, processes: ProcessGroup | None = None) -> None:
    """Fill the provider cache by one `init`, if the toolchain needs that; else do nothing.

    Terraform's plugin cache is not safe for several `init` at once, so that it is filled by one, of this or
    another process, and is a read-only mirror from then on.

    Raises:
        StrataError: the download failed; Terraform's output is the message.
    """
    cache = toolchain.provider_cache
    if cache is None or cache.is_dir():
        return
    with held(
        cache.with_name("download.lock"), "the download of the AWS provider", _DOWNLOAD_SECONDS, _say_waiting
    ):
        if cache.is_dir():
            return
        scratch = cache.with_name("download")
        shutil.rmtree(scratch, ignore_errors=True)
        plugins, root = scratch / "plugins", scratch / "root"
        plugins.mkdir(parents=True)
        root.mkdir()
        (root / "main.tf").write_text(
            "terraform {\n  required_providers {\n    aws = {\n"
            f'      source  = "hashicorp/aws"\n      version = "{AWS_VERSION}"\n    }}\n  }}\n}}\n',
            encoding="utf-8",
        )
        config = scratch / "cli.tfrc"
        config.write_text("disable_checkpoint = true\n", encoding="utf-8")
        environment = toolchain.environment(
            {"TF_CLI_CONFIG_FILE": str(config), "TF_PLUGIN_CACHE_DIR": str(plugins)}, network=True
        )
        output: deque[str] = deque(maxlen=20)
        try:
            code = (processes or ProcessGroup()).run(
                [str(toolchain.terraform), "init", "-input=false", "-no-color"],
                cwd=root,
                env=environment,
                on_line=output.append,
            )
            if code:
                error = next((line for line in output if "Error" in line), "")
                raise StrataError(
                    f"the AWS provider cannot be downloaded: {error.strip('│ ')}",
                    remedy="look at the network, or set STRATA_PLUGIN_MIRROR to a folder that holds it",
                )
            plugins.rename(cache)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    """Give a file this text, in one step and only if it has another."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")


def _say_waiting(holder: str) -> None:
    print(f"{holder} downloads the AWS provider; waiting for it", file=sys.stderr)
