"""What is wrong with a file, as a list: a stable code, a severity, the JSON pointer (RFC 6901) of the place, a sentence.

CONTAINER   not a GLB, cut short, or its chunks contradict its length
JSON        the JSON chunk is too large, or no JSON object
VERSION     not glTF 2.0
TYPE        a value of the wrong type
REFERENCE   an index that names nothing
RANGE       a number out of its range, or bytes outside their buffer
GRAPH       a node under two parents, or under itself
NO_SCENE, DRAWN_TWICE, IMAGE_UNKNOWN    warnings: the file can be counted, with this in mind
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from seedscape.assets.errors import RequestError

MAX_ISSUES = 100  # a hostile file may have one for each of its bytes


@dataclass(frozen=True)
class Issue:
    """One finding."""

    code: str
    severity: Literal["error", "warning"]
    pointer: str
    message: str


class GlbError(RequestError):
    """A file that cannot be counted. issues: all that was found, errors first; the text is that of the first."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
        where = f" at {issues[0].pointer}" if issues[0].pointer else ""
        super().__init__(f"{issues[0].message}{where}{more}")
        self.issues = issues

    def to_json(self) -> dict[str, Any]:
        """{"issues": [...]}."""
        return {"issues": [asdict(issue) for issue in self.issues]}


def broken(code: str, message: str, pointer: str = "") -> GlbError:
    """The error of one finding."""
    return GlbError((Issue(code, "error", pointer[:200], message),))
