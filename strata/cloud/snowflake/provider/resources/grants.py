"""Grants of roles, of privileges and of ownership."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from strata.cloud.snowflake.provider.client import Client, Error, Row
from strata.cloud.snowflake.provider.identifiers import bare, parts, qualified, quote
from strata.cloud.snowflake.provider.planning import Draft
from strata.cloud.snowflake.provider.resources.base import Resource
from strata.cloud.snowflake.provider.values import Object, in_set_order

_BLOCKS = ("on_account_object", "on_schema", "on_schema_object")


class GrantAccountRole(Resource):
    type_name = "snowflake_grant_account_role"

    def create(self, client: Client, planned: Object) -> str:
        kind, grantee = _member(planned)
        client.execute(f"GRANT ROLE {qualified(planned['role_name'])} TO {kind} {qualified(grantee)}")
        return f"{qualified(planned['role_name'])}|{kind}|{qualified(grantee)}"

    def read(self, client: Client, state: Object) -> Object | None:
        role, kind, grantee = state["id"].split("|")
        for row in client.find(f"SHOW GRANTS OF ROLE {role}") or ():
            if row["granted_to"] == kind and row["grantee_name"] == bare(grantee):
                return {}
        return None

    def update(self, client: Client, prior: Object, planned: Object, unknown: Collection[str]) -> str:
        return str(prior["id"])

    def delete(self, client: Client, state: Object) -> None:
        role, kind, grantee = state["id"].split("|")
        client.execute(f"REVOKE ROLE {role} FROM {kind} {grantee}")

    def imported(self, client: Client, identifier: str) -> Object:
        found = identifier.split("|")
        if len(found) != 3:
            expected = "<role_name>|<grantee_object_type>|<grantee_identifier>"
            raise ValueError(f"invalid ID specified: {identifier}, expected {expected}")
        if found[1] not in ("ROLE", "USER"):
            raise ValueError(f"invalid object type specified: {found[1]}, expected ROLE or USER")
        target = "user_name" if found[1] == "USER" else "parent_role_name"
        return {"role_name": bare(found[0]), target: bare(found[2])}


class GrantPrivilegesToAccountRole(Resource):
    type_name = "snowflake_grant_privileges_to_account_role"

    def check(self, planned: Object) -> None:
        for name in _BLOCKS:
            if _is_inherited(planned, name):
                raise ValueError(
                    f"the stand-in provider does not support {name}.inherited of {self.type_name}"
                )

    def customise(self, client: Client, draft: Draft) -> None:
        if any(_is_inherited(draft.config, name) for name in _BLOCKS) and not client.has("INHERITED_GRANTS"):
            raise ValueError(
                'using an `inherited` block requires the "INHERITED_GRANTS" experiment to be enabled. Add it '
                "to the `experimental_features_enabled` list in the provider configuration"
            )

    def create(self, client: Client, planned: Object) -> str:
        self._grant(client, planned, _privileges(planned))
        return self._identifier(planned)

    def _grant(self, client: Client, state: Object, privileges: list[str]) -> None:
        option = " WITH GRANT OPTION" if state.get("with_grant_option") else ""
        target, role = _target(state)[0], quote(bare(state["account_role_name"]))
        client.execute(f"GRANT {', '.join(privileges)} ON {target} TO ROLE {role}{option}")

    def _revoke(self, client: Client, state: Object, privileges: list[str], option: str = "") -> None:
        role = quote(bare(state["account_role_name"]))
        client.execute(f"REVOKE {option}{', '.join(privileges)} ON {_target(state)[0]} FROM ROLE {role}")

    def read(self, client: Client, state: Object) -> Object | None:
        if state.get("strict_privilege_management") and not client.has("GRANTS_STRICT_PRIVILEGE_MANAGEMENT"):
            raise ValueError(
                "to use `strict_privilege_management`, you need to first specify the "
                "`GRANTS_STRICT_PRIVILEGE_MANAGEMENT` feature in the `experimental_features_enabled` field "
                "at the provider level"
            )
        role, option, always, privileges, *_ = state["id"].split("|")
        # A new value each time, so that every plan has a change.
        trigger = {"always_apply_trigger": str(uuid.uuid4())} if always == "true" else {}
        if privileges in ("ALL", "ALL PRIVILEGES") or "|OnAll" in _target(state)[1]:
            # The real provider does not read ALL back.
            return trigger
        name = bare(role)
        if client.show("ROLES", (name,)) is None:
            return None
        rows = client.find(_grants_query(state))
        if rows is None:
            return None
        managed, strict = privileges.split(","), state.get("strict_privilege_management")
        held = {
            row["privilege"]
            for row in rows
            if row.get("grantee_name") == name
            and _is_on(row, state)
            and (strict or (row["privilege"] in managed and str(row["grant_option"]).lower() == option))
        }
        return trigger | {"privileges": sorted(held)}

    def update(self, client: Client, prior: Object, planned: Object, unknown: Collection[str]) -> str:
        before, after = _privileges(prior), _privileges(planned)
        gains_all = bool(planned.get("all_privileges") and not prior.get("all_privileges"))
        if prior.get("all_privileges") and not planned.get("all_privileges"):
            self._revoke(client, prior, before)
            before = []
        added = [p for p in after if p not in before]
        if added:
            if not gains_all and not planned.get("with_grant_option"):
                self._revoke(client, planned, added, "GRANT OPTION FOR ")
            self._grant(client, planned, added)
        # ALL includes the privileges that were granted one by one.
        gone = [] if gains_all else [p for p in before if p not in after]
        if gone:
            self._revoke(client, prior, gone)
        if planned.get("always_apply"):
            self._grant(client, planned, after)
        return self._identifier(planned)

    def delete(self, client: Client, state: Object) -> None:
        _destroy(client, lambda: self._revoke(client, state, _privileges(state)))

    def _identifier(self, state: Object) -> str:
        words = [str(bool(state.get(name))).lower() for name in ("with_grant_option", "always_apply")]
        privileges = "ALL" if state.get("all_privileges") else ",".join(in_set_order(state["privileges"]))
        return "|".join([quote(bare(state["account_role_name"])), *words, privileges, _target(state)[1]])

    def imported(self, client: Client, identifier: str) -> Object:
        found = identifier.split("|")
        if len(found) < 5:
            raise ValueError(
                "account role identifier should hold at least 5 parts "
                '"<role_name>|<with_grant_option>|<always_apply>|<privileges>|<grant_type>"'
            )
        role, option, always, privileges, kind, *data = found
        all_privileges = privileges in ("ALL", "ALL PRIVILEGES")
        state: Object = {
            "account_role_name": quote(bare(role)),
            "with_grant_option": option == "true",
            "always_apply": always == "true",
            "all_privileges": all_privileges,
            "privileges": [] if all_privileges else privileges.split(","),
            "on_account": kind == "OnAccount",
            "strict_privilege_management": False,
        }
        if kind == "OnAccountObject":
            state["on_account_object"] = [{"object_type": data[0], "object_name": qualified(data[1])}]
        elif kind == "OnSchema":
            field = {"OnSchema": "schema_name", "OnAllSchemasInDatabase": "all_schemas_in_database"}
            state["on_schema"] = [{field.get(data[0], "future_schemas_in_database"): qualified(data[1])}]
        elif kind == "OnSchemaObject" and data[0] == "OnObject":
            state["on_schema_object"] = [{"object_type": data[1], "object_name": qualified(data[2])}]
        elif kind == "OnSchemaObject":
            where = "in_database" if data[2] == "InDatabase" else "in_schema"
            scope = {"object_type_plural": data[1], where: qualified(data[3])}
            state["on_schema_object"] = [{"all" if data[0] == "OnAll" else "future": [scope]}]
        return state


class GrantOwnership(Resource):
    type_name = "snowflake_grant_ownership"

    def check(self, planned: Object) -> None:
        if planned.get("database_role_name"):
            raise ValueError(f"the stand-in provider does not support database_role_name of {self.type_name}")

    def create(self, client: Client, planned: Object) -> str:
        target, suffix = _ownership_target(planned["on"][0])
        role, current_grants = (
            quote(bare(planned["account_role_name"])),
            planned.get("outbound_privileges") or "",
        )
        words = f" {current_grants} CURRENT GRANTS" if current_grants and "FUTURE" not in target else ""
        client.execute(f"GRANT OWNERSHIP ON {target} TO ROLE {role}{words}")
        return f"ToAccountRole|{role}|{current_grants}|{suffix}"

    def read(self, client: Client, state: Object) -> Object | None:
        on, role = state["on"][0], bare(state["account_role_name"])
        if on.get("all"):
            return {}
        if on.get("future"):
            kind, where = _scope(on["future"][0])
            rows = client.find(f"SHOW FUTURE GRANTS IN {where}") or []
            wanted = kind.removesuffix("S").replace(" ", "_")
            rows = [row for row in rows if row["grant_on"] == wanted]
        else:
            rows = client.find(f"SHOW GRANTS ON {on['object_type']} {qualified(on['object_name'])}") or []
        owners = {row["grantee_name"] for row in rows if row["privilege"] == "OWNERSHIP"}
        return {} if role in owners else None

    def update(self, client: Client, prior: Object, planned: Object, unknown: Collection[str]) -> str:
        return str(prior["id"])

    def delete(self, client: Client, state: Object) -> None:
        """Transfer the ownership to the provider's own role; revoke a future grant."""
        target, _ = _ownership_target(state["on"][0])
        if "FUTURE" in target.split(" "):
            role = quote(bare(state["account_role_name"]))
            _destroy(client, lambda: client.execute(f"REVOKE OWNERSHIP ON {target} FROM ROLE {role}"))
            return
        (row,) = client.execute("SELECT CURRENT_ROLE() AS NAME")
        current_grants = state.get("outbound_privileges")
        words = f" {current_grants} CURRENT GRANTS" if current_grants else ""
        _destroy(
            client, lambda: client.execute(f"GRANT OWNERSHIP ON {target} TO ROLE {quote(row['NAME'])}{words}")
        )

    def imported(self, client: Client, identifier: str) -> Object:
        found = identifier.split("|")
        if len(found) < 6 or found[0] != "ToAccountRole":
            raise ValueError(
                "grant ownership identifier should hold at least 5 parts "
                '"<target_role_kind>|<role_name>|<outbound_privileges_behavior>|<grant_type>|<grant_data>"'
            )
        _, role, current_grants, kind, *data = found
        if kind == "OnObject":
            path = parts(data[1])
            on: Object = {
                "object_type": data[0],
                "object_name": path[0] if len(path) == 1 else qualified(data[1]),
            }
        else:
            database = data[1] == "InDatabase"
            place = {"in_database": bare(data[2])} if database else {"in_schema": qualified(data[2])}
            on = {"all" if kind == "OnAll" else "future": [{"object_type_plural": data[0]} | place]}
        return {"account_role_name": bare(role), "on": [on]} | (
            {"outbound_privileges": current_grants} if current_grants else {}
        )


