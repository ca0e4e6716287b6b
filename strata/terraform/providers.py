"""Where the AWS provider is on this machine, in the order that decision D1 of the design gives; and the real
Snowflake provider, where the caller names a mirror that holds it."""

from __future__ import annotations

import contextlib
import json
import re
import ssl
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from strata.errors import StrataError

AWS_VERSION = "~> 5.100"
# Names the folder that holds the real Snowflake provider; without it the embedded cloud's stand-in serves.
SNOWFLAKE_MIRROR = "STRATA_SNOWFLAKE_PROVIDER_MIRROR"
PROBE_SECONDS = 5.0
AWS, SNOWFLAKE = "hashicorp/aws", "snowflakedb/snowflake"
# The modules' `version` of each provider: the same major version, and nothing older.
_OLDEST = {AWS: (5, 100), SNOWFLAKE: (2, 20)}
# Images without internet keep their provider mirrors below this folder.
IMAGE_ROOT = Path("/opt")
SYSTEM_MIRRORS = (
    Path("/usr/local/share/terraform/plugins"),
    Path("/usr/share/terraform/plugins"),
    Path("/Library/Application Support/io.terraform/plugins"),
)


@dataclass(frozen=True)
class ProviderSource:
    """Where the AWS provider comes from.

    Attributes:
        description: the place, for people.
        mirror: the filesystem mirror that holds it, or that a download has to fill.
        download: whether it still has to be downloaded.
        user_config: the user's own CLI configuration, if that decides instead.
    """

    description: str
    mirror: Path | None = None
    download: bool = False
    user_config: Path | None = None


def find_aws_provider(
    host: str, platform: str, cache: Path, environ: Mapping[str, str], *, tofu: bool = False
) -> ProviderSource:
    """Return where Terraform takes the AWS provider from.

    Args:
        host: the first part of the provider's address, such as `registry.terraform.io`.
        platform: Terraform's name of this platform, such as `linux_amd64`.
        cache: Strata's own folder for a downloaded provider.
        environ: the caller's environment.
        tofu: whether OpenTofu's files are looked for before Terraform's.

    Raises:
        StrataError: STRATA_PLUGIN_MIRROR lacks the provider; it is nowhere, and no registry answers.
    """
    user_config = _user_config(environ, tofu)
    if user_config is not None:
        return ProviderSource(f"as {user_config} says", user_config=user_config)
    if chosen := environ.get("STRATA_PLUGIN_MIRROR"):
        mirror = Path(chosen).expanduser().absolute()
        if version := _newest(mirror, AWS, host, platform):
            return ProviderSource(f"{version} in {mirror} (STRATA_PLUGIN_MIRROR)", mirror)
        raise StrataError(
            f"STRATA_PLUGIN_MIRROR={chosen} holds no AWS provider {AWS_VERSION} for {platform}",
            remedy=f"put it at {mirror}/{host}/hashicorp/aws/<version>/{platform}, "
            "or unset STRATA_PLUGIN_MIRROR",
        )
    for mirror in _implied_mirrors(environ):
        if version := _newest(mirror, AWS, host, platform):
            return ProviderSource(f"{version} in {mirror} (a mirror folder of Terraform's own)", mirror)
    for mirror in _image_mirrors(host):
        if version := _newest(mirror, AWS, host, platform):
            return ProviderSource(f"{version} in {mirror} (a mirror of this machine's image)", mirror)
    if version := _newest(cache, AWS, host, platform):
        return ProviderSource(f"{version} in {cache} (downloaded)", cache)
    if registry_answers(host, environ):
        return ProviderSource(f"{AWS_VERSION} from {host}, to be downloaded once", cache, download=True)
    raise StrataError(
        f"no AWS provider {AWS_VERSION} for {platform} on this machine, and {host} does not answer",
        remedy="connect to the internet, or set STRATA_PLUGIN_MIRROR to a folder that holds "
        f"{host}/hashicorp/aws/<version>/{platform}",
    )


def find_snowflake_mirror(host: str, platform: str, environ: Mapping[str, str]) -> Path | None:
    """Return the mirror that the caller names for the real Snowflake provider, if any.

    Args:
        host: the first part of the provider's address, such as `registry.terraform.io`.
        platform: Terraform's name of this platform, such as `linux_amd64`.
        environ: the caller's environment.

    Raises:
        StrataError: the folder named lacks the provider.
    """
    chosen = environ.get(SNOWFLAKE_MIRROR)
    if not chosen:
        return None
    mirror = Path(chosen).expanduser().absolute()
    if _newest(mirror, SNOWFLAKE, host, platform) is None:
        raise StrataError(
            f"{SNOWFLAKE_MIRROR}={chosen} holds no Snowflake provider ~> 2.20 for {platform}",
            remedy=f"put it at {mirror}/{host}/{SNOWFLAKE}/<version>/{platform}, or unset {SNOWFLAKE_MIRROR}",
        )
    return mirror


