"""One shaped country under the ruler of benchmarks/geometry.py."""

import pytest

from benchmarks.geometry import measure
from seedscape.assets.errors import MissingPartError
from seedscape.scene import check


def can_shoot_rays() -> bool:
    try:
        check._open3d()
    except MissingPartError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.skipif(not can_shoot_rays(), reason="Open3D is not installed: pip install open3d libusb-package")
@pytest.mark.parametrize(("biome", "purpose"), [("canyon", "game"), ("desert", "education")])
def test_shaped_country_is_whole_and_walkable(biome: str, purpose: str) -> None:
    row = measure(2, biome, purpose, 320.0)
    faults = ("cracks", "nan", "flat_triangles", "wet", "built_over", "at_spawn")
    assert [name for name in faults if row[name]] == []
    assert row["props"] > 300 and row["floating"] <= 0.002 * row["props"]
    assert row["walk_off"] <= 0.001 * row["walk_points"] and row["walkable_m2"] >= 2000
