"""A unit's working directory, laid out as Terragrunt 1.1 lays out its cache.

The source before `//` is copied whole, so that `../other` inside it still resolves, and Terraform runs in
the folder after it; the unit's own folder is copied over that; then come the generated files. Hidden files
stay behind but for the lock file. (Terragrunt: `DownloadTerraformSource`, `CopyFolderContents`,
`GenerateConfig`.)
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.checkout.file_lock import held
from strata.checkout.files import replacing
from strata.errors import StrataError
from strata.live.discovery import LOCK_FILE
from strata.live.generate import SIGNATURE

if TYPE_CHECKING:
    from strata.live import GeneratedFile, RenderedUnit

_HASHES = re.compile(rb"^ *hashes *= *\[[^\]]*\]\n", re.MULTILINE)
NULL_INPUTS = ".terragrunt-null-vars.auto.tfvars.json"
_SPELLINGS = {"\\b": "\\u0008", "\\f": "\\u000c"} | {
    character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"
}
# Where a lock file without the registry's hashes was written (docs/decisions/0020-lock-files.md).
LOCKED_ON = "linux_amd64"
SUFFIXES = (".tf", ".tofu", ".tf.json", ".tofu.json")


@dataclass(frozen=True)
class WorkingDirectory:
    """A unit's files, ready for Terraform.

    Attributes:
        path: where Terraform runs.
        folder: the unit's place below the runner's work folder; `path` lies in its `source`.
        original: the folder that `source` is a copy of.
        unit_dir: the folder of the unit's terragrunt.hcl.
    """

    path: Path
    folder: Path
    original: Path
    unit_dir: Path

    @property
    def unit_file(self) -> Path:
        """The unit's file, the place to fix what is wrong with the unit."""
        return self.unit_dir / "terragrunt.hcl"

    @property
    def data_dir(self) -> Path:
        """Terraform's TF_DATA_DIR: beside the copy, so that a new copy can replace the old in one step."""
        return self.folder / "data"

    def configuration(self) -> set[Path]:
        """Every file that Terraform reads as configuration after `init`, in called modules too."""
        places = {self.path}
        manifest = self.data_dir / "modules" / "modules.json"
        if manifest.is_file():
            # As `init` writes it, with the root: {"Modules": [{"Key": "a.b", "Source": …, "Dir": …}]}.
            called = json.loads(manifest.read_text(encoding="utf-8"))["Modules"]
            places = {self.path / module["Dir"] for module in called}
        found = (path for place in places for path in place.iterdir())
        return {path for path in found if path.name.endswith(SUFFIXES) and path.is_file()}

    @property
    def locked(self) -> Path:
        """The lock file with its hashes, as `init` needs it."""
        return self.folder / "init.lock.hcl"

    def init_needed(self, toolchain: str) -> bool:
        """Whether `init` has to run: no, where it did for the same code, backend, lock file and toolchain."""
        try:
            done = (self.folder / "init").read_text(encoding="utf-8")
        except OSError:
            return True
        return done != self._init_digest(toolchain) or not self._providers_present()

    def init_begins(self, *, has_hashes: bool = True) -> None:
        """Forget the last `init`: if this one is interrupted, the next run repeats it.

        Args:
            has_hashes: whether the lock file has hashes of this platform's providers.
        """
        (self.folder / "init").unlink(missing_ok=True)
        if self.locked.is_file():
            locked = self.locked.read_bytes()
            _replace(self.path / LOCK_FILE, locked if has_hashes else without_hashes(locked))

    def has_hashes(self, platform: str) -> bool:
        """Return whether the lock file has hashes of a platform's providers.

        What the registry gives (`zh:`) is for all platforms, what a machine computes (`h1:`) for its own: the
        one on which the units were locked.

        Args:
            platform: such as `darwin_arm64`; empty if it is not known.
        """
        known = self.locked.read_bytes() if self.locked.is_file() else b""
        return platform in ("", LOCKED_ON) or b'"zh:' in known

    def init_done(self, toolchain: str, *, hand_back: bool = True) -> None:
        """Remember that `init` ran, and hand a changed lock file back to the unit's folder.

        As Terragrunt does, but only over a lock file that is there, and only if the new one knows every
        provider of the old: the embedded cloud's stand-in for Snowflake cannot be locked.

        Args:
            toolchain: what ran it.
            hand_back: whether the providers are those that production runs.
        """
        ours, theirs = self.path / LOCK_FILE, self.unit_dir / LOCK_FILE
        if ours.is_file():
            new = ours.read_bytes()
            _replace(self.locked, new)
            old = theirs.read_bytes() if theirs.is_file() else new
            if hand_back and new != old and _locked_providers(old) <= _locked_providers(new):
                _replace(theirs, new)
        _replace(self.folder / "init", self._init_digest(toolchain).encode())

    def drop_hashes(self) -> None:
        """Take the providers' hashes out of the copied lock file, now that `init` has compared them.

        Each plan, apply and show would hash the AWS provider's 700 MB once more.
        """
        lock = self.path / LOCK_FILE
        if lock.is_file():
            _replace(lock, without_hashes(lock.read_bytes()))

    def _init_digest(self, toolchain: str) -> str:
        digest = hashlib.sha256(toolchain.encode())
        source = self.folder / "source"
        for path, relative in copied_files(source):
            if path.name.endswith(SUFFIXES):
                digest.update(_entry(relative, path.read_bytes()))
        digest.update(self.locked.read_bytes() if self.locked.is_file() else b"")
        return digest.hexdigest()

    def _providers_present(self) -> bool:
        # A mirror may have moved since: Terraform only links into it.
        if not self.data_dir.is_dir():
            return False
        links = (self.data_dir / "providers").glob("*/*/*/*/*")
        return all(link.exists() for link in links)


