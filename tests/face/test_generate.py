"""`seedscape generate`: requests, files, manifest. The networks and the scene are left out, except where marked slow."""

import hashlib
import json
import os
from pathlib import Path

import pytest

import seedscape
from seedscape.assets.errors import MissingPartError
from seedscape.export import BUDGETS
from seedscape.scene.spec import SceneSpec
from tests.face.conftest import Invoke, StubRenderer

SmallWorld = list[SceneSpec]


@pytest.fixture(autouse=True)
def _quick_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedscape.export.preview.PreviewRenderer", StubRenderer)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["-5"], "seed: expected a whole number 0 to 9007199254740991, got -5"),
        (["9007199254740992"], "seed: expected a whole number 0 to 9007199254740991, got 9007199254740992"),
        (["4.2"], "seed: expected a whole number 0 to 9007199254740991, got 4.2"),
        (["1e3"], "seed: expected a whole number 0 to 9007199254740991, got 1e3"),
        (["nan"], "seed: expected a whole number 0 to 9007199254740991, got nan"),
        (["forty"], "seed: expected a whole number 0 to 9007199254740991, got forty"),
        ([""], "seed: expected a whole number 0 to 9007199254740991, got nothing"),
        ([], "Missing argument 'SEED' (see seedscape generate --help)"),
        (["1", "2"], "Got unexpected extra argument (2) (see seedscape generate --help)"),
        (["1", "--biome", "alpin"], "biome: expected one of the names, got alpin (did you mean alpine?)"),
        (["1", "--purpose", "gmae"], "purpose: expected one of the names, got gmae (did you mean game?)"),
        (["1", "--size-m", "100"], "size_m: expected a number 200 to 2000 (m), got 100"),
        (["1", "--size-m", "nan"], "size_m: expected a number 200 to 2000 (m), got nan"),
        (["1", "--size-m", "-inf"], "size_m: expected a number 200 to 2000 (m), got -inf"),
        (["1", "--time", "24.5"], "time_of_day_h: expected a number 0 to 24 (h), got 24.5"),
        (["1", "--time", "-1"], "time_of_day_h: expected a number 0 to 24 (h), got -1"),
        (["1", "--set", "sieze_m=500"], "expected a field of the spec, got sieze_m (did you mean size_m?)"),
        (["1", "--set", "water"], "--set: expected KEY=VALUE, got water"),
        (["1", "--set", "=3"], "expected a field of the spec, got nothing (known: seed, biome,"),
        (["1", "--set", "season=sumer"], "season: expected one of the names, got sumer (did you mean summer?)"),
        (["1", "--threads", "0"], "--threads: expected a whole number 1 to 1024, got 0"),
        (["1", "--threads", "two"], "--threads: expected a whole number 1 to 1024, got two"),
        (["1", "-o", "world.obj"], "--output: expected a name that ends in .glb, got world.obj"),
        (["1", "-o", ""], "--output: expected a name that ends in .glb, got nothing"),
        (["1", "-o", "a\0.glb"], "--output: expected a name that ends in .glb, got a\\x00.glb"),
        (["1", "-o", "\udcff.glb"], "--output: expected a name in valid Unicode, got '\\udcff.glb'"),
        (["1", "-o", "no/such/folder/a.glb"], "expected an existing folder"),
        (["1", "--spec", "absent.toml"], "expected a text file that can be read, got absent.toml: No such file"),
        (["1", "--spec", "."], "expected a text file that can be read, got .: Is a directory"),
        (["1", "--prompt", ""], "prompt: expected words such as a biome"),
        (["1", "--prompt", "xyzzy"], "prompt: expected words such as a biome"),
        (["1", "--prompt", "50 km"], "size_m: expected a number 200 to 2000 (m), got 50000.0"),
        (["1", "--profile", "quets"], "expected a profile of universal, quest,"),
        (["1", "--textures", "webp"], "--textures: expected jpeg for profile 'universal', got 'webp'"),
        (
            ["1", "--biom", "alpine"],
            "No such option '--biom'. (Did you mean one of: '--biome', '--time'?) (see seedscape generate --help)",
        ),
    ],
)
def test_a_wrong_request_is_refused_before_the_work(
    invoke: Invoke, small_world: SmallWorld, arguments: list[str], complaint: str
) -> None:
    outcome = invoke("generate", *arguments)
    assert outcome.complaint.startswith(complaint)
    assert outcome.complaint.isprintable()
    assert (outcome.code, outcome.out) == (2, "")
    assert small_world == [] and os.listdir() == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"seed = ", "expected a spec in TOML (field = value), got text that is not: "),
        (b"biom = 'alpine'", "expected a field of the spec, got biom (did you mean biome?)"),
        (b"size_m = 'big'", "size_m: expected a number 200 to 2000 (m), got big"),
        (b"biome = 3", "biome: expected one of auto, alpine,"),
        (b"water = nan", "water: expected a number 0 to 1, got nan"),
        (b"biome = 'alpine\xff'", "expected a text file in UTF-8, got other bytes: spec.toml"),
        (b"#" * (1 << 21), "expected a text file of at most 1048576 bytes, got a longer one: spec.toml"),
    ],
)
def test_a_wrong_spec_file_is_refused(invoke: Invoke, small_world: SmallWorld, content: bytes, complaint: str) -> None:
    Path("spec.toml").write_bytes(content)
    outcome = invoke("generate", "1", "--spec", "spec.toml")
    assert outcome.complaint.startswith(complaint)
    assert outcome.code == 2 and os.listdir() == ["spec.toml"]


