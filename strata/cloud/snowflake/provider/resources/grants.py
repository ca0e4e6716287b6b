"""Grants of roles, of privileges and of ownership."""

from __future__ import annotations

from typing import Any

from strata.cloud.snowflake.grammar import quote
from strata.cloud.snowflake.provider.client import Client, Row
from strata.cloud.snowflake.provider.resources.base import Resource, bare, qualified
from strata.cloud.snowflake.provider.values import Object


class GrantAccountRole(Resource):
    type_name = "snowflake_grant_account_role"

    def create(self, client: Client, planned: Object) -> str:
        kind, grantee = _member(planned)
        client.execute(f"GRANT ROLE {qualified(_role(planned, 'role_name'))} TO {kind} {qualified(grantee)}")
        return f"{qualified(_role(planned, 'role_name'))}|{kind}|{qualified(grantee)}"

    def read(self, client: Client, state: Object) -> Object | None:
        kind, grantee = _member(state)
        name = bare(_role(state, "role_name"))
        for row in client.find(f"SHOW GRANTS OF ROLE {quote(name)}"):
            if row["granted_to"] == kind and row["grantee_name"] == bare(grantee):
                return {
                    "role_name": name,
                    "user_name" if kind == "USER" else "parent_role_name": bare(grantee),
                }
        return None

    def update(self, client: Client, prior: Object, planned: Object) -> str:
        return str(prior["id"])

    def delete(self, client: Client, state: Object) -> None:
        kind, grantee = _member(state)
        client.execute(f"REVOKE ROLE {qualified(_role(state, 'role_name'))} FROM {kind} {qualified(grantee)}")

    def imported(self, identifier: str) -> Object:
        parts = identifier.split("|")
        if len(parts) != 3 or parts[1] not in ("ROLE", "USER"):
            raise ValueError(
                'the id of a role grant is "<role>"|ROLE|"<parent>" or "<role>"|USER|"<user>", not '
                f"{identifier}"
            )
        target = "user_name" if parts[1] == "USER" else "parent_role_name"
        return {"id": identifier, "role_name": bare(parts[0]), target: bare(parts[2])}

    def same(self, name: str, one: Any, other: Any) -> bool:
        return bare(str(one or "")) == bare(str(other or ""))


