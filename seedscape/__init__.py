"""Seedscape: a seed in, a complete VR environment out.

    import seedscape as ss

    scene = ss.generate(seed=42, biome="alpine")
    report = ss.export(scene, "42.glb")

Names are loaded when they are first used, so that `import seedscape` costs nothing.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedscape.api import export, generate
    from seedscape.assets.errors import BudgetError, MissingPartError, RequestError, SeedscapeError
    from seedscape.client import AsyncClient, Client
    from seedscape.export.report import ExportReport
    from seedscape.scene.spec import SceneSpec, make_spec

__version__ = "0.3.0"

__all__ = [
    "AsyncClient",
    "BudgetError",
    "Client",
    "MissingPartError",
    "RequestError",
    "SceneSpec",
    "SeedscapeError",
    "__version__",
    "export",
    "generate",
    "make_spec",
]

_HOMES = {
    "AsyncClient": "seedscape.client",
    "BudgetError": "seedscape.assets.errors",
    "Client": "seedscape.client",
    "MissingPartError": "seedscape.assets.errors",
    "RequestError": "seedscape.assets.errors",
    "SceneSpec": "seedscape.scene.spec",
    "SeedscapeError": "seedscape.assets.errors",
    "generate": "seedscape.api",
    "make_spec": "seedscape.scene.spec",
}


class _ExportRoom(ModuleType):
    """The room `seedscape.export`, which is also a verb: `ss.export(scene, "42.glb")` is `seedscape.api.export`."""

    def __call__(self, *arguments: Any, **options: Any) -> "ExportReport":
        from seedscape.api import export

        return export(*arguments, **options)


class _Face(ModuleType):
    """Importing seedscape.export puts the room under the name that the public function has: let one value be both."""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "export" and isinstance(value, ModuleType):
            value.__class__ = _ExportRoom
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face


def __getattr__(name: str) -> Any:
    if name == "export":
        return import_module("seedscape.export")
    if name not in _HOMES:
        raise AttributeError(f"module 'seedscape' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