@pytest.mark.parametrize("name", ["1.glb", "1.png", "1.json"])
def test_a_folder_in_the_place_of_a_file_is_refused(invoke: Invoke, small_world: SmallWorld, name: str) -> None:
    Path(name).mkdir()
    outcome = invoke("generate", "1")
    assert outcome.code == 2 and f"{name}', which is a folder" in outcome.complaint
    assert small_world == [] and os.listdir() == [name]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that not even root can write to is Linux's")
def test_a_folder_that_cannot_be_written_to_is_refused(invoke: Invoke, small_world: SmallWorld) -> None:
    outcome = invoke("generate", "1", "-o", "/proc/1.glb")
    assert outcome.code == 2 and outcome.complaint.startswith("expected a path that can be written, got '/proc/1.glb'")
    assert small_world == []


def test_three_files_named_after_the_seed(invoke: Invoke, small_world: SmallWorld) -> None:
    outcome = invoke("generate", "42")
    assert outcome.code == 0
    assert sorted(os.listdir()) == ["42.glb", "42.json", "42.png"]
    assert outcome.out.startswith("42.glb\n") and "triangles" in outcome.out
    assert outcome.err.startswith("seedscape: terrain\n")


def test_files_lie_beside_the_output(invoke: Invoke, small_world: SmallWorld) -> None:
    Path("worlds").mkdir()
    assert invoke("generate", "42", "-o", "worlds/my.first.glb").code == 0
    assert sorted(os.listdir("worlds")) == ["my.first.glb", "my.first.json", "my.first.png"]


def test_the_picture_can_be_left_out(invoke: Invoke, small_world: SmallWorld) -> None:
    assert invoke("generate", "42", "--no-preview").code == 0
    assert sorted(os.listdir()) == ["42.glb", "42.json"]
    assert json.loads(Path("42.json").read_text())["files"] == {"glb": "42.glb"}


