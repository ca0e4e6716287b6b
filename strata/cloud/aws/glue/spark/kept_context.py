"""The SparkContext of a JVM, kept from one job to the next. driver.py runs this file by its path.

Spark keeps the classes that it generates by class loader, and each context has a loader of its own
(`CodeGenerator.compile`, Spark 3.5): with a new context, a job compiles each of them anew. So a job that
would make the context which is there gets it: with its own name, keys and file systems, in a session of its
own. One that differs in any other setting, or follows on a job that has left something in the context, makes
a new one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

# In which jobs may differ that share a context: they are set anew.
_OF_A_JOB = (
    "spark.app.name",
    "spark.submit.pyFiles",
    "spark.hadoop.fs.s3a.aws.credentials.provider",
    "spark.hadoop.fs.s3a.access.key",
    "spark.hadoop.fs.s3a.secret.key",
    "spark.hadoop.fs.s3a.session.token",
)
_REDACTION = "spark.redaction.regex"
# What they do is done when the context is stopped.
_UNTIL_THE_END = ("spark.eventLog.enabled", "spark.extraListeners", "spark.plugins")


@dataclass
class KeptContext:
    """What is known of the JVM's context.

    Attributes:
        wanted: the settings with which it was made, without those of a job; empty: it has none.
        settings: those that it has itself, likewise, when a job begins.
        files: names and hashes of the Python files that Spark has a copy of.
        listeners: the identities of its own listeners.
        first_stage: the number of the job's first stage.
    """

    wanted: str = ""
    settings: str = ""
    files: dict[str, str] = field(default_factory=dict)
    listeners: list[int] = field(default_factory=list)
    first_stage: int = 0


def offer(jvm: Any, kept: KeptContext, py_files: dict[str, str]) -> None:
    """Let the script that follows have the kept context where it would make an equal one.

    Args:
        jvm: of PySpark.
        kept: what is known of it; follows what the script makes.
        py_files: the job's Python files by name.
    """
    from pyspark import SparkContext

    contexts: Any = SparkContext
    make = contexts._initialize_context
    files = {name: hashlib.sha256(content.encode()).hexdigest() for name, content in sorted(py_files.items())}

    def initialize(context: Any, jconf: Any) -> Any:
        wanted = _settings(jconf)
        active = _active(jvm)
        if active is not None:
            if wanted == kept.wanted and kept.files in ({}, files):
                _renew(jvm, active, jconf)
                kept.files = files
                kept.settings = _settings(active.conf())
                kept.first_stage = active.dagScheduler().nextStageId()
                return jvm.JavaSparkContext(active)
            active.stop()
        kept.wanted = ""
        made = make(context, jconf)
        spark = made.sc()
        kept.wanted, kept.settings, kept.files = wanted, _settings(spark.conf()), files
        kept.listeners = [jvm.System.identityHashCode(one) for one in spark.listenerBus().listeners()]
        kept.first_stage = 0
        return made

    # A script that calls SparkContext or SparkSession comes by here.
    contexts._initialize_context = initialize


def clear(jvm: Any, kept: KeptContext) -> bool:
    """Take what a job has left out of the context.

    Args:
        jvm: of PySpark.
        kept: what is known of the context.

    Returns:
        Whether it is as a new one is; otherwise it is to be stopped.
    """
    active = _active(jvm) if kept.wanted else None
    if active is None:
        return False
    left = (
        any(active.conf().get(name, "false") != "false" for name in _UNTIL_THE_END)
        or _settings(active.conf()) != kept.settings
        or not active.listFiles().isEmpty()
        or not active.listJars().isEmpty()
        or not active.listArchives().isEmpty()
        or not active.getPersistentRDDs().isEmpty()
        or active.getCheckpointDir().isDefined()
        or len(active.statusTracker().getActiveJobIds()) > 0
        # Python workers have the job's environment.
        or not _field(active.env(), "pythonWorkers").get(active.env()).isEmpty()
    )
    if left:
        return False
    for listener in active.listenerBus().listeners():
        if jvm.System.identityHashCode(listener) not in kept.listeners:
            active.removeSparkListener(listener)
    return True


def _active(jvm: Any) -> Any:
    """The JVM's context, of Scala; None if there is none."""
    companion = getattr(getattr(jvm.org.apache.spark, "SparkContext$"), "MODULE$")
    found = companion.getActive()
    return found.get() if found.isDefined() else None


def _settings(conf: Any) -> str:
    """A SparkConf without what is a job's own, in one call: each entry would take several."""
    copy = conf.clone()
    for name in _OF_A_JOB:
        copy.remove(name)
    hidden = copy.get(_REDACTION, "")
    # It would hide the values that are keys.
    copy.set(_REDACTION, "(?!)")
    return f"{hidden}\n{copy.toDebugString()}"


def _renew(jvm: Any, active: Any, jconf: Any) -> None:
    """Give the context the job's own settings, and a Hadoop configuration without any that was set since."""
    conf = active.conf()
    for name in _OF_A_JOB:
        if jconf.contains(name):
            conf.set(name, jconf.get(name))
        else:
            conf.remove(name)
    hadoop = jvm.org.apache.spark.deploy.SparkHadoopUtil.get().newConfiguration(conf)
    # Spark has no setter for it.
    _field(active, "_hadoopConfiguration").set(active, hadoop)


def _field(of: Any, name: str) -> Any:
    """A private field of a Java object, by reflection."""
    place = of.getClass().getDeclaredField(name)
    place.setAccessible(True)
    return place
