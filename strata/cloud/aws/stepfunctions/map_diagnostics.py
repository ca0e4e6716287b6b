"""What is wrong with the fields of a distributed Map that moto's grammar lacks, and how a fault is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Found = list[dict[str, str]]
_LIMITS = ("MaxItemsPerBatch", "MaxInputBytesPerBatch")
_WRITES = "arn:aws:states:::s3:putObject"
_CONFIG = {"Transformation": ("NONE", "COMPACT", "FLATTEN"), "OutputType": ("JSON", "JSONL")}


def diagnostic(code: str, message: str, location: str = "") -> dict[str, str]:
    """Return a fault as ValidateStateMachineDefinition tells it."""
    found = {"severity": "ERROR", "code": code, "message": message}
    return {**found, "location": location} if location else found


def wrong(message: str, location: str) -> dict[str, str]:
    """Return a fault of a single state."""
    return diagnostic("SCHEMA_VALIDATION_FAILED", message, location)


def map_faults(state: Mapping[str, Any], here: str, language: str) -> Found:
    """Return what is wrong with ItemBatcher and ResultWriter of a Map state."""
    processor = state.get("ItemProcessor") or state.get("Iterator") or {}
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    distributed = isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED"
    found: Found = []
    for field, faults in (("ItemBatcher", _batcher), ("ResultWriter", _writer)):
        if field not in state:
            continue
        place, value = f"{here}/{field}", state[field]
        if not isinstance(value, dict) or not value:
            found.append(wrong(f"The field '{field}' must be an object that is not empty", place))
        elif not distributed:
            found.append(wrong(f"The field '{field}' is only for a Map in DISTRIBUTED mode", place))
        else:
            found += [wrong(fault, place) for fault in faults(value, language)]
    return found


def _batcher(batcher: Mapping[str, Any], language: str) -> Iterator[str]:
    paths = [f"{name}Path" for name in _LIMITS] if language == "JSONPath" else []
    yield from _unknown(batcher, (*_LIMITS, *paths, "BatchInput"))
    if not {*_LIMITS, *paths} & batcher.keys():
        yield f"One of these fields is required: [{', '.join((*_LIMITS, *paths))}]"
    for name in _LIMITS:
        if name in batcher and f"{name}Path" in {*paths} & batcher.keys():
            yield f"Only one of these fields is allowed: [{name}, {name}Path]"
        value = batcher.get(name, 1)
        is_number = isinstance(value, int) and not isinstance(value, bool) and value > 0
        if not is_number and not (language == "JSONata" and isinstance(value, str)):
            yield f"The value for the field '{name}' must be a positive integer"


def _writer(writer: Mapping[str, Any], language: str) -> Iterator[str]:
    given = "Arguments" if language == "JSONata" else "Parameters"
    yield from _unknown(writer, ("Resource", given, "WriterConfig"))
    if ("Resource" in writer) != (given in writer):
        yield f"The fields 'Resource' and '{given}' go together"
    if writer.get("Resource", _WRITES) != _WRITES:
        yield f"The embedded cloud writes results only with {_WRITES}"
    config = writer.get("WriterConfig", {})
    if not isinstance(config, dict):
        yield "The field 'WriterConfig' must be an object"
        return
    yield from _unknown(config, tuple(_CONFIG))
    for name, allowed in _CONFIG.items():
        if config.get(name, allowed[0]) not in allowed:
            yield f"The value for the field '{name}' must be one of [{', '.join(allowed)}]"
    if config.get("OutputType") == "JSONL" and "Resource" not in writer:
        yield "The embedded cloud writes JSONL only to S3"


def _unknown(value: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[str]:
    for name in value.keys() - set(known):
        yield f"The field '{name}' is not supported here"
