import pytest

from seedscape.assets.errors import RequestError
from seedscape.scene.biomes import BIOMES, ground_layers, make_biome, materials_needed

LANDFORMS = {
    "alpine", "badlands", "canyon_escarpment", "coast_desert", "coast_islands", "desert", "highland_basins",
    "mid_mountains", "plain", "rolling_hills", "tropical_hills", "volcanic",
}  # fmt: skip
MATERIALS = {
    "grass", "dry_grass", "soil", "forest_floor", "rock", "mossy_rock", "sand", "sand_ripple", "gravel", "snow", "mud",
    "lava", "bark",
}  # fmt: skip
SEASONS = ("spring", "summer", "autumn", "winter")


@pytest.mark.parametrize("name", BIOMES)
def test_a_biome_names_only_what_exists(name: str) -> None:
    biome = make_biome(name)
    assert biome.name == name
    assert biome.landforms and set(biome.landforms) <= LANDFORMS
    assert 0 < biome.relief_m[0] < biome.relief_m[1]
    for season in SEASONS:
        layers = [layer.material for layer in ground_layers(biome, season)]
        assert set(layers) <= MATERIALS
        assert len(set(layers)) == len(layers), "each material once"
        assert 4 <= len(layers) <= 6, "at least four grounds; six are what the texture budget carries"
        assert set(layers) <= set(materials_needed(biome, season))
        assert biome.rock_material in materials_needed(biome, season)


def test_winter_lays_snow_on_top() -> None:
    assert ground_layers(make_biome("meadow"), "winter")[-1].material == "snow"
    assert "snow" not in materials_needed(make_biome("meadow"), "summer")
    assert ground_layers(make_biome("desert"), "winter") == ground_layers(make_biome("desert"), "summer")


def test_only_trees_need_bark() -> None:
    assert "bark" in materials_needed(make_biome("alpine"))
    names = {species.name for species in make_biome("meadow").species}
    assert names & {"broadleaf", "birch"}


def test_an_unknown_biome_is_refused() -> None:
    with pytest.raises(RequestError, match="expected one of alpine, .*got 'moon'"):
        make_biome("moon")