@contextlib.contextmanager
def prepare(
    rendered: RenderedUnit,
    unit_dir: Path,
    work_dir: Path,
    *,
    wait: float = 0.0,
    on_waiting: Callable[[str], None] = lambda holder: None,
) -> Iterator[WorkingDirectory]:
    """Lay out a unit's working directory and hold it for this process.

    A copy that differs from the last one replaces it in one step; one that does not is used again, with
    what hooks have built in it.

    Args:
        rendered: the unit.
        unit_dir: the folder of its terragrunt.hcl.
        work_dir: the folder for all working directories.
        wait: for how many seconds to wait for another process that works in it.
        on_waiting: called with that process when the wait begins.

    Raises:
        StrataError: the source is missing or has no Terraform code, a generated file would leave the working
            directory, or another process works in it.
    """
    folder = work_dir / rendered.path
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder / "lock", rendered.path, wait, on_waiting):
        root, below = rendered.source_root, _check_source(rendered, unit_dir / "terragrunt.hcl")
        digest = _digest(root, below, unit_dir, rendered)
        source, stamp = folder / "source", folder / "rendered"
        directory = WorkingDirectory(source / below, folder, root, unit_dir)
        if not (source.is_dir() and stamp.is_file() and stamp.read_text(encoding="utf-8") == digest):
            stamp.unlink(missing_ok=True)
            draft = folder / "source.new"
            shutil.rmtree(draft, ignore_errors=True)
            _lay_out(draft, root, below, unit_dir, rendered)
            lock = draft / below / LOCK_FILE
            if lock.is_file():
                shutil.copyfile(lock, directory.locked)
            elif directory.locked.is_file():
                shutil.copyfile(directory.locked, lock)
            shutil.rmtree(source, ignore_errors=True)
            draft.rename(source)
            stamp.write_text(digest, encoding="utf-8")
        yield directory


