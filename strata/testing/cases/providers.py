"""The configurations of providers that modules are given, each written once in a root."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from strata.errors import did_you_mean
from strata.modules.interface import Module, RequiredProvider, is_alias
from strata.testing.cases.case import Case
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.literals import literal

# Every root that needs one of these has it; what a case says is merged over it.
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "hashicorp/aws": {
        "region": "eu-west-1",
        "access_key": "test",
        "secret_key": "test",
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "skip_requesting_account_id": True,
        "skip_region_validation": True,
    },
    "snowflakedb/snowflake": {
        "organization_name": "STRATA",
        "account_name": "TEST",
        "experimental_features_enabled": ["USER_ENABLE_DEFAULT_WORKLOAD_IDENTITY"],
        "preview_features_enabled": ["snowflake_external_table_resource"],
    },
}
_HOSTS = ("registry.terraform.io/", "registry.opentofu.org/")


class RootProviders:
    """The provider configurations of a root, one for each text."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._references: dict[tuple[str, str], str] = {}

    def require(self, modules: Iterable[Module]) -> None:
        """Have the configurations that modules inherit."""
        for module in modules:
            for provider in module.configurations.values():
                if _source(provider) in DEFAULTS:
                    self.reference(provider)

    def references(self, case: Case, module: Module) -> dict[str, str]:
        """The argument `providers` of a case's call, empty if all is inherited.

        An alias of which the case says nothing is given the root's default configuration.
        """
        found: dict[str, str] = {}
        for key, provider in module.configurations.items():
            if key in case.providers or key != provider.name:
                found[key] = self.reference(provider, case.providers.get(key))
        return found

    @property
    def names(self) -> set[str]:
        """The root's names of the providers."""
        return set(self._names.values())

    def document(self) -> dict[str, Any]:
        """The root's file, in Terraform's JSON."""
        configured: dict[str, list[dict[str, Any]]] = {}
        for (source, text), reference in self._references.items():
            name, _, alias = reference.partition(".")
            more = {"alias": alias} if alias else {}
            configured.setdefault(name, []).append({**DEFAULTS.get(source, {}), **json.loads(text), **more})
        required = {name: {"source": source} for source, name in self._names.items()}
        return {"terraform": {"required_providers": required}, "provider": configured}

    def reference(self, provider: RequiredProvider, configuration: Mapping[str, Any] | None = None) -> str:
        """The root's name of a configuration, such as `aws` for the default one, or `aws.case-1`."""
        source = _source(provider)
        if source not in self._names:
            name = short = source.rpartition("/")[2]
            number = 2
            while name in self.names:
                name, number = f"{short}-{number}", number + 1
            self._names[source] = name
        name = self._names[source]
        key = (source, json.dumps(literal(dict(configuration or {})), sort_keys=True))
        if key not in self._references:
            alias = f".case-{len(self._references)}" if configuration else ""
            self._references[key] = f"{name}{alias}"
        return self._references[key]


def configures_providers(case: Case, modules: Iterable[Module]) -> bool:
    """Whether a plan of the case has other provider configurations than the root's defaults."""
    if case.providers or 'provider "' in (case.example or ""):
        return True
    blocks = (block for module in modules for _, block in module.blocks("provider"))
    return not all(is_alias(block) for block in blocks)


def check_providers(case: Case, layout: RepositoryLayout) -> None:
    """Check that a case configures what its module can be given.

    Raises:
        StrataError: it does not; file and line are the place in the case.
    """
    known = list(layout.module(case.module).configurations)
    for key in case.providers:
        if key not in known:
            raise case.fault(
                f"module {case.module} takes no provider {key}",
                ("providers", key),
                did_you_mean(key, known),
            )


def _source(provider: RequiredProvider) -> str:
    for host in _HOSTS:
        if provider.source.startswith(host):
            return provider.source[len(host) :]
    return provider.source
