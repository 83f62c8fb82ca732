"""What may come in, and the words in which the rest is refused."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedscape.scene.spec import SceneSpec
from seedscape.service.door import Wish, parse_json, pointer_of, read_wish
from seedscape.service.problems import CODES, Problem

MALFORMED = {
    b"": "bad_json",
    b"{": "bad_json",
    b"{'spec': 1}": "bad_json",
    b'{"spec": 1,}': "bad_json",
    b"\xff\xfe": "bad_utf8",
    b'{"spec": "\xc3\x28"}': "bad_utf8",
    b'{"a": NaN}': "not_a_number",
    b'{"a": [-Infinity]}': "not_a_number",
    b'{"a": 1e999}': "not_a_number",
    b'{"spec": {}, "spec": {}}': "duplicate_key",
    b'{"spec": {"seed": 1, "seed": 2}}': "duplicate_key",
    b'{"a": "\\ud800"}': "lone_surrogate",
    b'{"\\udfff": 1}': "lone_surrogate",
    b'{"a": [["\\ud83d"]]}': "lone_surrogate",
    b'"\\ud800"': "lone_surrogate",
    b"[" * 9: "too_deep",
    b"[" * 30_000 + b"]" * 30_000: "too_deep",
    b'{"a":' * 10_000: "too_deep",
}


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:30]))
def test_what_is_no_json_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        parse_json(body)
    assert caught.value.code == MALFORMED[body]
    assert caught.value.status == 400


WRONG: list[tuple[Any, str, str]] = [
    ([], "invalid_field", ""),
    ({"spec": []}, "invalid_field", "/spec"),
    ({"spec": {"biome": "alpin"}}, "invalid_field", "/spec/biome"),
    ({"spec": {"seed": -1}}, "invalid_field", "/spec/seed"),
    ({"spec": {"seed": 1.5}}, "invalid_field", "/spec/seed"),
    ({"spec": {"seed": True}}, "invalid_field", "/spec/seed"),
    ({"spec": {"seed": "1"}}, "invalid_field", "/spec/seed"),
    ({"spec": {"size_m": 1e9}}, "invalid_field", "/spec/size_m"),
    ({"spec": {"size_m": None}}, "invalid_field", "/spec/size_m"),
    ({"spec": {"seeed": 1}}, "unknown_field", "/spec/seeed"),
    ({"spec": {"a/b~c": 1}}, "unknown_field", "/spec/a~1b~0c"),
    ({"speck": {}}, "unknown_field", "/speck"),
    ({"profile": "qest"}, "invalid_field", "/profile"),
    ({"profile": 3}, "invalid_field", "/profile"),
    ({"textures": "ktx2"}, "invalid_field", "/textures"),
    ({"textures": {}}, "invalid_field", "/textures"),
    ({"preview": "yes"}, "invalid_field", "/preview"),
]


@pytest.mark.parametrize(("body", "code", "pointer"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_field_is_pointed_at(body: Any, code: str, pointer: str) -> None:
    with pytest.raises(Problem, match="expected .*, got ") as caught:
        read_wish(body)
    assert (caught.value.code, caught.value.pointer, caught.value.status) == (code, pointer, 422)


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(Problem) as caught:
        read_wish({"spec": {"seed": -1, "biome": "x"}, "profile": "y", "more": 1})
    pointers = {error["pointer"] for error in caught.value.body()["errors"]}
    assert pointers == {"/more", "/spec/seed", "/spec/biome", "/profile"}


def test_nothing_asked_for_is_the_default() -> None:
    wish = read_wish({})
    assert wish == Wish(wish.spec) and wish.spec.seed == SceneSpec().seed
    assert wish.spec.biome != "auto" and wish.spec.relief_m is not None


def test_a_whole_number_may_be_written_as_json_writes_it() -> None:
    assert read_wish({"spec": {"seed": 42.0, "texture_px": 256.0}}) == read_wish(
        {"spec": {"seed": 42, "texture_px": 256}}
    )


def test_pointers_are_escaped() -> None:
    assert pointer_of("a/b", "~") == "/a~1b/~0"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_wish(parse_json(data))
    except Problem as problem:
        assert problem.code in CODES and json.dumps(problem.body())


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["spec", "profile", "textures", "preview"]), JSON))
def test_any_values_of_the_fields_are_read_or_refused(body: dict[str, Any]) -> None:
    try:
        read_wish(body)
    except Problem as problem:
        assert problem.status == 422
