"""What is kept: errors, atomic files, model weights and their cards, the store, batches. Every room may read from here."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedscape.assets.batch import Batch, Status, Summary
    from seedscape.assets.store import Store

__all__ = ["Batch", "Status", "Store", "Summary"]

_HOMES = {"Batch": "batch", "Status": "batch", "Store": "store", "Summary": "batch"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seedscape.assets' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"seedscape.assets.{_HOMES[name]}"), name)
