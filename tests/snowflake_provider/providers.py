"""The two providers that the cases are lived through with: the stand-in, and the real one from a mirror."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from strata.cloud.snowflake.provider.server import ProviderServer
from strata.cloud.snowflake.server import SnowflakeServer
from strata.errors import StrataError
from strata.platform.workspace import load_tree
from strata.terraform.providers import SNOWFLAKE_MIRROR
from strata.terraform.toolchain import Toolchain, ready_toolchain
from strata.terraform.warm_provider import WarmProvider
from tests.snowflake_provider import account
from tests.snowflake_provider.cases import ENVIRONMENT, collect
from tests.snowflake_provider.life import Life, Lifetime

STAND_IN, REAL = "stand-in", "real"


def live(kind: str, root: Path, folder: Path, environ: Mapping[str, str]) -> Life:
    """Live all cases through with one provider, against an embedded Snowflake of their own.

    Args:
        kind: `stand-in` or `real`; the real one is taken from the mirror that `environ` names.
        root: the checkout.
        folder: an empty folder to work in.
        environ: the caller's environment.

    Raises:
        StrataError: Terraform or the provider is missing, or fails for a reason that is no case's.
    """
    wanted = {name: value for name, value in environ.items() if kind == REAL or name != SNOWFLAKE_MIRROR}
    toolchain = ready_toolchain(root / ".strata", wanted)
    if kind == REAL and toolchain.snowflake_mirror is None:
        raise StrataError("the real provider has no place", remedy=f"name its mirror in {SNOWFLAKE_MIRROR}")
    cases = collect(root, toolchain)
    with account.embedded_account(folder) as server, contextlib.ExitStack() as stack:
        stack.enter_context(account.prepared(server, cases))
        variables = account.environment(server)
        if kind == STAND_IN:
            variables |= stack.enter_context(_stand_in(server))
        by_label = {case.label: case for case in cases}
        lifetime = Lifetime(
            folder / "root",
            root / "modules",
            cases,
            terraform=toolchain.terraform,
            provider=_configuration(root, toolchain),
            environment=toolchain.environment(variables),
            left=lambda label: account.left(server, by_label[label]),
        )
        data = lifetime.init()
        if kind == REAL:
            lifetime.attach(stack.enter_context(_warm(data, toolchain, variables)))
        return lifetime.run()


def _configuration(root: Path, toolchain: Toolchain) -> str:
    """The provider's configuration as the live tree generates it: its features are under test too."""
    unit = f"live/{ENVIRONMENT}/snowflake"
    rendered = load_tree(root, toolchain).renders([unit], command="plan")[unit]
    (text,) = [file.contents for file in rendered.generated if file.path == "snowflake_provider.tf"]
    return text


@contextlib.contextmanager
def _stand_in(server: SnowflakeServer) -> Iterator[dict[str, str]]:
    provider = ProviderServer(server)
    try:
        yield {"TF_REATTACH_PROVIDERS": provider.start()}
    finally:
        provider.stop()


@contextlib.contextmanager
def _warm(data: Path, toolchain: Toolchain, variables: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The real provider as `init` has installed it, started once for all commands."""
    pattern = "providers/*/snowflakedb/snowflake/*/*/terraform-provider-snowflake*"
    (program,) = sorted(data.glob(pattern))
    provider = WarmProvider(program.resolve(), toolchain.environment(variables))
    provider.start()
    try:
        # Past the toolchain, which takes an attached Snowflake provider for the stand-in.
        yield {"TF_REATTACH_PROVIDERS": json.dumps(provider.attachment)}
    finally:
        provider.stop()


def in_a_folder(kind: str, root: Path, environ: Mapping[str, str]) -> Life:
    """`live` in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="strata-snowflake-provider-") as folder:
        return live(kind, root, Path(folder), environ)
