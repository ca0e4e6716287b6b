"""What is found on a machine, and the one clear line where it is not. Terraform is a shell script here."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pwd
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strata.checkout import files, tools
from strata.checkout.child_environment import terraform_environment
from strata.checkout.file_lock import held
from strata.errors import StrataError
from strata.terraform import program, providers, toolchain
from strata.terraform.toolchain import Toolchain, find_toolchain, ready_toolchain
from tests.checkout_copy import Checkout

HOST = "registry.terraform.io"
PLATFORM = "linux_amd64"


@pytest.fixture(autouse=True)
def _bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with no mirrors and no internet, for which nothing has been brought."""
    monkeypatch.setattr(tools, "FOLDER", tmp_path / "tools")
    monkeypatch.setattr(providers, "IMAGE_ROOT", tmp_path / "opt")
    monkeypatch.setattr(providers, "SYSTEM_MIRRORS", ())
    monkeypatch.setattr(providers, "registry_answers", lambda host, environ: False)


def machine(tmp_path: Path, **programs: str) -> dict[str, str]:
    """Put scripts that answer `version -json` on a PATH; return the environment."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, version in programs.items():
        script(folder, name, version)
    (tmp_path / "home").mkdir()
    return {"PATH": str(folder), "HOME": str(tmp_path / "home")}


def script(folder: Path, name: str, version: str) -> None:
    """Put a program there that says this version."""
    folder.mkdir(parents=True, exist_ok=True)
    answer = json.dumps({"terraform_version": version, "platform": PLATFORM})
    (folder / name).write_text(f"#!/bin/sh\necho '{answer}'\n")
    (folder / name).chmod(0o755)


def mirror(folder: Path, version: str = "5.100.0", *, packed: bool = False, host: str = HOST) -> Path:
    """Make a provider mirror; return it."""
    aws = folder / host / "hashicorp" / "aws"
    if packed:
        aws.mkdir(parents=True, exist_ok=True)
        (aws / f"terraform-provider-aws_{version}_{PLATFORM}.zip").touch()
    else:
        (aws / version / PLATFORM).mkdir(parents=True)
        (aws / version / PLATFORM / f"terraform-provider-aws_v{version}_x5").touch()
    return folder


@pytest.mark.parametrize(
    ("programs", "message"),
    [
        ({}, "neither terraform nor tofu is on PATH"),
        ({"terraform": "1.5.7"}, "Terraform 1.5.7 at {bin}/terraform is too old: 1.11 or newer is needed"),
        ({"terraform": "1.16.0"}, "Terraform 1.16.0 at {bin}/terraform is too new: 1.15 or older is needed"),
        ({"tofu": "1.9.1"}, "OpenTofu 1.9.1 at {bin}/tofu is too old: 1.10 or newer is needed"),
        (
            {"terraform": "1.5.7", "tofu": "1.6.0"},
            "Terraform 1.5.7 at {bin}/terraform is too old: 1.11 or newer is needed, "
            "and OpenTofu 1.6.0 at {bin}/tofu is too old: 1.10 or newer is needed",
        ),
    ],
)
def test_no_suitable_program(tmp_path: Path, programs: dict[str, str], message: str) -> None:
    environ = machine(tmp_path, **programs)
    with pytest.raises(StrataError) as caught:
        find_toolchain(tmp_path / "state", environ)
    assert caught.value.message == message.format(bin=tmp_path / "bin")
    assert (
        caught.value.remedy == "install Terraform 1.11 to 1.15, or OpenTofu 1.10 or newer, and put it on PATH"
    )


@pytest.mark.parametrize(
    ("programs", "brought", "product", "version", "reason"),
    [
        ({"terraform": "1.11.0"}, None, "Terraform", "1.11.0", "on PATH"),
        ({"terraform": "1.15.0-beta1", "tofu": "1.10.0"}, None, "Terraform", "1.15.0-beta1", "on PATH"),
        (
            {"terraform": "1.5.7", "tofu": "1.12.2"},
            "1.15.5",
            "OpenTofu",
            "1.12.2",
            "on PATH; Terraform 1.5.7 at {bin}/terraform is too old: 1.11 or newer is needed",
        ),
        ({"terraform": "1.15.9"}, "1.15.5", "Terraform", "1.15.9", "on PATH"),
        ({}, "1.15.5", "Terraform", "1.15.5", "brought by set-up; neither terraform nor tofu is on PATH"),
        (
            {"terraform": "2.0.0"},
            "1.15.5",
            "Terraform",
            "1.15.5",
            "brought by set-up; Terraform 2.0.0 at {bin}/terraform is too new: 1.15 or older is needed",
        ),
    ],
)
def test_a_suitable_program(
    tmp_path: Path, programs: dict[str, str], brought: str | None, product: str, version: str, reason: str
) -> None:
    environ = machine(tmp_path, **programs)
    if brought is not None:
        script(tmp_path / "tools" / "bin", "terraform", brought)
    for host in (HOST, "registry.opentofu.org"):
        mirror(tmp_path / "mirror", host=host)
    found = find_toolchain(tmp_path / "state", environ | {"STRATA_PLUGIN_MIRROR": str(tmp_path / "mirror")})
    assert (found.product, found.terraform_version) == (product, version)
    assert found.reason == reason.format(bin=tmp_path / "bin")


@pytest.mark.parametrize(
    ("program", "version", "host"),
    [("terraform", "1.11.4", "registry.terraform.io"), ("tofu", "1.10.2", "registry.opentofu.org")],
)
def test_a_provider_that_serves_already_is_found_under_the_programs_own_registry(
    tmp_path: Path, program: str, version: str, host: str
) -> None:
    environ = machine(tmp_path, **{program: version})
    environ["STRATA_PLUGIN_MIRROR"] = str(mirror(tmp_path / "mirror", host=host))
    serving = {"TF_REATTACH_PROVIDERS": '{"registry.terraform.io/snowflakedb/snowflake":{"Pid":1}}'}
    environment = find_toolchain(tmp_path / "state", environ).environment(serving)
    assert environment["TF_REATTACH_PROVIDERS"] == f'{{"{host}/snowflakedb/snowflake":{{"Pid":1}}}}'


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("echo 'Terraform v0.11.14'", "Terraform 0.11.14 at {path} is too old: 1.11 or newer is needed"),
        ("echo 'no version is set' >&2; exit 1", "{path} does not answer `version`: no version is set"),
        ("exec sleep 60", "{path} does not answer `version`: Command"),
    ],
)
def test_a_program_that_answers_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, message: str
) -> None:
    monkeypatch.setattr(program, "_VERSION_SECONDS", 2)
    environ = machine(tmp_path, terraform="")
    terraform = tmp_path / "bin" / "terraform"
    terraform.write_text(f"#!/bin/sh\n{answer}\n")
    environ["PATH"] += ":/usr/bin:/bin"
    with pytest.raises(StrataError) as caught:
        find_toolchain(tmp_path / "state", environ)
    assert caught.value.message.startswith(message.format(path=terraform))
    script(tmp_path / "tools" / "bin", "terraform", "1.15.5")
    environ["STRATA_PLUGIN_MIRROR"] = str(mirror(tmp_path / "mirror"))
    assert find_toolchain(tmp_path / "state", environ).terraform_version == "1.15.5"


def test_no_provider_and_no_internet(tmp_path: Path) -> None:
    with pytest.raises(StrataError) as caught:
        find_toolchain(tmp_path / "state", machine(tmp_path, terraform="1.11.4"))
    assert str(caught.value) == (
        "no AWS provider ~> 5.100 for linux_amd64 on this machine, and registry.terraform.io does not answer "
        "(connect to the internet, or set STRATA_PLUGIN_MIRROR to a folder that holds "
        "registry.terraform.io/hashicorp/aws/<version>/linux_amd64)"
    )


def test_the_registry_is_asked_once_and_not_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    started = time.monotonic()
    # An address of the block that is reserved for documentation: nothing answers there, not even a refusal.
    assert not providers.registry_answers("192.0.2.1", {}, seconds=0.5)
    assert time.monotonic() - started < 2


Place = Callable[[Path, dict[str, str]], tuple[Path, str]]


def chosen(tmp_path: Path, environ: dict[str, str]) -> tuple[Path, str]:
    environ["STRATA_PLUGIN_MIRROR"] = str(tmp_path / "chosen")
    return mirror(tmp_path / "chosen"), "5.100.0 in {} (STRATA_PLUGIN_MIRROR)"


def in_home(tmp_path: Path, environ: dict[str, str]) -> tuple[Path, str]:
    folder = tmp_path / "home" / ".terraform.d" / "plugins"
    return mirror(folder, packed=True), "5.100.0 in {} (a mirror folder of Terraform's own)"


def in_data_home(tmp_path: Path, environ: dict[str, str]) -> tuple[Path, str]:
    environ["XDG_DATA_HOME"] = str(tmp_path / "data")
    return mirror(tmp_path / "data" / "terraform" / "plugins"), (
        "5.100.0 in {} (a mirror folder of Terraform's own)"
    )


def in_library(tmp_path: Path, environ: dict[str, str]) -> tuple[Path, str]:
    folder = tmp_path / "home" / "Library" / "Application Support" / "io.terraform" / "plugins"
    return mirror(folder), "5.100.0 in {} (a mirror folder of Terraform's own)"


def in_local_share(tmp_path: Path, environ: dict[str, str]) -> tuple[Path, str]:
    folder = tmp_path / "home" / ".local" / "share" / "terraform" / "plugins"
    return mirror(folder), "5.100.0 in {} (a mirror folder of Terraform's own)"


def in_data_dirs(tmp_path: Path, environ: dict[str, str]) -> tuple[Path, str]:
    environ["XDG_DATA_DIRS"] = f"{tmp_path}/empty::{tmp_path}/shared"
    return mirror(tmp_path / "shared" / "terraform" / "plugins"), (
        "5.100.0 in {} (a mirror folder of Terraform's own)"
    )


def in_system(tmp_path: Path, environ: dict[str, str]) -> tuple[Path, str]:
    return mirror(tmp_path / "system"), "5.100.0 in {} (a mirror folder of Terraform's own)"


def in_image(tmp_path: Path, environ: dict[str, str]) -> tuple[Path, str]:
    if os.getuid() != 0:
        pytest.skip("only root can make a folder that root owns")
    return mirror(tmp_path / "opt" / "plugins"), "5.100.0 in {} (a mirror of this machine's image)"


def downloaded(tmp_path: Path, environ: dict[str, str]) -> tuple[Path, str]:
    return mirror(tmp_path / "state" / "terraform" / "providers"), "5.100.0 in {} (downloaded)"


PLACES: list[Place] = [
    chosen,
    in_home,
    in_library,
    in_data_home,
    in_data_dirs,
    in_system,
    in_image,
    downloaded,
]


@pytest.mark.parametrize("first", range(len(PLACES)), ids=[place.__name__ for place in PLACES])
def test_the_first_place_that_has_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    monkeypatch.setattr(providers, "SYSTEM_MIRRORS", (tmp_path / "nowhere", tmp_path / "system"))
    environ = machine(tmp_path, terraform="1.11.4")
    places = [place(tmp_path, environ) for place in PLACES[first:]]
    found = find_toolchain(tmp_path / "state", environ)
    folder, description = places[0]
    assert found.aws_provider == description.format(folder)
    assert found.provider_cache is None
    assert found.cli_config == tmp_path / "state" / "terraform" / "cli.tfrc"
    assert found.cli_config.read_text() == (
        "# Written by Strata at each start.\n"
        "disable_checkpoint = true\n"
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f'    path    = "{folder}"\n'
        '    include = ["registry.terraform.io/hashicorp/aws"]\n'
        "  }\n"
        "  direct {\n"
        '    exclude = ["registry.terraform.io/hashicorp/aws"]\n'
        "  }\n"
        "}\n"
    )


def test_data_of_ones_own_lies_in_home_where_no_variable_names_another_place(tmp_path: Path) -> None:
    environ = machine(tmp_path, terraform="1.11.4")
    folder, description = in_local_share(tmp_path, environ)
    assert find_toolchain(tmp_path / "state", environ).aws_provider == description.format(folder)
    with pytest.raises(StrataError, match="no AWS provider"):
        find_toolchain(tmp_path / "state", environ | {"XDG_DATA_HOME": str(tmp_path / "elsewhere")})


def test_the_newest_suitable_version_counts(tmp_path: Path) -> None:
    environ = machine(tmp_path, terraform="1.11.4")
    place = tmp_path / "mirror"
    for version in ("5.100.0", "5.101.9", "5.101.10", "5.99.0", "6.1.0"):
        mirror(place, version)
    mirror(place, "5.102.0", packed=True)
    # Of another platform, without a provider in it, and of another name.
    aws = place / HOST / "hashicorp" / "aws"
    (aws / "5.200.0" / "darwin_arm64").mkdir(parents=True)
    (aws / "5.200.0" / "darwin_arm64" / "terraform-provider-aws_v5.200.0").touch()
    (aws / "5.201.0" / PLATFORM).mkdir(parents=True)
    (aws / "terraform-provider-aws_5.202.0_darwin_arm64.zip").touch()
    (aws / f"terraform-provider-awscc_5.203.0_{PLATFORM}.zip").touch()
    (aws / f"terraform-provider-aws_5.204.0_{PLATFORM}.zip.part").touch()
    environ["STRATA_PLUGIN_MIRROR"] = str(place)
    assert find_toolchain(tmp_path / "state", environ).aws_provider.startswith("5.102.0 in ")
    (aws / f"terraform-provider-aws_5.102.0_{PLATFORM}.zip").unlink()
    assert find_toolchain(tmp_path / "state", environ).aws_provider.startswith("5.101.10 in ")


class Registry:
    """Answers, in urllib's place, what a test gives it."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer
        self.asked: list[tuple[str, float]] = []
        self.proxies: dict[str, str] = {}

    def __call__(self, *handlers: Any) -> Registry:
        self.proxies = next(one.proxies for one in handlers if isinstance(one, urllib.request.ProxyHandler))
        return self

    def open(self, url: str, timeout: float) -> io.BytesIO:
        self.asked.append((url, timeout))
        if isinstance(self.answer, Exception):
            raise self.answer
        return io.BytesIO(self.answer)


