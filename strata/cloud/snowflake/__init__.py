"""The embedded Snowflake, and the stand-in for its Terraform provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from strata.cloud.snowflake.provider.server import ProviderServer
    from strata.cloud.snowflake.server import SnowflakeServer

__all__ = ["ProviderServer", "SnowflakeServer"]


def __getattr__(name: str) -> Any:
    # Imported on first use: gRPC, for who only wants the name of a class.
    if name == "SnowflakeServer":
        from strata.cloud.snowflake.server import SnowflakeServer

        return SnowflakeServer
    if name == "ProviderServer":
        from strata.cloud.snowflake.provider.server import ProviderServer

        return ProviderServer
    raise AttributeError(name)
