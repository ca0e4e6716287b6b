"""aws/event-ruler as an oracle: its jar, spoken to through PySpark's way to Java."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from strata.cloud.aws.glue.spark.settings import spark_home


class Ruler:
    """A Java process with event-ruler.

    Args:
        folder: holds the jars of event-ruler and of fastdoubleparser; Jackson, which both need, is Spark's.
    """

    def __init__(self, folder: Path) -> None:
        self._jars = sorted(folder.glob("*.jar"))

    def __enter__(self) -> Ruler:
        """Start Java."""
        from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway

        jars = spark_home() / "jars"
        jackson = [
            path for part in ("core", "databind", "annotations") for path in jars.glob(f"jackson-{part}-2*")
        ]
        port = launch_gateway(
            classpath=":".join(map(str, [*self._jars, *jackson])),
            jarpath=str(next(jars.glob("py4j-*.jar"))),
            die_on_exit=True,
        )
        self._gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port))
        self._ruler: Any = self._gateway.jvm.software.amazon.event.ruler
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop Java."""
        self._gateway.shutdown()

    def fault(self, pattern: str) -> str | None:
        """Return why a pattern is refused, or None."""
        from py4j.protocol import Py4JJavaError

        try:
            found = self._ruler.JsonRuleCompiler.check(pattern)
        except Py4JJavaError as error:
            # Its check lets some exceptions of its parts out; EventBridge refuses what they are about.
            reason = str(error.java_exception.toString())
            if "NoClassDefFoundError" in reason:
                raise
            return reason
        return None if found is None else str(found)

    def matches(self, event: str, pattern: str) -> bool:
        """Return whether a valid pattern takes an event."""
        machine = self._ruler.Machine()
        machine.addRule("rule", pattern)
        return bool(machine.rulesForJSONEvent(event))