@pytest.mark.parametrize(
    ("answer", "answers"),
    [
        (b'{"providers.v1": "/v1/providers/"}', True),
        (b'{"modules.v1": "/v1/modules/"}', False),
        (b"<html>a captive portal</html>", False),
        (OSError("no route"), False),
        (ValueError("no such scheme"), False),
    ],
)
def test_a_registry_answers_with_its_providers(
    monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception, answers: bool
) -> None:
    monkeypatch.undo()
    registry = Registry(answer)
    monkeypatch.setattr(urllib.request, "build_opener", registry)
    proxies = {"http_proxy": "http://lower", "HTTP_PROXY": "http://upper", "HTTPS_PROXY": "http://upper"}
    assert providers.registry_answers(HOST, proxies, 3.0) is answers
    assert registry.asked == [("https://registry.terraform.io/.well-known/terraform.json", 3.0)]
    assert registry.proxies == {"http": "http://lower", "https": "http://upper"}


@pytest.mark.parametrize("version", ["4.67.0", "5.99.1", "6.0.0", "5.100.0-beta1"])
def test_another_version_does_not_count(tmp_path: Path, version: str) -> None:
    environ = machine(tmp_path, terraform="1.11.4")
    environ["STRATA_PLUGIN_MIRROR"] = str(mirror(tmp_path / "mirror", version))
    with pytest.raises(StrataError, match=r"holds no AWS provider ~> 5\.100 for linux_amd64"):
        find_toolchain(tmp_path / "state", environ)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a folder that root owns")
