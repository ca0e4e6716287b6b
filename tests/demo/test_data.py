"""The input files are what the main job's checks take them to be."""

from __future__ import annotations

from pathlib import Path

from strata.demo import data


def test_january_has_all_its_flights(tmp_path: Path) -> None:
    file = data.january(tmp_path)
    lines = file.path.read_text().splitlines()
    assert (file.rows_read, len(lines)) == (27_004, 27_005)
    assert lines[0].startswith("year,month,day,dep_time")
    assert lines[1] == (
        "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z"
    )


def test_the_late_file_has_twelve_broken_rows_of_six_kinds(tmp_path: Path) -> None:
    file = data.late_file(tmp_path)
    rows = [line.split(",") for line in file.path.read_text().splitlines()[1:]]
    kinds = {
        "bad date": sum(len(row) == 19 and row[2] == "32" for row in rows),
        "text in a number": sum(len(row) == 19 and row[15] == "far" for row in rows),
        "missing column": sum(len(row) == 18 for row in rows),
        "wrong delimiter": sum(len(row) == 1 for row in rows),
        "unknown carrier": sum(len(row) == 19 and row[9] == "ZZ" for row in rows),
        "duplicate": len(rows) - len({tuple(row) for row in rows}),
    }
    assert kinds == dict.fromkeys(kinds, 2)
    assert (file.rows_quarantined, file.rows_duplicate) == (10, 2)
    # 27,004 / 50 rounded up, and twelve.
    assert file.rows_read == len(rows) == 541 + 12


def test_the_files_are_the_same_each_time(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        paths = [data.january(folder).path, data.late_file(folder).path, *data.reference(folder)]
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]