class GrantPrivilegesToAccountRole(Resource):
    type_name = "snowflake_grant_privileges_to_account_role"

    def check(self, planned: Object) -> None:
        for name in ("on_schema", "on_schema_object", "on_account_object"):
            if any(block.get("inherited") for block in planned.get(name) or []):
                raise ValueError(f"the stand-in provider does not do {name}.inherited of {self.type_name}")
        if planned.get("strict_privilege_management") is True:
            raise ValueError(
                f"the stand-in provider does not do strict_privilege_management of {self.type_name}"
            )

    def create(self, client: Client, planned: Object) -> str:
        self._grant(client, planned, _privileges(planned))
        return self._identifier(planned)

    def _grant(self, client: Client, state: Object, privileges: list[str]) -> None:
        option = " WITH GRANT OPTION" if state.get("with_grant_option") else ""
        target, role = _target(state)[0], quote(bare(state["account_role_name"]))
        client.execute(f"GRANT {', '.join(privileges)} ON {target} TO ROLE {role}{option}")

    def _revoke(self, client: Client, state: Object, privileges: list[str]) -> None:
        role = quote(bare(state["account_role_name"]))
        client.execute(f"REVOKE {', '.join(privileges)} ON {_target(state)[0]} FROM ROLE {role}")

    def read(self, client: Client, state: Object) -> Object | None:
        if (
            state.get("all_privileges")
            or "|OnAll" in _target(state)[1]
            or "OnAllSchemas" in _target(state)[1]
        ):
            # What ALL stands for changes with the objects there are; the real provider does not read it back
            # either.
            return {"account_role_name": bare(state["account_role_name"])}
        role = bare(state["account_role_name"])
        held = set()
        for row in client.find(_grants_query(state)):
            grantee = row.get("grantee_name")
            kind = row.get("granted_on") or row.get("grant_on")
            if grantee == role and row["privilege"] != "OWNERSHIP" and _is_on(row, kind, state):
                held.add(row["privilege"])
        managed = {str(p).upper() for p in state.get("privileges") or held}
        found = sorted(held & managed)
        return {"account_role_name": role, "privileges": found} if found else None

    def update(self, client: Client, prior: Object, planned: Object) -> str:
        before, after = _privileges(prior), _privileges(planned)
        if before != after:
            gone = [p for p in before if p not in after]
            if gone:
                self._revoke(client, prior, gone)
            added = [p for p in after if p not in before]
            if added:
                self._grant(client, planned, added)
        elif planned.get("always_apply"):
            self._grant(client, planned, after)
        return self._identifier(planned)

    def delete(self, client: Client, state: Object) -> None:
        self._revoke(client, state, _privileges(state))

    def _identifier(self, state: Object) -> str:
        words = [str(bool(state.get(name))).lower() for name in ("with_grant_option", "always_apply")]
        privileges = "ALL" if state.get("all_privileges") else ",".join(sorted(state["privileges"]))
        return "|".join([quote(bare(state["account_role_name"])), *words, privileges, _target(state)[1]])

    def imported(self, identifier: str) -> Object:
        parts = identifier.split("|")
        if len(parts) < 5:
            raise ValueError(
                f"the id of a privilege grant has at least five parts between |, not {identifier}"
            )
        role, option, always, privileges, kind, *data = parts
        state: Object = {
            "id": identifier,
            "account_role_name": bare(role),
            "with_grant_option": option == "true",
        }
        state["always_apply"] = always == "true"
        state |= {
            "all_privileges": privileges in ("ALL", "ALL PRIVILEGES"),
            "on_account": kind == "OnAccount",
        }
        state["privileges"] = None if state["all_privileges"] else privileges.split(",")
        if kind == "OnAccountObject":
            state["on_account_object"] = [{"object_type": data[0], "object_name": bare(data[1])}]
        elif kind == "OnSchema":
            field = {"OnSchema": "schema_name", "OnAllSchemasInDatabase": "all_schemas_in_database"}
            state["on_schema"] = [{field.get(data[0], "future_schemas_in_database"): data[1]}]
        elif kind == "OnSchemaObject" and data[0] == "OnObject":
            state["on_schema_object"] = [{"object_type": data[1], "object_name": data[2]}]
        elif kind == "OnSchemaObject":
            where = "in_database" if data[2] == "InDatabase" else "in_schema"
            scope = {"object_type_plural": data[1], where: data[3]}
            state["on_schema_object"] = [{"all" if data[0] == "OnAll" else "future": [scope]}]
        return state

    def same(self, name: str, one: Any, other: Any) -> bool:
        if name == "privileges":
            return sorted(str(p).upper() for p in one or []) == sorted(str(p).upper() for p in other or [])
        if name in ("account_role_name", "object_name", "schema_name", "in_schema", "in_database"):
            return _unquoted(one) == _unquoted(other)
        if name in ("object_type", "object_type_plural"):
            return str(one or "").upper() == str(other or "").upper()
        return super().same(name, one, other)


class GrantOwnership(Resource):
    type_name = "snowflake_grant_ownership"

    def check(self, planned: Object) -> None:
        if planned.get("database_role_name"):
            raise ValueError(f"the stand-in provider does not do database_role_name of {self.type_name}")

    def create(self, client: Client, planned: Object) -> str:
        target, suffix = _ownership_target(planned["on"][0])
        fate = planned.get("outbound_privileges") or ""
        words = f" {fate} CURRENT GRANTS" if fate and "FUTURE" not in target else ""
        client.execute(
            f"GRANT OWNERSHIP ON {target} TO ROLE {quote(bare(planned['account_role_name']))}{words}"
        )
        return f"ToAccountRole|{quote(bare(planned['account_role_name']))}|{fate}|{suffix}"

    def read(self, client: Client, state: Object) -> Object | None:
        on, role = state["on"][0], bare(state["account_role_name"])
        actual = {"account_role_name": role}
        if on.get("all"):
            return actual
        if on.get("future"):
            kind, where = _scope(on["future"][0])
            rows = client.find(f"SHOW FUTURE GRANTS IN {where}")
            wanted = kind.removesuffix("S").replace(" ", "_")
            rows = [row for row in rows if row["grant_on"] == wanted]
        else:
            rows = client.find(f"SHOW GRANTS ON {on['object_type']} {qualified(on['object_name'])}")
        owners = {row["grantee_name"] for row in rows if row["privilege"] == "OWNERSHIP"}
        return actual if role in owners else None

    def update(self, client: Client, prior: Object, planned: Object) -> str:
        return str(prior["id"])

    def delete(self, client: Client, state: Object) -> None:
        """Give the object back to the provider's own role; end a future grant."""
        target, _ = _ownership_target(state["on"][0])
        if "FUTURE" in target.split(" "):
            role = quote(bare(state["account_role_name"]))
            client.execute(f"REVOKE OWNERSHIP ON {target} FROM ROLE {role}")
            return
        (row,) = client.execute("SELECT CURRENT_ROLE() AS NAME")
        client.execute(f"GRANT OWNERSHIP ON {target} TO ROLE {quote(row['NAME'])} COPY CURRENT GRANTS")

    def imported(self, identifier: str) -> Object:
        parts = identifier.split("|")
        if len(parts) < 6 or parts[0] != "ToAccountRole":
            raise ValueError(
                f'the id of an ownership grant is ToAccountRole|"<role>"|<outbound>|..., not {identifier}'
            )
        _, role, fate, kind, *data = parts
        if kind == "OnObject":
            on: Object = {"object_type": data[0], "object_name": data[1]}
        else:
            where = "in_database" if data[1] == "InDatabase" else "in_schema"
            on = {"all" if kind == "OnAll" else "future": [{"object_type_plural": data[0], where: data[2]}]}
        return {
            "id": identifier,
            "account_role_name": bare(role),
            "outbound_privileges": fate or None,
            "on": [on],
        }

    def same(self, name: str, one: Any, other: Any) -> bool:
        if name in ("account_role_name", "object_name", "in_schema", "in_database"):
            return _unquoted(one) == _unquoted(other)
        return super().same(name, one, other)


