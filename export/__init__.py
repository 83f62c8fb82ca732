"""The export room: an environment in memory -> GLB, report and preview picture. Knows nothing of neural networks."""

from seedscape.export.budget import BUDGETS, Budget, Verdict
from seedscape.export.export_scene import export_scene
from seedscape.export.inspect import inspect_glb
from seedscape.export.issues import GlbError, Issue
from seedscape.export.preview import render_preview
from seedscape.export.report import ExportReport, TextureFigures, require_within_budget, to_json, to_text
from seedscape.export.write import write_glb

__all__ = [
    "BUDGETS",
    "Budget",
    "ExportReport",
    "GlbError",
    "Issue",
    "TextureFigures",
    "Verdict",
    "export_scene",
    "inspect_glb",
    "render_preview",
    "require_within_budget",
    "to_json",
    "to_text",
    "write_glb",
]
