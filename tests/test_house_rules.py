"""What the rooms may import, and where randomness may come from: read from the source, with file and line."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("assets", "generation", "scene", "export", "seedscape")
MAY_IMPORT = {
    "assets": {"assets"},
    "generation": {"assets", "generation"},
    "scene": {"assets", "generation", "scene"},
    "export": {"assets", "generation", "scene", "export"},
    "seedscape": {"assets", "generation", "scene", "export", "seedscape"},
}
# What knows nothing of what: libraries that a room has no business with.
FOREIGN = {
    "generation": {"trimesh", "filly", "open3d"},
    "scene": {"torch", "onnxruntime", "onnx", "safetensors", "filly", "trimesh"},
    "export": {"torch", "onnxruntime", "onnx", "safetensors"},
}
# The clock and the system's chance would make two runs differ. Training may look at the clock: it runs for minutes.
BANNED_MODULES = {"random", "uuid", "secrets", "time", "datetime"}
BANNED_CALLS = {
    "os.urandom",
    "np.random.default_rng",
    "np.random.seed",
    "np.random.rand",
    "np.random.randn",
    "np.random.randint",
    "np.random.RandomState",
    "numpy.random.default_rng",
    "torch.seed",
}
TRAINING = ("generation/train/", "generation/evaluate/", "generation/models/")


def sources(room: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / room).rglob("*.py")):
        if path.resolve() == path:  # the face holds links to the rooms
            yield path.relative_to(ROOT), ast.parse(path.read_text())


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything imported, imports inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: import by the full name"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def room_of(name: str) -> str | None:
    """The room of an import of ours; the name of the package alone is its version, which all may read."""
    parts = name.split(".")
    if parts[0] != "seedscape" or len(parts) == 1 or parts[1] == "__version__":
        return None
    return parts[1] if parts[1] in ROOMS else "seedscape"


def wrong_imports(room: str) -> list[str]:
    wrong = []
    for path, tree in sources(room):
        for line, name in imports(tree):
            if (room_of(name) or room) not in MAY_IMPORT[room] or name.split(".")[0] in FOREIGN.get(room, set()):
                wrong.append(f"{path}:{line} imports {name}")
    return wrong


def hidden_randomness(path: Path, tree: ast.Module) -> list[str]:
    found = []
    if not path.as_posix().startswith(TRAINING):
        for line, name in imports(tree):
            if name.split(".")[0] in BANNED_MODULES:
                found.append(f"{path}:{line} imports {name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in BANNED_CALLS:
            found.append(f"{path}:{node.lineno} uses {ast.unparse(node)}")
    return found


def test_imports_point_one_way() -> None:
    assert [line for room in ROOMS for line in wrong_imports(room)] == []


def test_content_comes_from_the_seed_alone() -> None:
    rooms = ("generation", "scene", "export")
    assert [line for room in rooms for path, tree in sources(room) for line in hidden_randomness(path, tree)] == []


def test_the_scan_finds_what_it_looks_for() -> None:
    tree = ast.parse("import time\nfrom random import choice\nimport numpy as np\nrng = np.random.default_rng(3)\n")
    assert hidden_randomness(Path("scene/x.py"), tree) == [
        "scene/x.py:1 imports time",
        "scene/x.py:2 imports random.choice",
        "scene/x.py:4 uses np.random.default_rng",
    ]
    assert [
        room_of(name) for _, name in imports(ast.parse("import seedscape.cli\nfrom seedscape.scene.spec import x"))
    ] == [
        "seedscape",
        "scene",
    ]
