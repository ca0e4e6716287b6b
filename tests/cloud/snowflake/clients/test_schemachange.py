"""schemachange: versioned, repeatable and always scripts, run once or again, with their history."""

from __future__ import annotations

from pathlib import Path

from ..conftest import Snow
from .conftest import Client

SCRIPTS = {
    "V1.0.0__people.sql": "create table {{ table }} (id int, name varchar(10)); insert into {{ table }} values (1, 'Ann');",
    "V1.1.0__age.sql": "alter table people add column age int;\nupdate people set age = 40 where id = 1;",
    "R__named.sql": "create or replace view named as select name from people;",
    "A__note.sql": "insert into people (id, name) values (9, 'again');",
}
# One process for all runs: the client takes seconds to start.
RUN = """
import sys
from schemachange.cli import main
for words in {runs!r}:
    sys.argv = ["schemachange", *words]
    main()
"""


def test_scripts_are_deployed_once_and_again(admin: Snow, client: Client, tmp_path: Path) -> None:
    admin.rows("create database shop")
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for name, text in SCRIPTS.items():
        (scripts / name).write_text(text)
    deploy = [
        *[
            "deploy",
            "--schemachange-root-folder",
            str(scripts),
            "--snowflake-database",
            "SHOP",
            "--snowflake-schema",
            "PUBLIC",
        ],
        *[
            "--snowflake-role",
            "ACCOUNTADMIN",
            "--snowflake-warehouse",
            "COMPUTE_WH",
            "--schemachange-create-change-history-table",
        ],
        *[
            "--schemachange-change-history-table",
            "SHOP.CHANGES.HISTORY",
            "--schemachange-vars",
            '{"table": "people"}',
        ],
    ]
    client(
        "python",
        "-c",
        RUN.format(runs=[deploy, deploy]),
        SNOWFLAKE_ACCOUNT=admin.connection.account,
        SNOWFLAKE_PROTOCOL="http",
    )
    assert admin.rows("select id, name, age from shop.public.people order by id, name") == [
        (1, "Ann", 40),
        (9, "again", None),
        (9, "again", None),
    ]
    assert admin.rows("select count(*) from shop.public.named") == [(3,)]
    history = admin.rows(
        "select version, description, script_type, status, count(*) from shop.changes.history "
        "group by all order by script_type, version"
    )
    assert history == [
        ("", "Note", "A", "Success", 2),
        ("", "Named", "R", "Success", 1),
        ("1.0.0", "People", "V", "Success", 1),
        ("1.1.0", "Age", "V", "Success", 1),
    ]