@pytest.mark.parametrize("folder", [".", HOST, f"{HOST}/hashicorp", f"{HOST}/hashicorp/aws"])
@pytest.mark.parametrize("change", ["writable for the group", "writable for all", "another's"])
def test_an_image_mirror_that_others_can_write_does_not_count(
    tmp_path: Path, folder: str, change: str
) -> None:
    environ = machine(tmp_path, terraform="1.11.4")
    mirror(tmp_path / "opt" / "plugins")
    place = tmp_path / "opt" / "plugins" / folder
    if change == "another's":
        os.chown(place, 65534, 65534)
    else:
        place.chmod(0o775 if change == "writable for the group" else 0o757)
    with pytest.raises(StrataError, match="no AWS provider"):
        find_toolchain(tmp_path / "state", environ)
    # The next image's is taken, past one that has no provider of AWS's.
    (tmp_path / "opt" / "plugins2" / HOST).mkdir(parents=True)
    mirror(tmp_path / "opt" / "trusted")
    assert str(tmp_path / "opt" / "trusted") in find_toolchain(tmp_path / "state", environ).aws_provider


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ('provider_installation {\n  filesystem_mirror { path = "/mine" }\n}\n', True),
        ('plugin_cache_dir = "/x"\n\n  provider_installation {\n  direct {}\n}\n', True),
        ('# provider_installation {\nplugin_cache_dir = "/x"\n', False),
    ],
)
@pytest.mark.parametrize("named", [True, False], ids=["by TF_CLI_CONFIG_FILE", "in HOME"])
def test_the_users_own_configuration_comes_first_if_it_says_where(
    tmp_path: Path, text: str, counts: bool, named: bool
) -> None:
    environ = machine(tmp_path, terraform="1.11.4")
    chosen(tmp_path, environ)
    config = tmp_path / ("mine.tfrc" if named else "home/.terraformrc")
    config.write_text(text)
    if named:
        environ["TF_CLI_CONFIG_FILE"] = str(config)
    found = find_toolchain(tmp_path / "state", environ)
    assert (found.cli_config == config) is counts
    # Such a configuration may hold a plugin cache, which several `init` at once would spoil.
    assert found.parallel_init is not counts


