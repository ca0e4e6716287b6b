"""What snowflake-sqlalchemy and pandas do in a session; prints what came, as JSON."""

import json
import os

import pandas
from snowflake.sqlalchemy import URL
from sqlalchemy import ForeignKey, String, create_engine, inspect, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

organization, name = os.environ["SNOWFLAKE_ORGANIZATION_NAME"], os.environ["SNOWFLAKE_ACCOUNT_NAME"]
engine = create_engine(
    URL(
        account=f"{organization}-{name}",
        user=os.environ["SNOWFLAKE_USER"],
        password=os.environ["SNOWFLAKE_PASSWORD"],
        database="STRATA_DEV",
        schema="CURATED",
        warehouse="COMPUTE_WH",
    ),
    connect_args={
        "host": os.environ["SNOWFLAKE_HOST"],
        "port": os.environ["SNOWFLAKE_PORT"],
        "protocol": "http",
    },
)


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(30), unique=True)
    boss_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


came = {}
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add_all([Person(id=1, name="Ann"), Person(id=2, name="Bob", boss_id=1)])
    session.commit()
    session.add(Person(id=3, name="Cy"))
    session.flush()
    session.rollback()
    session.get(Person, 2).name = "Rob"
    session.commit()
    session.delete(session.get(Person, 1))
    session.commit()
    came["people"] = [(p.id, p.name, p.boss_id) for p in session.scalars(select(Person))]
found = inspect(engine)
came["tables"] = found.get_table_names()
came["views"] = found.get_view_names()
came["has"] = [found.has_table(table) for table in ("people", "flights", "nothing")]
for table in ("people", "flights"):
    came[f"columns of {table}"] = [
        (c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(table)
    ]
came["primary key"] = found.get_pk_constraint("people")["constrained_columns"]
came["unique"] = [key["column_names"] for key in found.get_unique_constraints("people")]
came["foreign keys"] = [
    (key["constrained_columns"], key["referred_table"], key["referred_columns"])
    for key in found.get_foreign_keys("people")
]
pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]}).to_sql("frame", engine, index=False)
came["frame"] = pandas.read_sql("select * from frame order by a", engine).values.tolist()
came["flights"] = pandas.read_sql(
    "select carrier, count(*) n from flights group by 1", engine
).values.tolist()
with engine.connect() as connection:
    came["bound"] = [list(row) for row in connection.execute(text("select :a, :b"), {"a": 1, "b": "x"})]
print(json.dumps(came))