def test_without_a_renderer_the_environment_is_made_all_the_same(
    invoke: Invoke, small_world: SmallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(renderer: StubRenderer, glb: bytes) -> bytes:
        raise MissingPartError("needs `pip install filly`")

    monkeypatch.setattr(StubRenderer, "draw", fail)
    outcome = invoke("generate", "42")
    assert outcome.code == 0 and sorted(os.listdir()) == ["42.glb", "42.json"]
    assert "seedscape: no preview: needs `pip install filly`" in outcome.err


def test_json_is_one_object_on_standard_output_and_equals_the_file(invoke: Invoke, small_world: SmallWorld) -> None:
    outcome = invoke("generate", "42", "--json", "--biome", "coast")
    assert json.loads(outcome.out) == json.loads(Path("42.json").read_text())


def test_the_manifest_says_what_was_asked_for_and_what_came_out(invoke: Invoke, small_world: SmallWorld) -> None:
    manifest = json.loads(invoke("generate", "42", "--json", "--biome", "coast").out)
    glb = Path("42.glb").read_bytes()
    assert manifest["seedscape"] == seedscape.__version__
    assert manifest["spec"]["biome"] == "coast" and isinstance(manifest["spec"]["relief_m"], float)
    assert manifest["glb_sha256"] == hashlib.sha256(glb).hexdigest()
    assert manifest["counts"]["bytes"] == len(glb) and manifest["counts"]["triangles"] == 2
    assert manifest["files"] == {"glb": "42.glb", "preview": "42.png"}
    assert all(len(digest) == 64 for digest in manifest["models_sha256"].values())
    assert manifest["models_sha256"]
    assert {"terrain", "export", "preview"} <= set(manifest["seconds"])


def test_two_runs_write_the_same_glb(invoke: Invoke, small_world: SmallWorld) -> None:
    invoke("generate", "42", "-o", "a.glb")
    invoke("generate", "42", "-o", "b.glb", "--no-preview", "--threads", "1")
    assert Path("a.glb").read_bytes() == Path("b.glb").read_bytes()


def test_an_environment_over_its_budget_is_written_and_exits_with_3(
    invoke: Invoke, small_world: SmallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BUDGETS, "universal", type(BUDGETS["universal"])(triangles=1))
    outcome = invoke("generate", "42")
    assert outcome.code == 3 and "triangles 2 (at most 1)" in outcome.complaint
    assert "42.glb" in os.listdir()


def test_the_stronger_word_counts(invoke: Invoke, small_world: SmallWorld) -> None:
    spec = "biome = 'desert'\nseason = 'winter'\nweather = 'overcast'\nsize_m = 300\nwater = 0.1\n"
    Path("spec.toml").write_text(spec)

    def made(*arguments: str) -> SceneSpec:
        assert invoke("generate", "1", *arguments).code == 0
        return small_world[-1]

    layers = [
        ("--spec", "spec.toml"),
        ("--prompt", "misty coast in autumn, 400 m"),
        ("--biome", "tundra", "--size-m", "500"),
        ("--set", "size_m=600"),
    ]
    steps = [made(*sum(layers[:count], ())) for count in range(5)]
    assert [s.size_m for s in steps] == [1000.0, 300.0, 400.0, 500.0, 600.0]
    assert [s.biome for s in steps[1:]] == ["desert", "coast", "tundra", "tundra"]
    assert [s.season for s in steps] == ["summer", "winter", "autumn", "autumn", "autumn"]
    assert [s.weather for s in steps] == ["clear", "overcast", "hazy", "hazy", "hazy"]
    assert [s.water for s in steps] == [0.5, 0.1, 0.1, 0.1, 0.1]


def test_flags_reach_the_field_they_are_named_for(invoke: Invoke, small_world: SmallWorld) -> None:
    flags = ("--biome", "canyon", "--purpose", "explore", "--size-m", "250", "--time", "6.5", "--set", "relief_m=90")
    assert invoke("generate", "8", *flags).code == 0
    spec = small_world[0]
    assert (spec.seed, spec.biome, spec.purpose, spec.size_m) == (8, "canyon", "explore", 250.0)
    assert (spec.time_of_day_h, spec.relief_m) == (6.5, 90.0)


def test_a_prompt_says_what_it_understood_and_what_not(invoke: Invoke, small_world: SmallWorld) -> None:
    outcome = invoke("generate", "1", "--prompt", "misty forest with dragons at dawn", "--json")
    assert 'seedscape: prompt: understood "misty" weather=hazy, "forest" biome=temperate_forest' in outcome.err
    assert "seedscape: prompt: not used: dragons\n" in outcome.err
    assert json.loads(outcome.out)["spec"]["time_of_day_h"] == 6.0


def test_a_full_disk_leaves_no_file(invoke: Invoke, small_world: SmallWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    write, room = os.write, [1000]

    def write_until_full(descriptor: int, data: bytes) -> int:
        room[0] -= len(data)
        if room[0] < 0:
            raise OSError(28, os.strerror(28))
        return write(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr("os.write", write_until_full)
        outcome = invoke("generate", "42")
    assert outcome.code == 1 and "full" in outcome.complaint
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("error", "code", "complaint"),
    [
        (KeyboardInterrupt(), 1, "interrupted"),
        (MemoryError(), 1, "not enough memory"),
        (MissingPartError("expected terrain.onnx, got none"), 4, "expected terrain.onnx, got none"),
        (ZeroDivisionError("a\nb"), 1, "internal error, ZeroDivisionError: a b (SEEDSCAPE_DEBUG=1 shows where)"),
        (OSError(5, "Input/output error", "42.glb"), 1, "Input/output error: 42.glb"),
    ],
)
def test_a_failure_in_the_work_is_one_line_and_leaves_no_file(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, complaint: str
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr("seedscape.api.build", fail)
    outcome = invoke("generate", "42", "--json")
    assert outcome.complaint.startswith(complaint)
    assert (outcome.code, outcome.out, os.listdir()) == (code, "", [])
