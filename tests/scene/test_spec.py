"""Specs: what is accepted, what is refused and how that is said."""

from dataclasses import asdict, fields, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedscape.assets.errors import RequestError
from seedscape.scene.biomes import BIOMES, make_biome
from seedscape.scene.spec import (
    MAX_SEED,
    Real,
    SceneSpec,
    controls,
    make_spec,
    resolve,
    spec_from_toml,
    spec_to_dict,
    values_from_text,
)

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.lists(st.integers()),
    st.complex_numbers(),
)


def complaint(**values: object) -> str:
    with pytest.raises(RequestError) as caught:
        make_spec(**values)
    message = str(caught.value)
    assert "\n" not in message and message.isprintable() and len(message) < 300
    return message


def test_nothing_asked_for_gives_the_defaults() -> None:
    assert make_spec() == SceneSpec()


def test_every_default_is_within_its_own_range() -> None:
    assert make_spec(**asdict(SceneSpec())) == SceneSpec()


def test_every_field_has_a_control() -> None:
    assert list(controls()) == [field.name for field in fields(SceneSpec)]


@pytest.mark.parametrize("seed", [0, 42, MAX_SEED, np.int64(7), np.uint8(200)])
def test_whole_seeds_are_kept(seed: int) -> None:
    spec = make_spec(seed=seed)
    assert spec.seed == int(seed) and type(spec.seed) is int


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 4.0, 4.5, "42", None, True, [1], float("nan"), b"1"])
def test_other_seeds_are_refused_with_the_range(seed: object) -> None:
    assert complaint(seed=seed).startswith("seed: expected a whole number 0 to 9007199254740991, got ")


def test_a_seed_that_python_refuses_to_print_is_refused() -> None:
    assert complaint(seed=10**5000).endswith("got a number of thousands of digits")


@pytest.mark.parametrize(
    "size", [199.9, 2000.1, 0, -5, float("nan"), float("inf"), -float("inf"), 10**400, "1000", None, False, 1j]
)
def test_sizes_out_of_range_are_refused_with_the_range(size: object) -> None:
    assert complaint(size_m=size).startswith("size_m: expected a number 200 to 2000 (m), got ")


@pytest.mark.parametrize("size", [200, 2000, 1500.5, np.float32(512.0), Fraction(1001, 2)])
def test_any_kind_of_real_number_becomes_a_float(size: object) -> None:
    assert type(make_spec(size_m=size).size_m) is float


def test_negative_zero_is_zero() -> None:
    assert str(make_spec(latitude_deg=-0.0).latitude_deg) == "0.0"


def test_relief_may_be_left_to_the_seed() -> None:
    assert make_spec(relief_m=None).relief_m is None
    assert make_spec(relief_m=0).relief_m == 0.0


@pytest.mark.parametrize(
    ("field", "wrong", "right"),
    [
        ("biome", "alpin", "alpine"),
        ("biome", "Desert", "desert"),
        ("season", "sommer", "summer"),
        ("weather", "claer", "clear"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(field: str, wrong: str, right: str) -> None:
    assert complaint(**{field: wrong}).endswith(f"got {wrong} (did you mean {right}?)")


def test_a_name_near_to_none_is_answered_with_all() -> None:
    assert complaint(biome="\udcff\n").endswith(f"got \\udcff\\n (known: auto, {', '.join(BIOMES)})")


def test_an_unknown_field_is_answered_with_the_nearest() -> None:
    assert complaint(vegetatoin=1) == "expected a field of the spec, got vegetatoin (did you mean vegetation?)"


@given(st.dictionaries(st.sampled_from([*controls(), "other"]), JUNK, max_size=3))
def test_junk_is_accepted_within_the_ranges_or_refused_in_one_line(values: dict[str, object]) -> None:
    try:
        spec = make_spec(**values)
    except RequestError as error:
        assert "\n" not in str(error) and str(error).isprintable()
        return
    for name, control in controls().items():
        value = getattr(spec, name)
        if isinstance(control, Real):
            assert value is None or control.low <= value <= control.high
    assert make_spec(**spec_to_dict(spec)) == spec


def test_toml_sets_the_fields_it_names() -> None:
    spec = spec_from_toml('seed = 7\nbiome = "coast"\nsize_m = 800  # metres\n')
    assert spec == make_spec(seed=7, biome="coast", size_m=800.0)


@pytest.mark.parametrize(
    "text",
    [
        "seed = ",
        "seed == 3",
        "seed = 1\nseed = 2",
        "seed = 4.0",
        'seed = "4"',
        "size_m = nan",
        "size_m = inf",
        "size_m = 1979-05-27",
        "[biome]\nname = 'alpine'",
        "biome = ['alpine']",
        "seed = " + "9" * 5000,
        "a = " + "[" * 5000,
        "\0",
        "colour = 'red'",
    ],
)
def test_other_toml_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        spec_from_toml(text)
    assert "\n" not in str(caught.value) and str(caught.value).isprintable()


def test_typed_text_becomes_the_type_of_the_field() -> None:
    values = values_from_text(
        {"seed": "007", "size_m": "5e2", "relief_m": "auto", "biome": "tundra", "latitude_deg": "-.5"}
    )
    assert values == {"seed": 7, "size_m": 500.0, "relief_m": None, "biome": "tundra", "latitude_deg": -0.5}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("seed", "4_2"),
        ("seed", " 4"),
        ("seed", "٤"),
        ("seed", "0x2a"),
        ("seed", "1e3"),
        ("seed", ""),
        ("seed", "9" * 9999),
    ]
    + [
        ("size_m", "nan"),
        ("size_m", "inf"),
        ("size_m", "1_000"),
        ("size_m", "٥٠٠"),
        ("size_m", "1e999"),
        ("size_m", "auto"),
    ],
)
def test_typed_text_that_only_python_reads_as_a_number_is_refused(field: str, text: str) -> None:
    with pytest.raises(RequestError, match=f"^{field}: expected a .*number"):
        values_from_text({field: text})


def test_resolving_fills_what_the_seed_decides() -> None:
    spec = resolve(make_spec(seed=5))
    assert spec.biome in BIOMES
    low, high = make_biome(spec.biome).relief_m
    assert spec.relief_m is not None and low <= spec.relief_m <= high
    half = resolve(replace(spec, relief_m=None, size_m=spec.size_m / 2))
    assert half.relief_m == spec.relief_m / 2, "slopes are the country's, whatever the size"


def test_resolving_keeps_what_was_asked_for() -> None:
    spec = make_spec(seed=5, biome="coast", relief_m=77)
    assert resolve(spec) == spec


def test_resolving_twice_changes_nothing() -> None:
    once = resolve(make_spec(seed=11))
    assert resolve(once) == once


def test_the_seeds_pick_every_biome() -> None:
    assert {resolve(make_spec(seed=seed)).biome for seed in range(80)} == set(BIOMES)


def test_a_step_is_one_of_its_values() -> None:
    assert make_spec(texture_px=512).texture_px == 512
    assert values_from_text({"texture_px": "2048"}) == {"texture_px": 2048}
    for wrong in (300, "512", True, 512.5, None):
        with pytest.raises(RequestError, match=r"texture_px: expected one of 256, 512, 1024, 2048 \(px\), got"):
            make_spec(texture_px=wrong)
