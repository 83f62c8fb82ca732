import pytest

from seedscape.assets.errors import BudgetError, RequestError
from seedscape.export import export_scene, require_within_budget
from seedscape.export.budget import BUDGETS, Budget, Verdict, find_budget
from tests.export.synthetic import synthetic_scene


def test_every_profile_of_the_design_has_a_budget() -> None:
    assert list(BUDGETS) == ["universal", "quest", "playcanvas", "unity", "godot", "unreal"]
    assert find_budget("universal").bytes == 25_000_000
    assert find_budget("quest").bytes == 10_000_000


def test_a_limit_is_still_within() -> None:
    assert Verdict("triangles", 300_000, 300_000).within
    assert not Verdict("triangles", 300_001, 300_000).within


@pytest.mark.parametrize(("profile", "nearest"), [("univresal", "universal"), ("Quest", "quest"), ("unrael", "unreal")])
def test_an_unknown_profile_is_refused_with_the_nearest_name(profile: str, nearest: str) -> None:
    with pytest.raises(RequestError, match=f"nearest is '{nearest}'"):
        find_budget(profile)


def test_an_environment_over_its_budget_is_written_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _, within = export_scene(synthetic_scene(posts=9, picture=16, trees=4))
    assert within.within_budget
    require_within_budget(within)
    monkeypatch.setitem(BUDGETS, "universal", Budget(materials=3))  # what fitting never changes
    data, over = export_scene(synthetic_scene(posts=9, picture=16, trees=4))
    assert len(data) == over.bytes
    assert [verdict.name for verdict in over.verdicts if not verdict.within] == ["materials"]
    with pytest.raises(BudgetError, match=r"got materials 4 \(at most 3\)$"):
        require_within_budget(over)