def _destroy(client: Client, revoke: Any) -> None:
    """Revoke a grant; ignore a missing object if GRANTS_SAFE_DESTROY is enabled."""
    try:
        revoke()
    except Error as error:
        if not (client.has("GRANTS_SAFE_DESTROY") and error.errno in (2003, 2043)):
            raise


def _is_inherited(state: Object, name: str) -> bool:
    blocks = state.get(name)
    return isinstance(blocks, list) and any(isinstance(b, dict) and b.get("inherited") for b in blocks)


def _member(state: Object) -> tuple[str, str]:
    return ("USER", state["user_name"]) if state.get("user_name") else ("ROLE", state["parent_role_name"])


def _privileges(state: Object) -> list[str]:
    if state.get("all_privileges"):
        return ["ALL PRIVILEGES"]
    return sorted(str(privilege).upper() for privilege in state.get("privileges") or [])


def _target(state: Object) -> tuple[str, str]:
    """Return the target of a privilege, in SQL and as the suffix of the id."""
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


def _is_on(row: Row, state: Object) -> bool:
    """Return whether a row of SHOW FUTURE GRANTS has the kind of the grant."""
    target, suffix = _target(state)
    if "Future" not in suffix:
        return True
    wanted = target.split(" IN ", 1)[0].removeprefix("FUTURE ").removesuffix("S").replace(" ", "_")
    return bool((row.get("granted_on") or row.get("grant_on")) == wanted)
