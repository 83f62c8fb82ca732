"""Job files: what they ask for, and one line about what is wrong with them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedscape import jobfile
from seedscape.assets.errors import RequestError
from seedscape.jobfile import Wish, read_job_file, read_tables
from seedscape.jobs import plan_jobs


def read(folder: Path, text: str, name: str = "jobs.toml") -> list[Wish]:
    path = folder / name
    path.write_text(text)
    return read_job_file(path)


def test_a_file_of_one_line_is_enough(tmp_path: Path) -> None:
    wishes = read(tmp_path, 'seeds = "1-3"\n')
    assert wishes == [Wish({"seed": seed}) for seed in (1, 2, 3)]


def test_what_stands_at_the_top_counts_for_every_table(tmp_path: Path) -> None:
    text = """
    size_m = 500
    profile = "quest"
    seeds = [1, "4-5"]
    [[jobs]]
    [[jobs]]
    seed = 9
    name = "harbour"
    biome = "coast"
    size_m = 200
    profiles = ["universal", "unity"]
    preview = false
    """
    wishes = read(tmp_path, text)
    assert [wish.fields["seed"] for wish in wishes] == [1, 4, 5, 9, 9]
    assert wishes[0] == Wish({"size_m": 500.0, "seed": 1}, "quest")
    harbour = {"size_m": 200.0, "seed": 9, "biome": "coast"}
    assert wishes[3:] == [Wish(harbour, name, preview=False, name="harbour") for name in ("universal", "unity")]


def test_a_grid_has_every_combination(tmp_path: Path) -> None:
    wishes = read(tmp_path, 'seeds = [1, 2]\ngrid = { biome = ["alpine", "coast"], relief_m = [50, "auto"] }\n')
    asked = [(wish.fields["seed"], wish.fields["biome"], wish.fields["relief_m"]) for wish in wishes]
    places = [("alpine", 50.0), ("alpine", None), ("coast", 50.0), ("coast", None)]
    assert asked == [(seed, *place) for seed in (1, 2) for place in places]


def test_a_sample_is_drawn_from_the_seed_and_stays_when_others_come_and_go(tmp_path: Path) -> None:
    sample: dict[str, Any] = {"count": 3, "relief_m": {"low": 50, "high": 90}, "biome": ["alpine", "coast", "desert"]}
    few = read_tables([{"seeds": "5-6", "sample": sample}])
    many = read_tables([{"seeds": "1-40", "sample": sample}])
    assert len(few) == 6 and len(many) == 120
    assert [wish for wish in many if wish.fields["seed"] in (5, 6)] == few
    reliefs = [wish.fields["relief_m"] for wish in many]
    assert all(50 <= relief <= 90 for relief in reliefs) and len(set(reliefs)) > 100
    assert {wish.fields["biome"] for wish in many} == {"alpine", "coast", "desert"}
    other = read_tables([{"seeds": "5-6", "sample": sample | {"number": 1}}])
    assert other != few


def test_csv_and_json_lines_ask_for_the_same(tmp_path: Path) -> None:
    table = "seed, biome, name, preview\n1, alpine, first, true\n\n2, , ,FALSE\n"
    objects = [{"seed": 1, "biome": "alpine", "name": "first"}, {"seeds": [2], "preview": False}]
    rows = read(tmp_path, table, "jobs.csv")
    assert rows == read(tmp_path, "\n".join(map(json.dumps, objects)) + "\n\n", "jobs.jsonl") == read_tables(objects)
    assert rows == [Wish({"seed": 1, "biome": "alpine"}, name="first"), Wish({"seed": 2}, preview=False)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected one of seed and seeds, got neither"),
        ("seed = 1\nseeds = [2]", "got both"),
        ("seed = -1", "seed: expected a whole number"),
        ("seeds = 5", "seeds: expected"),
        ("seeds = []", "seeds: expected"),
        ('seeds = "9-1"', "range"),
        ('seeds = "1-99999999"', "at most 1,000,000"),
        ('seeds = "1..5"', "range"),
        ('seeds = ["1-600000", "1-600000"]', "at most 1,000,000"),
        ("seeds = [1, true]", "seed: expected a whole number"),
        ("seed = 1\nbiom = 'alpine'", "did you mean biome"),
        ("seed = 1\ngird = {}", "did you mean grid"),
        ("seed = 1\nbiome = 'alpin'", "did you mean alpine"),
        ("seed = 1\nprofile = 'qest'", "the nearest is 'quest'"),
        ("seed = 1\nprofile = 3", "profile: expected a name"),
        ("seed = 1\nprofiles = 'quest'", "profiles: expected a list"),
        ("seed = 1\nprofile = 'quest'\nprofiles = ['quest']", "got both"),
        ("seed = 1\npreview = 1", "preview: expected true or false"),
        ("seed = 1\nname = ''", "name: expected 1 to 80"),
        ("seed = 1\nname = \"a\\u0007\"", "name: expected 1 to 80"),
        ("seed = 1\ntextures = 'webp'", "--textures: expected jpeg"),
        ("seed = 1\ngrid = { biome = 'alpine' }", "grid: biome: expected a list"),
        ("seed = 1\ngrid = { biome = ['alpin'] }", "did you mean alpine"),
        ("seed = 1\ngrid = { seed = [1] }", "grid: expected a field of the spec"),
        ("seed = 1\nbiome = 'coast'\ngrid = { biome = ['alpine'] }", "not given beside it, got biome"),
        ("seed = 1\nsample = { count = 0 }", "sample: count: expected a whole number"),
        ("seed = 1\nsample = { count = 2, relief_m = { low = 9, high = 1 } }", "the low one first"),
        ("seed = 1\nsample = { count = 2, relief_m = 3 }", "sample: relief_m: expected"),
        ("seed = 1\nsample = { count = 2, biome = { low = 1, high = 2 } }", "sample: biome: expected a list"),
        ("seed = 1\nsample = { water = { low = 0, high = 7 } }", "sample: water: expected a number 0 to 1"),
        ("seeds = '1-1000'\nsample = { count = 2000 }", "expected at most 1,000,000 jobs, got 2,000,000"),
        ("jobs = 3", "expected tables"),
        ("jobs = [3]", "expected tables"),
        ("seed = 1\n[[jobs]]\nbiome = 'x'\n", "jobs[0]: biome"),
        ("jobs = []", "at least one job"),
        ("seed =", "expected TOML"),
        ("a = " + "[" * 5000, "expected TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(tmp_path, text)
    said = str(caught.value)
    assert complaint in said and said.startswith("jobs.toml") and "\n" not in said and len(said) < 400


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("jobs.csv", "biome\nalpine\n", "line 1: expected a header"),
        ("jobs.csv", "seed,seed\n1,2\n", "line 1: expected a header"),
        ("jobs.csv", "seed,biom\n1,alpine\n", "did you mean biome"),
        ("jobs.csv", "seed,biome\n1\n", "line 2: expected 2 cells, got 1"),
        ("jobs.csv", "seed\nx\n", "line 2: seed: expected a whole number"),
        ("jobs.csv", 'seed\n"1\n', "line 2: "),
        ("jobs.csv", "seed,preview\n1,maybe\n", "preview: expected true or false"),
        ("jobs.csv", "", "header"),
        ("jobs.csv", "seed\n", "at least one job"),
        ("jobs.jsonl", '{"seed": 1}\n{"seed": }\n', "line 2: expected a JSON object"),
        ("jobs.jsonl", '{"seed": 1}\n[1]\n', "line 2: expected a table"),
        ("jobs.jsonl", '{"seed": NaN}\n', "line 1: seed"),
        ("jobs.yaml", "seed: 1", "ends in .toml, .csv, .jsonl"),
    ],
)
def test_other_kinds_are_as_strict(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(tmp_path, text, name)
    assert complaint in str(caught.value) and "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobfile, "MAX_FILE_BYTES", 1 << 20)
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe4'")
    (tmp_path / "long.toml").write_bytes(b"#" * ((1 << 20) + 1))
    for name, complaint in (
        ("latin", "UTF-8"),
        ("long", "at most 1048576 bytes"),
        ("none", "can be read"),
        ("a\0b", "can be read"),
    ):
        with pytest.raises(RequestError, match=complaint):
            read_job_file(tmp_path / f"{name}.toml")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["seed", "seeds", "grid", "sample", "profiles", "name", "textures", "preview", "biome", "relief_m"]
)


@given(st.lists(st.dictionaries(KEYS, JSON, max_size=4) | JSON, max_size=2))
def test_any_tables_are_read_or_refused(tables: list[Any]) -> None:
    try:
        wishes = read_tables(tables)
    except RequestError as error:
        assert "\n" not in str(error)
    else:
        assert wishes and all(0 <= wish.fields["seed"] for wish in wishes)


def test_jobs_have_readable_names_and_keys_of_all_that_decides_their_bytes() -> None:
    tables: list[dict[str, Any]] = [
        {"seed": 7, "biome": "coast"}, {"seed": 7, "biome": "coast", "profile": "quest"}, {"seed": 8, "biome": "coast"},
        {"seed": 7, "biome": "coast", "preview": False}, {"seed": 7, "biome": "coast", "name": "of no weight"},
    ]  # fmt: skip
    jobs = plan_jobs(tables)
    assert jobs[0].name == f"7-coast-{jobs[0].key[:10]}"
    assert len({job.key for job in jobs[:4]}) == 4 and jobs[4].key == jobs[0].key
    assert jobs[0].values["spec"]["relief_m"] is not None  # resolved
    assert jobs[4].values["label"] == "of no weight"
    assert (
        plan_jobs([{"seed": 7, "biome": "coast", "size_m": 1000}])[0].key == jobs[0].key
    )  # what is the default anyway
