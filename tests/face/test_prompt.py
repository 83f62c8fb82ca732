"""Plain words -> fields of the spec."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedscape.assets.errors import RequestError
from seedscape.prompt import _FILLERS, _PHRASES, read_prompt
from seedscape.scene.spec import SceneSpec, make_spec


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("misty forest at dawn", {"biome": "temperate_forest", "weather": "hazy", "time_of_day_h": 6.0}),
        ("Snowy MOUNTAINS, at sunset!", {"biome": "alpine", "season": "winter", "time_of_day_h": 19.0}),
        ("a rocky desert at 6 pm", {"biome": "desert", "rocks": 1.7, "time_of_day_h": 18.0}),
        ("red rocks at 12 am", {"biome": "canyon", "time_of_day_h": 0.0}),
        ("coast at 18:30, 1.5 km wide", {"biome": "coast", "time_of_day_h": 18.5, "size_m": 1500.0}),
        ("meadow, 500m across, 30 m high", {"biome": "meadow", "size_m": 500.0, "relief_m": 30.0}),
        ("tundra with relief of 0.1 km", {"biome": "tundra", "relief_m": 100.0}),
        ("no trees and no water but many rocks", {"vegetation": 0.0, "water": 0.0, "rocks": 1.7}),
        ("sparse vegetation, very wet", {"vegetation": 0.4, "water": 1.0}),
        ("steep volcano under a grey sky", {"relief_m": 400.0, "biome": "volcanic", "weather": "overcast"}),
        ("flat, dry, dense, in the fall", {"relief_m": 15.0, "water": 0.2, "vegetation": 1.6, "season": "autumn"}),
        ("latitude 30 degrees south", {"latitude_deg": -30.0}),
        ("60 degrees north", {"latitude_deg": 60.0}),
        ("snow-covered canyon", {"season": "winter", "biome": "canyon"}),
    ],
)
def test_words_become_fields(text: str, values: dict[str, object]) -> None:
    reading = read_prompt(text)
    assert reading.values == values
    assert {field for _, field in reading.understood} == set(values)


def test_unknown_words_are_listed_in_order() -> None:
    reading = read_prompt("a purple forest with dragons, 3 castles and the sea")
    assert reading.unused == ("purple", "dragons", "3", "castles", "sea")  # the forest came before the sea


def test_the_longest_phrase_counts() -> None:
    assert read_prompt("late afternoon").values == {"time_of_day_h": 18.0}
    assert read_prompt("afternoon").values == {"time_of_day_h": 15.0}


@pytest.mark.parametrize("text", ["", "   ", "the of and", "dragons", "?!", "42", "森"])
def test_a_prompt_without_a_known_word_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="^prompt: expected words such as"):
        read_prompt(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("forest of 50 km", "size_m: expected a number 200 to 2000"),
        ("desert at 25:00", "time_of_day_h: expected a number 0 to 24"),
        ("desert at 13 pm", "prompt: expected an hour 1 to 12 before am or pm, got 'at 13 pm'"),
        ("latitude 90", "latitude_deg: expected a number -66 to 66"),
        ("forest \udcff", 'prompt: expected text in valid Unicode, got "forest \\udcff"'),
        ("forest " * 1000, "expected a prompt of at most 2000 characters, got 7000"),
    ],
)
def test_what_is_out_of_range_is_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        read_prompt(text)
    assert message in str(caught.value)


def test_every_phrase_sets_a_value_that_a_spec_takes() -> None:
    for phrase, (field, value) in _PHRASES.items():
        assert getattr(make_spec(**read_prompt(" ".join(phrase)).values), field) == value, phrase


def test_every_phrase_stands_for_one_thing() -> None:
    from seedscape.prompt import _SAME

    phrases = [phrase for values in _SAME.values() for listed in values.values() for phrase in listed.split(", ")]
    assert len(phrases) == len(set(phrases)) == len(_PHRASES)
    assert not {word for phrase in _PHRASES if len(phrase) == 1 for word in phrase} & _FILLERS


@given(
    st.text(max_size=300) | st.lists(st.sampled_from(sorted(" ".join(p) for p in _PHRASES)), max_size=9).map(" ".join)
)
def test_any_text_gives_a_valid_spec_or_one_line(text: str) -> None:
    try:
        values = read_prompt(text).values
    except RequestError as error:
        assert str(error).isprintable()
        return
    assert values and isinstance(make_spec(**values), SceneSpec)