def test_a_configuration_file_that_is_missing_does_not_count(tmp_path: Path) -> None:
    environ = machine(tmp_path, terraform="1.11.4")
    chosen(tmp_path, environ)
    found = find_toolchain(tmp_path / "state", environ | {"TF_CLI_CONFIG_FILE": str(tmp_path / "missing")})
    assert found.cli_config == tmp_path / "state" / "terraform" / "cli.tfrc"


@pytest.mark.parametrize(
    ("there", "stays"), [("the same", True), ("of another mirror", False)], ids=["stays", "is replaced"]
)
def test_a_running_terraform_reads_a_whole_configuration(tmp_path: Path, there: str, stays: bool) -> None:
    environ = machine(tmp_path, terraform="1.11.4")
    environ |= {"PATH": f"{environ['PATH']}:/usr/bin:/bin"}
    chosen(tmp_path, environ)
    config = find_toolchain(tmp_path / "state", environ).cli_config
    text = config.read_text()
    if there == "of another mirror":
        config.write_text("# Of another mirror.\n")
    before, inode = config.read_text(), config.stat().st_ino
    # What Terraform reads while it is asked for its version.
    seen = tmp_path / "seen"
    program = tmp_path / "bin" / "terraform"
    program.write_text(f"#!/bin/sh\ncat {config} > {seen}\n" + program.read_text().partition("\n")[2])
    assert find_toolchain(tmp_path / "state", environ).cli_config == config
    assert seen.read_text() == before
    assert config.read_text() == text
    assert (config.stat().st_ino == inode) is stays
    assert [path.name for path in config.parent.iterdir()] == ["cli.tfrc"]


