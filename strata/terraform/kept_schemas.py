"""A provider's schemas, kept on disk: the AWS provider takes half a second of CPU to build them."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

from strata.checkout.files import replacing

# The text is of few words, which the quickest level packs to a tenth.
_LEVEL = 1


class KeptSchemas:
    """Answers of `GetProviderSchema`, by the provider's program.

    Args:
        folder: where they are kept; made when the first is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, program: Path) -> bytes:
        """What the program answered when it was asked; empty if that is not known, or damaged."""
        try:
            return gzip.decompress(self._file(program).read_bytes())
        except (OSError, EOFError, zlib.error):
            return b""

    def write(self, program: Path, response: bytes) -> None:
        """Keep an answer.

        Raises:
            OSError: it cannot be written.
        """
        with replacing(self._file(program)) as draft:
            draft.write_bytes(gzip.compress(response, _LEVEL))

    def _file(self, program: Path) -> Path:
        found = program.stat()
        made = hashlib.sha256(f"{program}\n{found.st_size}\n{found.st_mtime_ns}".encode()).hexdigest()
        return self._folder / f"{program.name}-{made[:16]}.gz"
