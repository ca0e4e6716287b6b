"""Changes to moto that can be taken back: a process may start several servers one after the other."""

from __future__ import annotations

from typing import Any

_MISSING = object()


class Patches:
    """The changes one extension makes to moto: `attribute` and `item` make them, `undo` takes all back."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, Any, Any, bool]] = []

    def attribute(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute of a class or module."""
        # vars(), not getattr: a class attribute must come back as the descriptor it was, and an inherited one
        # must go away again.
        previous = vars(owner).get(name, _MISSING)
        self._undo.append((owner, name, previous, False))
        setattr(owner, name, value)

    def item(self, mapping: Any, key: Any, value: Any) -> None:
        """Set an item of a mapping."""
        self._undo.append((mapping, key, mapping.get(key, _MISSING), True))
        mapping[key] = value

    def undo(self) -> None:
        """Take back every change, the last one first."""
        while self._undo:
            owner, name, previous, is_item = self._undo.pop()
            if is_item and previous is _MISSING:
                del owner[name]
            elif is_item:
                owner[name] = previous
            elif previous is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, previous)