DOWNLOADS = """#!/bin/sh
if [ "$1" = version ]; then echo '{"terraform_version":"1.11.4","platform":"linux_amd64"}'; exit; fi
grep -q 'version = "~> 5.100"' main.tf || exit 9
echo "$@ $HTTPS_PROXY" >> LOG
mkdir -p "$TF_PLUGIN_CACHE_DIR/registry.terraform.io/hashicorp/aws/5.101.0/linux_amd64"
touch "$TF_PLUGIN_CACHE_DIR/registry.terraform.io/hashicorp/aws/5.101.0/linux_amd64/terraform-provider-aws_v5"
"""


def test_the_registrys_provider_is_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "registry_answers", lambda host, environ: True)
    environ = machine(tmp_path, terraform="1.11.4")
    environ |= {"PATH": f"{environ['PATH']}:/usr/bin:/bin", "HTTPS_PROXY": "http://proxy:3128"}
    log = tmp_path / "log"
    (tmp_path / "bin" / "terraform").write_text(DOWNLOADS.replace("LOG", str(log)))
    found = find_toolchain(tmp_path / "state", environ)
    assert found.aws_provider == "~> 5.100 from registry.terraform.io, to be downloaded once"
    toolchain.download_aws_provider(found)
    toolchain.download_aws_provider(found)
    # It cannot ask anybody.
    assert log.read_text() == "init -input=false -no-color http://proxy:3128\n"
    monkeypatch.setattr(providers, "registry_answers", lambda host, environ: False)
    again = find_toolchain(tmp_path / "state", environ)
    assert again.aws_provider == f"5.101.0 in {tmp_path}/state/terraform/providers (downloaded)"
    assert sorted(path.name for path in (tmp_path / "state" / "terraform").iterdir()) == [
        "cli.tfrc",
        "download.lock",
        "providers",
    ]


