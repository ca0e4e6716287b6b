"""Puts faults into a package and counts those that its tests notice.

    make mutants PACKAGE=strata/iam                60 faults of a Python package
    make mutants PACKAGE=modules/iam SAMPLE=20     20 faults of a Terraform module, against its cases
    make mutants PACKAGE=strata/iam SEED=2         other faults; SAMPLE=0 puts in every one
    python bench/mutants strata/iam --only strata/iam/roles.py:40
                                                   the sample's faults at this line alone

packages.toml says which tests stand for a package; equivalent.toml lists changes that are no fault.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(1, str(ROOT))

from mutant import Mutant, Site, drawn  # noqa: E402
from python_sites import python_sites  # noqa: E402
from python_trials import BaselineError, measure, survives  # noqa: E402
from scratch import Scratch  # noqa: E402
from terraform_sites import terraform_sites  # noqa: E402
from terraform_trials import batches, survivors  # noqa: E402

from tests.checkout_copy import Checkout  # noqa: E402

BASELINE_SECONDS = 1800
# Mutants planned together: more would need more than a gigabyte for the provider.
TOGETHER = 15
_AUTHOR = ("-c", "user.name=mutants", "-c", "user.email=mutants@example.org")


@dataclass
class Tally:
    """What became of the mutants so far."""

    equivalent: dict[tuple[str, str], str]
    noticed: int = 0
    survivors: list[Mutant] = field(default_factory=list)
    excused: list[tuple[Mutant, str]] = field(default_factory=list)

    def count(self, mutant: Mutant, *, survived: bool) -> None:
        """Count one mutant, and show it."""
        reason = self.equivalent.get((mutant.was, mutant.becomes))
        if not survived:
            self.noticed += 1
        elif reason is not None:
            self.excused.append((mutant, reason))
        else:
            self.survivors.append(mutant)
        word = "noticed" if not survived else "survives" if reason is None else "equivalent"
        print(f"{word:10} {mutant.file}:{mutant.line} {mutant.kind}", flush=True)
        if word == "survives":
            for sign, text in (("-", mutant.was), ("+", mutant.becomes)):
                for line in text.splitlines():
                    print(f"  {sign} {line}", flush=True)

    def show(self) -> None:
        """Print the score."""
        for mutant, reason in self.excused:
            print(f"\n{mutant.file}:{mutant.line} {mutant.kind} is equivalent: {reason}")
        counted = self.noticed + len(self.survivors)
        score = 100 * self.noticed / counted if counted else 0.0
        print(f"\nscore {score:.0f} %: {self.noticed} of {counted} noticed, {len(self.excused)} equivalent")


@dataclass(frozen=True)
class Sample:
    """The first `count` faults that the seed draws (0: all), or of them those at some lines."""

    count: int
    seed: str
    only: frozenset[str]

    def __contains__(self, mutant: Mutant) -> bool:
        return not self.only or f"{mutant.file}:{mutant.line}" in self.only


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("package", help="a name of packages.toml, or a module's folder")
    parser.add_argument("--sample", type=int, default=60, metavar="N", help="faults to put in, 0 for all")
    parser.add_argument("--seed", default="1", metavar="N", help="which faults are drawn")
    parser.add_argument(
        "--only", action="append", metavar="FILE:LINE", help="the sample's faults at this line"
    )
    options = parser.parse_args()
    package = options.package.strip("/")
    folder = ROOT / package
    if not folder.is_dir():
        parser.error(f"{package} is not a directory")
    equivalent = {
        (entry["was"], entry["becomes"]): entry["reason"]
        for entry in tomllib.loads((HERE / "equivalent.toml").read_text(encoding="utf-8"))["fault"]
    }
    tally = Tally(equivalent)
    sample = Sample(options.sample, options.seed, frozenset(options.only or ()))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="strata-mutants-") as place:
        copy = Path(place).resolve() / "checkout"
        scratch = Scratch(Checkout.copy(ROOT, copy).folder, Path(place) / "pytest.log")
        # `live check` asks which lock files git tracks, commands of CI ask for HEAD.
        for command in (["add", "--all"], [*_AUTHOR, "commit", "--quiet", "--message", "copy"]):
            subprocess.run(["git", *command], cwd=copy, check=True)
        try:
            if any(folder.glob("*.tf")):
                _terraform(scratch, folder, sample, tally)
            else:
                _python(scratch, package, sample, tally)
        except (BaselineError, RuntimeError) as error:
            print((Path(place) / "pytest.log").read_text(encoding="utf-8", errors="replace")[-4000:])
            sys.exit(f"error: {error}")
        finally:
            tally.show()
            print(f"{time.monotonic() - begun:.0f} s, sample {options.sample}, seed {options.seed}")


def _python(scratch: Scratch, package: str, sample: Sample, tally: Tally) -> None:
    listed = tomllib.loads((HERE / "packages.toml").read_text(encoding="utf-8"))["package"]
    entry = next((entry for entry in listed if entry["name"] == package), None)
    if entry is None:
        sys.exit(f"error: packages.toml does not list {package}")
    plugins = []
    if entry.get("spark"):
        from spark_jvm import SparkJvm

        plugins = [SparkJvm(scratch.folder.parent)]
    baseline = measure(scratch, [package], entry["tests"], BASELINE_SECONDS, plugins)
    baseline = replace(baseline, most=entry.get("seconds"))
    print(f"{len(baseline.seconds)} tests pass in {sum(baseline.seconds.values()):.1f} s", flush=True)
    done = 0
    for mutant in drawn(list(_sites(scratch.folder, package, "*.py")), sample.seed):
        if sample.count and done >= sample.count:
            break
        if mutant not in sample:
            done += 1
            continue
        elsewhere = entry.get("scripts", {}).get(
            mutant.file, entry["tests"] if entry.get("processes") else ()
        )
        survived = survives(scratch, mutant, baseline, elsewhere, plugins)
        # What cannot be imported tells nothing about tests: another is drawn.
        if survived is not None:
            tally.count(mutant, survived=survived)
            done += 1


def _terraform(scratch: Scratch, folder: Path, sample: Sample, tally: Tally) -> None:
    # The same file in every module; its own cases are those of s3.
    shared = ["versions.tf"] if folder.name == "s3" else ["context.tf", "versions.tf"]
    package = folder.relative_to(ROOT).as_posix()
    sites = list(_sites(scratch.folder, package, "*.tf", shared))
    faults = islice(drawn(sites, sample.seed), sample.count or None)
    for group in batches((mutant for mutant in faults if mutant in sample), TOGETHER):
        left = survivors(scratch, folder.name, group)
        for mutant in group:
            tally.count(mutant, survived=mutant in left)


def _sites(root: Path, package: str, pattern: str, without: Sequence[str] = ()) -> Iterator[Site]:
    find = python_sites if pattern == "*.py" else terraform_sites
    for path in sorted((root / package).rglob(pattern)):
        name = path.relative_to(root).as_posix()
        if path.name not in without and not path.name.endswith("_pb2.py"):
            yield from find(name, path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
