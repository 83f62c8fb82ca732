"""Whose data the shipped networks were trained on, as the files that are made with them state it."""

from typing import Any

from seedscape.assets.weights import read_tensors

COPERNICUS = (
    "(c) DLR e.V. 2010-2014 and (c) Airbus Defence and Space GmbH 2014-2018, provided under COPERNICUS by the European Union "
    "and ESA; all rights reserved"
)


def data_licences() -> dict[str, Any]:
    """{"output", "terrain", "materials"}: licence of what is generated, licences and sources of the training data.

    Read from the shipped banks themselves, so it cannot fall behind the weights.
    """
    _, land = read_tensors("terrain-bank.safetensors")
    _, sets = read_tensors("material-bank.safetensors")
    publishers = sorted({f"{entry['publisher']} ({entry['licence']})" for entry in sets["sets"]})
    terrain = sorted({str(tile["licence"]) for tile in land["tiles"]})
    if any("Copernicus" in licence for licence in terrain):
        terrain.append(COPERNICUS)
    return {
        "output": "yours: no rights are claimed in what Seedscape generates",
        "terrain": terrain,
        "materials": publishers,
    }