def test_a_ready_toolchain_holds_what_its_configuration_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "registry_answers", lambda host, environ: True)
    environ = machine(tmp_path, terraform="1.11.4")
    environ["PATH"] += ":/usr/bin:/bin"
    (tmp_path / "bin" / "terraform").write_text(DOWNLOADS.replace("LOG", str(tmp_path / "log")))
    cache = tmp_path / "state" / "terraform" / "providers"
    assert f'path    = "{cache}"' in ready_toolchain(tmp_path / "state", environ).cli_config.read_text()
    assert [path.name for path in (cache / HOST / "hashicorp" / "aws").iterdir()] == ["5.101.0"]


def test_another_users_folder_is_named_with_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / ".strata"
    state.mkdir()

    def deny(path: Path, text: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(toolchain, "_write", deny)
    monkeypatch.setattr(files.os, "geteuid", lambda: 4242)
    owner = pwd.getpwuid(os.getuid()).pw_name
    with pytest.raises(StrataError) as caught:
        find_toolchain(state)
    assert str(caught.value) == (
        f"{state}/.gitignore cannot be written by user 4242: {state} belongs to {owner} "
        f"(run it as {owner}, or remove .strata as {owner})"
    )


def test_a_failed_download_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "registry_answers", lambda host, environ: True)
    environ = machine(tmp_path, terraform="1.11.4")
    found = find_toolchain(tmp_path / "state", environ)
    (tmp_path / "bin" / "terraform").write_text(
        "#!/bin/sh\necho Initializing; echo '│ Error: Failed to install provider'; exit 1\n"
    )
    with pytest.raises(StrataError, match="cannot be downloaded: Error: Failed to install provider"):
        toolchain.download_aws_provider(found)
    left = sorted(path.name for path in (tmp_path / "state" / "terraform").iterdir())
    assert left == ["cli.tfrc", "download.lock"]


