"""The jars that teach Spark to read S3: a pinned, checked set of 6 MB, fetched once.

Spark carries Apache Ivy, which knows the public registry; so no host name is written here. Each jar is asked
for alone (`transitive="false"`): hadoop-aws would otherwise pull the SDK bundle of 282 MB, and jars that
shadow Spark's own. The versions are those of Spark 3.5.6: Hadoop 3.3.4, which needs AWS SDK 1.12.262, and
Jackson 2.15.2.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from strata.checkout.certificates import system_bundle
from strata.cloud.aws.glue.spark.java import Java, find_java
from strata.cloud.aws.glue.spark.settings import spark_home
from strata.errors import StrataError

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True)
class Jar:
    """One artifact of the registry and the SHA-256 of its bytes."""

    organisation: str
    name: str
    revision: str
    sha256: str

    @property
    def file(self) -> str:
        return f"{self.name}-{self.revision}.jar"


_SDK = ("com.amazonaws", "1.12.262")
JARS = tuple(
    Jar(organisation, name, revision, sha256)
    for (organisation, revision), name, sha256 in (
        (("org.apache.hadoop", "3.3.4"), "hadoop-aws",
         "53f9ae03c681a30a50aa17524bd9790ab596b28481858e54efd989a826ed3a4a"),
        (_SDK, "aws-java-sdk-core", "06fed99f929c389e168278c1b111aaf1afb270d07202fbbce92e73d1e4279678"),
        (_SDK, "aws-java-sdk-s3", "a0cb7580178bc0d4d3558295a5bb890008478da8a6b3241989c71238b0ed3be5"),
        # S3A loads classes of DynamoDB (S3Guard) and KMS even where it uses neither.
        (_SDK, "aws-java-sdk-dynamodb", "7af4ba06d0d9b3c2ab435089caecd0567810d203aa285f7aa72861f1964d442e"),
        (_SDK, "aws-java-sdk-kms", "c00f5ae7b334255f661d85512e7203af9523a04fb65d0c431c2eea2003ed8ae2"),
        (_SDK, "jmespath-java", "9001ea993a45d82a2d3086edcbda8a40b4e012d049a70fbf071fd329c0fbd777"),
        (("com.fasterxml.jackson.dataformat", "2.15.2"), "jackson-dataformat-cbor",
         "57ba89a43e631be2de67aeed846a659b15c6b82b7b254164f61bf3090ccc2ad1"),
    )
)  # fmt: skip


def default_folder() -> Path:
    """Return where a checkout keeps the jars."""
    return Path(__file__).resolve().parents[5] / ".strata" / "jars"


def missing_jars(folder: Path) -> list[Jar]:
    """Return the pinned jars that the folder lacks or holds incomplete; change nothing."""
    return [jar for jar in JARS if not _whole(folder / jar.file, jar)]


def ensure_jars(
    folder: Path, progress: Callable[[str], None] = lambda line: None, *, java: Java | None = None
) -> Path:
    """Make the folder hold exactly the pinned jars, and return it.

    A jar that is there and whole is kept; a missing or corrupt one is fetched. `progress` gets one line per
    step. Raises StrataError if the registry cannot be reached or sends other bytes than the pinned ones.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    wanted = missing_jars(folder)
    for stray in folder.glob("*.jar"):
        if stray.name not in {jar.file for jar in JARS}:
            stray.unlink()  # the whole folder goes on Spark's class path
    if wanted:
        # Inside the folder, so that nothing is written to the user's ~/.ivy2; per process, as two may fetch
        # at once.
        for stale in folder.glob(".ivy-*"):
            if time.time() - stale.stat().st_mtime > 3600:
                shutil.rmtree(stale, ignore_errors=True)
        home = folder / f".ivy-{os.getpid()}"
        try:
            progress(f"fetching {len(wanted)} of {len(JARS)} jars for Spark's S3 access")
            _fetch(wanted, home, java or find_java(os.environ))
            for jar in wanted:
                fetched = home / "jars" / jar.file
                if not fetched.exists():
                    raise _unreachable(f"{jar.file} was not delivered")
                if not _whole(fetched, jar):
                    raise StrataError(
                        f"{jar.file} from the Java package registry has another SHA-256 than the pinned one",
                        remedy="check which proxy or mirror answers for the registry",
                    )
                fetched.replace(folder / jar.file)
                progress(f"{jar.file} checked")
        finally:
            shutil.rmtree(home, ignore_errors=True)
    return folder


def _whole(path: Path, jar: Jar) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


def _fetch(jars: list[Jar], home: Path, java: Java) -> None:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    dependencies = "\n".join(
        f'    <dependency org="{jar.organisation}" name="{jar.name}" rev="{jar.revision}"'
        ' transitive="false"/>'
        for jar in jars
    )
    (home / "ivy.xml").write_text(
        '<ivy-module version="2.0">\n  <info organisation="strata" module="jars"/>\n'
        f"  <dependencies>\n{dependencies}\n  </dependencies>\n</ivy-module>\n"
    )
    command = [
        str(java.path), *_trust(java, home),
        f"-Divy.default.ivy.user.dir={home / 'user'}", f"-Duser.home={home}",
        "-jar", str(next((spark_home() / "jars").glob("ivy-*.jar"))),
        "-cache", str(home / "cache"), "-ivy", str(home / "ivy.xml"), "-confs", "default", "-types", "jar",
        "-retrieve", str(home / "jars" / "[artifact]-[revision].[ext]"),
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _unreachable("no answer within 10 minutes") from error
    if done.returncode != 0:
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
        faults = [
            line for line in lines if "UNRESOLVED" in line or "not found" in line or "Exception" in line
        ]
        raise _unreachable(faults[0].strip(": ") if faults else f"Ivy ended with exit code {done.returncode}")


def _trust(java: Java, home: Path) -> list[str]:
    """Options by which a Java that was brought trusts what this machine trusts, not what its makers did."""
    if not java.brought or "trustStore" in os.environ.get("JAVA_TOOL_OPTIONS", ""):
        return []
    bundle = system_bundle(os.environ)
    if bundle is None:
        return []
    # Imported here: it is installed only after set-up's first part, which imports this module.
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    certificates = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for text in _CERTIFICATE.findall(bundle.read_bytes()):
            # An authority whose certificate is not by the book is left out.
            with contextlib.suppress(ValueError):
                certificates.append(x509.load_pem_x509_certificate(text))
    store, password = home / "trust.p12", "changeit"
    store.write_bytes(
        pkcs12.serialize_java_truststore(
            [pkcs12.PKCS12Certificate(one, str(number).encode()) for number, one in enumerate(certificates)],
            BestAvailableEncryption(password.encode()),
        )
    )
    return [
        f"-Djavax.net.ssl.trustStore={store}",
        "-Djavax.net.ssl.trustStoreType=PKCS12",
        f"-Djavax.net.ssl.trustStorePassword={password}",
    ]


def _unreachable(reason: str) -> StrataError:
    return StrataError(
        f"Spark's S3 jars could not be fetched from the Java package registry: {reason}",
        remedy="check the internet connection (JAVA_TOOL_OPTIONS for a proxy) and run it again",
    )
