"""The input files are what the main job's checks take them to be."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from strata.demo import data


def test_january_has_all_its_flights(tmp_path: Path) -> None:
    file = data.january(tmp_path)
    lines = file.path.read_text().splitlines()
    assert (file.key, file.rows_read, len(lines)) == ("flights/2013-01.csv", 27_004, 27_005)
    assert lines[0].startswith("year,month,day,dep_time")
    assert lines[1] == (
        "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z"
    )


def test_the_late_file_has_twelve_broken_lines_of_six_kinds(tmp_path: Path) -> None:
    file = data.late_file(tmp_path)
    lines = file.path.read_text().splitlines()
    assert Counter(line.reason for line in file.broken) == {
        "bad_date": 2,
        "duplicate": 2,
        "missing_column": 2,
        "not_a_number": 2,
        "unknown_carrier": 2,
        "wrong_delimiter": 2,
    }
    assert all(lines[line.source_line - 1] == line.line for line in file.broken)
    assert file.rows_read == len(lines) - 1 == 450 + 12
    assert (file.rows_clean, file.rows_quarantined, file.rows_duplicate) == (450, 10, 2)
    # Without its broken lines the file repeats no flight, and all of it is January's.
    good = set(lines[1:]) - {line.line for line in file.broken if line.reason != "duplicate"}
    assert len(good) == 450
    assert good <= set(data.january(tmp_path).path.read_text().splitlines())


def test_the_files_are_the_same_each_time(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        folder = tmp_path / name
        paths = [data.january(folder).path, data.late_file(folder).path, *data.reference(folder)]
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]