def test_another_process_that_downloads_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "registry_answers", lambda host, environ: True)
    found = find_toolchain(tmp_path / "state", machine(tmp_path, terraform="1.11.4"))
    monkeypatch.setattr(toolchain, "_DOWNLOAD_SECONDS", 0)
    with (
        held(tmp_path / "state" / "terraform" / "download.lock", "a download", 0),
        pytest.raises(StrataError, match="the download of the AWS provider is locked by process"),
    ):
        toolchain.download_aws_provider(found)

    @contextlib.contextmanager
    def wait(path: Path, what: str, seconds: float, on_waiting: object) -> Iterator[None]:
        mirror(tmp_path / "state" / "terraform" / "providers")
        yield

    monkeypatch.setattr(toolchain, "held", wait)
    # This Terraform cannot download: what the other process has brought must do.
    toolchain.download_aws_provider(found)


def test_a_copy_of_the_checkout_finds_the_suites_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = machine(tmp_path, terraform="1.11.4")
    monkeypatch.setenv("PATH", environ["PATH"])
    monkeypatch.setenv("STRATA_PLUGIN_MIRROR", str(mirror(tmp_path / "providers")))
    found = find_toolchain(tmp_path / "copy" / ".strata", Checkout(tmp_path / "copy").environ())
    assert found.aws_provider == f"5.100.0 in {tmp_path / 'providers'} (STRATA_PLUGIN_MIRROR)"


def test_a_childs_environment_is_its_own(tmp_path: Path) -> None:
    state = Path("/tmp") / f"strata-{os.getpid()}" if len(str(tmp_path)) > 40 else tmp_path
    environ = {
        "PATH": "/some/bin",
        "HOME": "/home/me",
        "LANG": "de_DE",
        "AWS_CA_BUNDLE": "/ca.pem",
        "AWS_PROFILE": "mine",
        "TF_LOG": "TRACE",
        "TF_VAR_x": "1",
        "HTTPS_PROXY": "http://proxy:3128",
        "PYTHONPATH": "/elsewhere",
    }
    try:
        environment = terraform_environment(state, environ, {"AWS_REGION": "eu-west-1", "EMPTY": ""})
        assert environment.pop("PATH").endswith(":/some/bin")
        assert environment == {
            "HOME": f"{state}/home",
            "TMPDIR": f"{state}/tmp",
            "LANG": "C.UTF-8",
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "GOGC": "400",
            "AWS_REGION": "eu-west-1",
        }
        assert terraform_environment(state, environ, network=True)["HTTPS_PROXY"] == "http://proxy:3128"
    finally:
        if state != tmp_path:
            for folder in (state / "home", state / "tmp", state):
                folder.rmdir()


def test_a_socket_still_fits_below_a_long_state_folder(tmp_path: Path) -> None:
    state = tmp_path / ("x" * 80)
    assert terraform_environment(state, {"TMPDIR": str(tmp_path)})["TMPDIR"] == str(tmp_path)


def snowflake_mirror(folder: Path, version: str = "2.20.0") -> Path:
    """Make a mirror of the real Snowflake provider; return it."""
    place = folder / HOST / "snowflakedb" / "snowflake" / version / PLATFORM
    place.mkdir(parents=True)
    (place / f"terraform-provider-snowflake_v{version}").touch()
    return folder


