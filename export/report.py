"""ExportReport: what a GLB holds and what it costs, the same value for files we wrote and for anybody's."""

from dataclasses import asdict, dataclass
from typing import Any

from seedscape.assets.errors import BudgetError
from seedscape.export.budget import BUDGETS, MB, Verdict
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


def verdicts_of_all(report: ExportReport) -> dict[str, tuple[Verdict, ...]]:
    """Profile -> the verdict on each line of its budget."""
    return {
        name: tuple(Verdict(each.name, each.value, getattr(budget, each.name)) for each in report.verdicts)
        for name, budget in BUDGETS.items()
    }


def heaviest(report: ExportReport) -> dict[str, Offender]:
    """Line of the budget -> its heaviest entry, where one is known."""
    found: dict[str, Offender] = {}
    for offender in report.offenders:
        found.setdefault(offender.line, offender)
    return found


def to_json(report: ExportReport) -> dict[str, Any]:
    """The report as JSON values, with the verdicts of every profile spelled out."""
    value = asdict(report)
    pointers = {line: offender.pointer for line, offender in heaviest(report).items()}
    spelled = {
        profile: [asdict(each) | {"within": each.within, "pointer": pointers.get(each.name, "")} for each in verdicts]
        for profile, verdicts in verdicts_of_all(report).items()
    }
    value["verdicts"] = [asdict(verdict) | {"within": verdict.within} for verdict in report.verdicts]
    value["over"] = {name: list(lines) for name, lines in report.over.items()}
    return value | {"profiles": spelled, "within_budget": report.within_budget, "notes": list(report.notes)}


def to_text(report: ExportReport) -> str:
    """The report for a terminal: a table of every budget line under every profile, then what is in the file."""
    everyone, worst = verdicts_of_all(report), heaviest(report)
    lines = [f"  {'':<18}{'is':>12}" + "".join(f"{name:>12}" for name in everyone) + "   heaviest"]
    for row in zip(*everyone.values(), strict=True):
        name = row[0].name
        limits = "".join(f"{_mark(each):>12}" for each in row)
        entry = (
            f"   {worst[name].pointer} {worst[name].name}, {_quantity(name, worst[name].value)}"
            if name in worst
            else ""
        )
        lines.append(f"  {name.replace('_', ' '):<18}{_quantity(name, row[0].value):>12}{limits}{entry}")
    verdict = {name: "OVER" if report.over.get(name) else "fits" for name in everyone}
    lines.append(f"  {'':<30}" + "".join(f"{verdict[name]:>12}" for name in everyone))
    lines.append(f"  {report.meshes} meshes, {report.nodes} nodes, {report.lights} lights, by {report.generator!r}")
    for texture in report.textures:
        size = f"{texture.width} x {texture.height}"
        file, gpu = _quantity("bytes", texture.bytes), _quantity("bytes", texture.gpu_bytes)
        lines.append(f"  {size:>12} px  {texture.mime_type:<11} {file:>10} file {gpu:>10} GPU  {texture.name}")
    used, required = ", ".join(report.extensions_used) or "none", ", ".join(report.extensions_required) or "none"
    lines.append(f"  extensions: {used}; required: {required}")
    lines += [
        f"  also heavy, {each.line.replace('_', ' ')}: {_quantity(each.line, each.value)}  {each.pointer}  {each.name}"
        for each in report.offenders
        if any(each.line in over for over in report.over.values()) and each is not worst[each.line]
    ]
    lines += [f"  lowered: {what}" for what in report.lowered]
    lines += [f"  note: {note}" for note in report.notes]
    lines.append(f"  sha256 {report.sha256}")
    return "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in lines)


def _mark(verdict: Verdict) -> str:
    """ "ok", or the limit that is passed."""
    return "ok" if verdict.within else f"> {_quantity(verdict.name, verdict.limit)}"


def _quantity(name: str, value: int) -> str:
    return f"{value / MB:,.2f} MB" if name.endswith("bytes") else f"{value:,}"