def registry_answers(host: str, environ: Mapping[str, str], seconds: float = PROBE_SECONDS) -> bool:
    """Return whether the registry answers Terraform's own first question within the time given."""
    answers: list[bool] = []

    def ask() -> None:
        proxies = {
            scheme: proxy
            for scheme in ("http", "https")
            if (proxy := environ.get(f"{scheme}_proxy") or environ.get(f"{scheme}_proxy".upper()))
        }
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler(proxies),
            urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        )
        with (
            contextlib.suppress(OSError, ValueError),
            opener.open(f"https://{host}/.well-known/terraform.json", timeout=seconds) as answer,
        ):
            answers.append("providers.v1" in json.load(answer))

    # In a thread, because the look-up of a name knows no time limit.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answers == [True]


def cli_configuration(mirrors: Mapping[str, Path], host: str) -> str:
    """Return the text of the CLI configuration that makes Terraform take providers from mirrors.

    Args:
        mirrors: a provider such as `hashicorp/aws` -> the filesystem mirror that holds it.
        host: the first part of the providers' addresses.
    """
    lines = ["# Written by Strata at each start.", "disable_checkpoint = true"]
    if mirrors:
        lines.append("provider_installation {")
        for provider, mirror in mirrors.items():
            lines += [
                "  filesystem_mirror {",
                f"    path    = {json.dumps(str(mirror))}",
                f'    include = ["{host}/{provider}"]',
                "  }",
            ]
        excluded = ", ".join(f'"{host}/{provider}"' for provider in mirrors)
        lines += ["  direct {", f"    exclude = [{excluded}]", "  }", "}"]
    return "\n".join(lines) + "\n"


def _user_config(environ: Mapping[str, str], tofu: bool) -> Path | None:
    """The user's own CLI configuration, if its file exists and it chooses where providers come from."""
    named = environ.get("TF_CLI_CONFIG_FILE")
    candidates = [Path(named)] if named else []
    if not (candidates and candidates[0].is_file()):
        home = Path(environ.get("HOME") or Path.home())
        candidates = [home / ".tofurc"] if tofu else []
        candidates.append(home / ".terraformrc")
    for candidate in candidates:
        if candidate.is_file():
            text = candidate.read_text(encoding="utf-8", errors="replace")
            chooses = re.search(r"^\s*provider_installation\s*\{", text, re.MULTILINE) is not None
            return candidate.absolute() if chooses else None
    return None


def _implied_mirrors(environ: Mapping[str, str]) -> Iterator[Path]:
    """Terraform's implied mirror folders, see its "Implied Local Mirror Directories"."""
    home = Path(environ.get("HOME") or Path.home())
    yield home / ".terraform.d" / "plugins"
    yield home / "Library" / "Application Support" / "io.terraform" / "plugins"
    data_home = environ.get("XDG_DATA_HOME")
    yield (Path(data_home) if data_home else home / ".local" / "share") / "terraform" / "plugins"
    for folder in (environ.get("XDG_DATA_DIRS") or "").split(":"):
        if folder:
            yield Path(folder) / "terraform" / "plugins"
    yield from SYSTEM_MIRRORS


def _image_mirrors(host: str) -> Iterator[Path]:
    # Only what root has put there and no other user can write: a provider is code that will run.
    for tree in sorted(IMAGE_ROOT.glob(f"*/{host}")):
        folders = (tree.parent, tree, tree / "hashicorp", tree / "hashicorp" / "aws")
        with contextlib.suppress(OSError):
            if all((state := folder.stat()).st_uid == 0 and not state.st_mode & 0o022 for folder in folders):
                yield tree.parent


def _newest(mirror: Path, provider: str, host: str, platform: str) -> str | None:
    """The newest suitable version of a provider in a mirror, unpacked or packed."""
    name = provider.partition("/")[2]
    oldest = _OLDEST[provider]
    found: list[tuple[int, ...]] = []
    with contextlib.suppress(OSError):
        for entry in (mirror / host / provider).iterdir():
            packed = re.fullmatch(rf"terraform-provider-{name}_(.+)_{re.escape(platform)}\.zip", entry.name)
            version = packed[1] if packed else entry.name
            if not re.fullmatch(rf"{oldest[0]}\.\d+\.\d+", version):
                continue
            if packed or any((entry / platform).glob(f"terraform-provider-{name}*")):
                found.append(tuple(int(part) for part in version.split(".")))
    newest = max((version for version in found if version >= oldest), default=None)
    return ".".join(map(str, newest)) if newest else None