def test_the_real_snowflake_provider_comes_from_the_mirror_named(tmp_path: Path) -> None:
    environ = machine(tmp_path, terraform="1.11.4")
    aws, snowflake = mirror(tmp_path / "aws"), snowflake_mirror(tmp_path / "snowflake", "2.21.3")
    environ["STRATA_PLUGIN_MIRROR"] = str(aws)
    stand_in = find_toolchain(tmp_path / "state", environ)
    assert stand_in.snowflake_mirror is None
    attached = {"TF_REATTACH_PROVIDERS": json.dumps({f"{HOST}/snowflakedb/snowflake": {}, f"{HOST}/x/y": {}})}
    assert stand_in.environment(attached)["TF_REATTACH_PROVIDERS"] == attached["TF_REATTACH_PROVIDERS"]

    environ["STRATA_SNOWFLAKE_PROVIDER_MIRROR"] = str(snowflake)
    real = find_toolchain(tmp_path / "state", environ)
    assert real.snowflake_mirror == snowflake
    assert json.loads(real.environment(attached)["TF_REATTACH_PROVIDERS"]) == {f"{HOST}/x/y": {}}
    assert "TF_REATTACH_PROVIDERS" not in real.environment({"TF_REATTACH_PROVIDERS": ""})
    # A file of its own: the other runs of the checkout go on with theirs.
    assert real.cli_config != stand_in.cli_config
    assert real.cli_config.read_text() == (
        "# Written by Strata at each start.\n"
        "disable_checkpoint = true\n"
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f'    path    = "{aws}"\n'
        '    include = ["registry.terraform.io/hashicorp/aws"]\n'
        "  }\n"
        "  filesystem_mirror {\n"
        f'    path    = "{snowflake}"\n'
        '    include = ["registry.terraform.io/snowflakedb/snowflake"]\n'
        "  }\n"
        "  direct {\n"
        '    exclude = ["registry.terraform.io/hashicorp/aws", "registry.terraform.io/snowflakedb/snowflake"]\n'
        "  }\n"
        "}\n"
    )


@pytest.mark.parametrize("version", ["2.19.9", "3.0.0"])
def test_a_mirror_named_for_snowflake_holds_it(tmp_path: Path, version: str) -> None:
    environ = machine(tmp_path, terraform="1.11.4")
    environ["STRATA_PLUGIN_MIRROR"] = str(mirror(tmp_path / "aws"))
    environ["STRATA_SNOWFLAKE_PROVIDER_MIRROR"] = folder = str(
        snowflake_mirror(tmp_path / "snowflake", version)
    )
    with pytest.raises(StrataError) as caught:
        find_toolchain(tmp_path / "state", environ)
    assert str(caught.value) == (
        f"STRATA_SNOWFLAKE_PROVIDER_MIRROR={folder} holds no Snowflake provider ~> 2.20 for linux_amd64 "
        f"(put it at {folder}/registry.terraform.io/snowflakedb/snowflake/<version>/linux_amd64, "
        "or unset STRATA_SNOWFLAKE_PROVIDER_MIRROR)"
    )


def test_a_mirror_for_snowflake_and_a_configuration_of_ones_own_are_one_too_many(tmp_path: Path) -> None:
    environ = machine(tmp_path, terraform="1.11.4")
    own = tmp_path / "own.tfrc"
    own.write_text("provider_installation {\n  direct {}\n}\n")
    environ["TF_CLI_CONFIG_FILE"] = str(own)
    environ["STRATA_SNOWFLAKE_PROVIDER_MIRROR"] = str(snowflake_mirror(tmp_path / "snowflake"))
    with pytest.raises(StrataError, match="unset one of the two"):
        find_toolchain(tmp_path / "state", environ)


def test_opentofu_is_told_of_what_runs_already_and_of_nothing_else(tmp_path: Path) -> None:
    found = Toolchain(tmp_path / "tofu", "1.10.0", tmp_path / "cli", "", "OpenTofu", tmp_path / "state")
    assert "TF_REATTACH_PROVIDERS" not in found.environment()
    attached = '{"registry.terraform.io/hashicorp/aws": {"Pid": 1}}'
    given = found.environment({"TF_REATTACH_PROVIDERS": attached})
    assert given["TF_REATTACH_PROVIDERS"] == attached.replace("terraform.io", "opentofu.org")
    assert given["TF_CLI_CONFIG_FILE"] == str(tmp_path / "cli")