def input_variables(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return the inputs as `TF_VAR_*` variables.

    As Terragrunt does and not as a tfvars file, because the two differ: Terraform reads a variable of the
    environment by the declared type (`"1"` for a `number`, JSON for an object, bare text for a `string`),
    and ignores one that the module does not declare. Nulls cannot be passed so: see NULL_INPUTS.
    """
    return {
        f"TF_VAR_{name}": value if isinstance(value, str) else _json(_escaped(value))
        for name, value in inputs.items()
        if value is not None
    }


def _json(value: Any) -> str:
    """JSON as Go's encoder spells it, but for two escapes: Terraform reads it as HCL, which lacks them.

    Nor does HCL know the surrogate pairs that Python would write for characters outside ASCII.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub(r"\\[\\bf\"]|[<>&\u2028\u2029]", lambda found: _SPELLINGS.get(found[0], found[0]), text)


def _escaped(value: Any) -> Any:
    """Escape `${` in strings inside collections, once (Terragrunt: `escapeInterpolationPatternsInValue`)."""
    if isinstance(value, str):
        return re.sub(r"\$?\$\{", "$${", value)
    if isinstance(value, Mapping):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_escaped(item) for item in value]
    return value


def _check_source(rendered: RenderedUnit, unit_file: Path) -> Path:
    """Return the path below the copied folder in which Terraform runs."""
    if not rendered.module_dir.is_dir():
        raise StrataError(
            f"the source {rendered.source} of {rendered.path} is not a directory", file=unit_file
        )
    return rendered.module_dir.relative_to(rendered.source_root)


def _digest(root: Path, below: Path, unit_dir: Path, rendered: RenderedUnit) -> str:
    digest = hashlib.sha256(_entry(str(root), str(below).encode()))
    for folder in (root, unit_dir):
        for path, relative in copied_files(folder):
            digest.update(_entry(relative, path.read_bytes()))
    for generated in rendered.generated:
        digest.update(_entry(f"{generated.path} {generated.if_exists}", generated.contents.encode()))
    digest.update(_null_inputs(rendered.inputs))
    return digest.hexdigest()


def _lay_out(draft: Path, root: Path, below: Path, unit_dir: Path, rendered: RenderedUnit) -> None:
    working = draft / below
    for folder, target in ((root, draft), (unit_dir, working)):
        for path, relative in copied_files(folder):
            copy = target / relative
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    working.mkdir(parents=True, exist_ok=True)
    for generated in rendered.generated:
        _generate(generated, working, unit_dir / "terragrunt.hcl")
    if nulls := _null_inputs(rendered.inputs):
        (working / NULL_INPUTS).write_bytes(nulls)
    if not any(path.name.endswith(SUFFIXES) for path in working.iterdir()):
        raise StrataError(
            f"no Terraform code in {root / below}, the source of {rendered.path}",
            file=unit_dir / "terragrunt.hcl",
        )


def _generate(generated: GeneratedFile, working: Path, unit_file: Path) -> None:
    target = (working / generated.path).resolve()
    if not target.is_relative_to(working.resolve()):
        raise StrataError(f"generate: {generated.path} lies outside the working directory", file=unit_file)
    if target.exists():
        if generated.if_exists == "skip":
            return
        ours = SIGNATURE in target.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
        if generated.if_exists == "error" or (generated.if_exists == "overwrite_terragrunt" and not ours):
            raise StrataError(
                f"generate: {generated.path} exists in the module, and if_exists is {generated.if_exists}",
                file=unit_file,
            )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(generated.contents, encoding="utf-8")


def _null_inputs(inputs: Mapping[str, Any]) -> bytes:
    nulls = {name: None for name, value in sorted(inputs.items()) if value is None}
    return json.dumps(nulls).encode() if nulls else b""


def copied_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """The files that Terragrunt copies, in a fixed order, with their paths from `folder`."""
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        relative = os.path.relpath(place, folder)
        for name in sorted(names):
            if not name.startswith(".") or name == LOCK_FILE:
                yield Path(place, name), name if relative == "." else os.path.join(relative, name)


def _entry(name: str, contents: bytes) -> bytes:
    return b"%d:%s%d:%s" % (len(name.encode()), name.encode(), len(contents), contents)


def _locked_providers(lock: bytes) -> set[bytes]:
    return set(re.findall(rb'^provider "([^"]+)"', lock, re.MULTILINE))


def without_hashes(lock: bytes) -> bytes:
    """A lock file's text without the providers' hashes: the versions stay chosen, no package is compared."""
    return _HASHES.sub(b"", lock)


def _replace(path: Path, contents: bytes) -> None:
    with replacing(path) as draft:
        draft.write_bytes(contents)
