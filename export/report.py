"""ExportReport: what a GLB holds and what it costs, the same value for files we wrote and for anybody's."""

from dataclasses import asdict, dataclass
from typing import Any

from seedscape.assets.errors import BudgetError
from seedscape.export.budget import MB, Verdict
from seedscape.export.issues import Issue


@dataclass(frozen=True)
class TextureFigures:
    """One image of the file. gpu_bytes: with mip levels, RGBA8 unless the image is a block-compressed KTX2."""

    name: str
    width: int
    height: int
    mime_type: str
    bytes: int
    gpu_bytes: int


@dataclass(frozen=True)
class Offender:
    """A heavy entry. line: of the budget; pointer: JSON pointer into the file's glTF; value: its share of the line."""

    line: str
    pointer: str
    name: str
    value: int


@dataclass(frozen=True)
class ExportReport:
    """Figures of one GLB against the budget of one profile.

    triangles and draw_calls are those of one frame of the default scene with everything in view, as three.js makes them:
    each node counts each primitive of its mesh, and blended double-sided ones count twice (back faces, then front faces).
    materials, meshes, nodes: entries in the file. over: for each profile the lines of its budget that the file is
    over. offenders: the heaviest entries of each line. issues: what a reader should know, e.g. what could not be measured. lowered: a sentence for each thing that export lowered to meet the budget; of a file read back nothing is known.
    """

    profile: str
    bytes: int
    sha256: str
    generator: str
    triangles: int
    draw_calls: int
    materials: int
    meshes: int
    nodes: int
    lights: int
    gpu_texture_bytes: int
    textures: tuple[TextureFigures, ...]
    extensions_used: tuple[str, ...]
    extensions_required: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    over: dict[str, tuple[str, ...]]
    offenders: tuple[Offender, ...]
    issues: tuple[Issue, ...]
    lowered: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """The issues as sentences."""
        return tuple(issue.message for issue in self.issues)

    @property
    def within_budget(self) -> bool:
        return all(verdict.within for verdict in self.verdicts)


def require_within_budget(report: ExportReport) -> None:
    """BudgetError naming each line that is over; nothing when all are within."""
    over = [
        f"{verdict.name.replace('_', ' ')} {_quantity(verdict.name, verdict.value)}"
        f" (at most {_quantity(verdict.name, verdict.limit)})"
        for verdict in report.verdicts
        if not verdict.within
    ]
    if over:
        raise BudgetError(f"expected an environment within the budget of {report.profile!r}, got {', '.join(over)}")


def to_json(report: ExportReport) -> dict[str, Any]:
    """The report as JSON values, with the verdicts spelled out."""
    value = asdict(report)
    value["verdicts"] = [asdict(verdict) | {"within": verdict.within} for verdict in report.verdicts]
    value["over"] = {name: list(lines) for name, lines in report.over.items()}
    return value | {"within_budget": report.within_budget, "notes": list(report.notes)}


def to_text(report: ExportReport) -> str:
    """The report for a terminal: one line per budget line, then what is in the file."""
    lines = [f"{'':2}{'':<20} {'is':>12} {'at most':>12}   (budget of {report.profile!r})"]
    for verdict in report.verdicts:
        mark = "ok" if verdict.within else "OVER"
        value, limit = _quantity(verdict.name, verdict.value), _quantity(verdict.name, verdict.limit)
        lines.append(f"  {verdict.name.replace('_', ' '):<20} {value:>12} {limit:>12}   {mark}")
    lines.append(f"  {report.meshes} meshes, {report.nodes} nodes, {report.lights} lights, by {report.generator!r}")
    for texture in report.textures:
        size = f"{texture.width} x {texture.height}"
        file, gpu = _quantity("bytes", texture.bytes), _quantity("bytes", texture.gpu_bytes)
        lines.append(f"  {size:>12} px  {texture.mime_type:<11} {file:>10} file {gpu:>10} GPU  {texture.name}")
    used, required = ", ".join(report.extensions_used) or "none", ", ".join(report.extensions_required) or "none"
    lines.append(f"  extensions: {used}; required: {required}")
    fits = [name for name, over in report.over.items() if not over]
    lines.append(f"  within the budget of: {', '.join(fits) or 'none'}")
    lines += [f"  over the budget of {name!r}: {', '.join(over)}" for name, over in report.over.items() if over]
    lines += [
        f"  heaviest, {each.line.replace('_', ' ')}: {_quantity(each.line, each.value)}  {each.pointer}  {each.name}"
        for each in report.offenders
        if any(each.line in over for over in report.over.values())
    ]
    lines += [f"  lowered: {what}" for what in report.lowered]
    lines += [f"  note: {note}" for note in report.notes]
    lines.append(f"  sha256 {report.sha256}")
    return "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in lines)


def _quantity(name: str, value: int) -> str:
    return f"{value / MB:,.2f} MB" if name.endswith("bytes") else f"{value:,}"
