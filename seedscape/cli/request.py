"""What was asked for on the command line, as values."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seedscape.assets.errors import RequestError
from seedscape.cli.say import note
from seedscape.prompt import read_prompt
from seedscape.scene.spec import SceneSpec, make_spec, shown, unknown, values_from_text, values_from_toml

MAX_SPEC_BYTES = 1 << 20  # a spec is a few lines; what is longer is some other file
MAX_THREADS = 1024


def read_spec(
    spec_file: str | None, prompt: str | None, flags: Mapping[str, str | None], settings: Sequence[str]
) -> SceneSpec:
    """The spec, the later the stronger: defaults, spec file, prompt, flags (field -> text), settings ("field=text")."""
    values: dict[str, Any] = {}
    if spec_file is not None:
        values |= values_from_toml(read_text(spec_file))
    if prompt is not None:
        reading = read_prompt(prompt)
        said = ", ".join(f'"{phrase}" {field}={reading.values[field]}' for phrase, field in reading.understood)
        note(f"prompt: understood {said}")
        if reading.unused:
            note(f"prompt: not used: {shown(', '.join(reading.unused), 400)}")
        values |= reading.values
    values |= values_from_text({field: text for field, text in flags.items() if text is not None})
    pairs = {}
    for setting in settings:
        field, equals, text = setting.partition("=")
        if not equals:
            raise RequestError(f"--set: expected KEY=VALUE, got {shown(setting)}")
        pairs[field.strip()] = text.strip()
    return make_spec(**values | values_from_text(pairs))


def read_text(path: str | Path, kind: str = "text file", most: int = MAX_SPEC_BYTES) -> str:
    """A text file of at most `most` bytes. RequestError: missing, unreadable, too long or not UTF-8; `kind` is its name there."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise RequestError(f"expected a {kind} of at most {most} bytes, got a longer one: {shown(str(path))}")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RequestError(f"expected a {kind} in UTF-8, got other bytes: {shown(str(path))}") from None
    except (OSError, ValueError) as error:
        if isinstance(error, RequestError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise RequestError(f"expected a {kind} that can be read, got {shown(str(path))}: {reason}") from None


def whole_number(name: str, text: str, low: int, high: int, step: int = 1) -> int:
    """A whole number of a flag, within its range and a multiple of `step`."""
    if re.fullmatch(r"[0-9]{1,20}", text) and low <= int(text) <= high and int(text) % step == 0:
        return int(text)
    multiple = f", a multiple of {step}," if step > 1 else ""
    raise RequestError(f"{name}: expected a whole number {low} to {high}{multiple or ','} got {shown(text)}")


def real_number(name: str, text: str, low: float, high: float) -> float:
    """A finite number of a flag, within its range."""
    if re.fullmatch(r"[0-9]{0,20}\.?[0-9]{0,20}(e-?[0-9]{1,3})?", text, re.IGNORECASE) and re.match(r"\.?[0-9]", text):
        value = float(text)
        if low <= value <= high:
            return value
    raise RequestError(f"{name}: expected a number {low:g} to {high:g}, got {shown(text)}")


def thread_count(text: str | None) -> int | None:
    """--threads; None: as many as there are cores."""
    return None if text is None else whole_number("--threads", text, 1, MAX_THREADS)


def output_files(output: str) -> tuple[Path, Path, Path]:
    """FILE.glb and what lies beside it: FILE.json, FILE.png."""
    try:
        output.encode()
    except UnicodeEncodeError:
        raise RequestError(f"--output: expected a name in valid Unicode, got {output!r}") from None
    path = Path(output)
    if path.suffix.lower() != ".glb" or "\0" in output:
        raise RequestError(f"--output: expected a name that ends in .glb, got {shown(output)}")
    return path, path.with_suffix(".json"), path.with_suffix(".png")


MODELS = ("terrain", "material")


def require_model(name: str) -> None:
    """RequestError unless it names one of the two networks."""
    if name not in MODELS:
        raise RequestError(unknown("terrain or material", name, MODELS))


def require_folder(flag: str, path: str) -> None:
    """RequestError unless it is an existing folder."""
    if "\0" in path or not Path(path).is_dir():
        raise RequestError(f"{flag}: expected an existing folder, got {shown(path)}")