def _role(state: Object, name: str) -> str:
    return str(state[name])


def _member(state: Object) -> tuple[str, str]:
    return ("USER", state["user_name"]) if state.get("user_name") else ("ROLE", state["parent_role_name"])


def _unquoted(value: Any) -> str:
    return str(value or "").replace('"', "")


def _privileges(state: Object) -> list[str]:
    if state.get("all_privileges"):
        return ["ALL PRIVILEGES"]
    return sorted(str(privilege).upper() for privilege in state.get("privileges") or [])


def _target(state: Object) -> tuple[str, str]:
    """What a privilege is granted on, in SQL and as the end of the id."""
    if state.get("on_account"):
        return "ACCOUNT", "OnAccount"
    if state.get("on_account_object"):
        block = state["on_account_object"][0]
        kind, name = block["object_type"].upper(), quote(bare(block["object_name"]))
        return f"{kind} {name}", f"OnAccountObject|{kind}|{name}"
    if state.get("on_schema"):
        block = state["on_schema"][0]
        if block.get("schema_name"):
            name = qualified(block["schema_name"])
            return f"SCHEMA {name}", f"OnSchema|OnSchema|{name}"
        scope = "all" if block.get("all_schemas_in_database") else "future"
        name = quote(bare(block[f"{scope}_schemas_in_database"]))
        return (
            f"{scope.upper()} SCHEMAS IN DATABASE {name}",
            f"OnSchema|On{scope.title()}SchemasInDatabase|{name}",
        )
    block = state["on_schema_object"][0]
    if block.get("object_name"):
        kind, name = block["object_type"].upper(), qualified(block["object_name"])
        return f"{kind} {name}", f"OnSchemaObject|OnObject|{kind}|{name}"
    scope = "all" if block.get("all") else "future"
    kind, where = _scope(block[scope][0])
    place, name = where.split(" ", 1)
    return (
        f"{scope.upper()} {kind} IN {where}",
        f"OnSchemaObject|On{scope.title()}|{kind}|In{place.title()}|{name}",
    )


def _scope(block: Object) -> tuple[str, str]:
    kind = block["object_type_plural"].upper()
    if block.get("in_database"):
        return kind, f"DATABASE {quote(bare(block['in_database']))}"
    return kind, f"SCHEMA {qualified(block['in_schema'])}"


def _ownership_target(on: Object) -> tuple[str, str]:
    for scope in ("all", "future"):
        if on.get(scope):
            kind, where = _scope(on[scope][0])
            place, name = where.split(" ", 1)
            return f"{scope.upper()} {kind} IN {where}", f"On{scope.title()}|{kind}|In{place.title()}|{name}"
    kind, name = on["object_type"].upper(), qualified(on["object_name"])
    return f"{kind} {name}", f"OnObject|{kind}|{name}"


def _grants_query(state: Object) -> str:
    target, suffix = _target(state)
    if "Future" in suffix:
        return f"SHOW FUTURE GRANTS IN {target.split(' IN ', 1)[1]}"
    return f"SHOW GRANTS ON {target}"


def _is_on(row: Row, kind: str | None, state: Object) -> bool:
    """Whether a row of SHOW FUTURE GRANTS is about the kind that the grant names."""
    target, suffix = _target(state)
    if "Future" not in suffix:
        return True
    wanted = target.split(" IN ", 1)[0].removeprefix("FUTURE ").removesuffix("S").replace(" ", "_")
    return kind == wanted
