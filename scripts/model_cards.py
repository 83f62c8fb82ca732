"""Write the model cards in assets/weights from the evaluations in docs/evaluation and the shipped banks.

python -m seedscape evaluate terrain --data DIR -o docs/evaluation/terrain
python -m seedscape evaluate material --data DIR -o docs/evaluation/material
python scripts/model_cards.py terrain|material RUN
"""

import csv
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from seedscape.assets.files import write_atomically
from seedscape.assets.weights import model_hashes, read_tensors
from seedscape.generation.evaluate.material import format_material
from seedscape.generation.evaluate.terrain import format_terrain
from seedscape.generation.licences import COPERNICUS


def _evaluation(kind: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((ROOT / "docs" / "evaluation" / kind / f"{kind}.json").read_text())
    return result


def _training(run: Path) -> str:
    config = json.loads((run / "config.json").read_text())
    with (run / "losses.csv").open() as file:
        last = list(csv.DictReader(file))[-1]
    options = ", ".join(f"{name} {value}" for name, value in config["options"].items())
    return (
        f"`seedscape train {config['what']} --data DIR -o RUN --minutes {config['minutes']:g}`: {last['step']} steps in "
        f"{float(last['seconds']) / 60:.0f} minutes on one CPU core beside other work. Options: {options}."
    )


def _seeds(result: dict[str, Any]) -> str:
    return "".join(f" --seed {seed}" for seed in result["seeds"])


def _hashes(prefix: str) -> str:
    return "\n".join(
        f"- `{name}` sha256 `{digest}`" for name, digest in model_hashes().items() if name.startswith(prefix)
    )


def terrain_card(run: Path) -> str:
    """The card of the terrain networks."""
    result = _evaluation("terrain")
    _, bank = read_tensors("terrain-bank.safetensors")
    rows = "\n".join(f"| {t['file']} | {t['landform']} | {t['spacing_m']:g} | {t['licence']} |" for t in bank["tiles"])
    return f"""# Terrain: a VAE for height fields, a bank of its latents, and a refiner

**What it does.** The encoder turns real elevation data into 10 latents and one mean height per 8 x 8 posts; generation quilts
real latents, in eight turns of the land (those of turned land are a linear function of the 5 x 5 around, fitted when released), into an
endless lattice (a world of any land joins two landforms), the decoder turns them and grain into heights, these are bent and closed basins filled, and the
refiner halves the post spacing again and again (30 m to 0.94 m in an environment, 0.47 m where asked, with gullies where water runs).
Where asked, a world has a character of its own: how uneven its relief is, at what altitudes it lies in benches, how full its basins
are. Any window of a world is the same to the bit. Code: `generation/models/terrain_vae.py`, `refiner.py`, `generation/turns.py`,
`library.py`, `quilt.py`,
`guide.py`, `bend.py`, `character.py`, `drain.py`, `refine.py`, `sketch.py`, `vary.py`.

**Intended use.** Land for virtual environments. Not a model of any real place; not for hazard, engineering or navigation.

**Training.** {_training(run)} It went on (`--from`) from the networks of the release before, which had 6130 steps in 42 minutes; the
decoder's grain and its full-resolution layer were new. The first 2100 of these steps had adversarial 0.15, energy 0.1 (absolute instead of
squared difference of log power) and finest 0.2. The decoder ships as trained last, the refiner averaged. One region in three of each
landform with three or more was kept out.

**Measured** by `seedscape evaluate terrain{_seeds(result)}`
(means; relief-matched sets; floor: other real land; noise:
fitted power-law noise; level: that noise at the real windows' own spectral power; eroded: noise after stream-power incision; position:
0 as good as real, 1 as bad as noise):

```
{format_terrain(result)}
```

**Known weaknesses.** A nearest-neighbour judge still tells ours from real land a little more often than other real land (one_nn; the mean of six seeds is
sure to about 0.015). Land is joined from bent blocks of 24 x 24 cells: what is new is the
arrangement, the bend, the grain and every join; at 512 posts the eye finds ranges no longer than a few blocks and of several directions, and now and then a
plain with a straight side (docs/evaluation/terrain). Basins that cross the lattice of 256 posts stay. Ice and rivers are not modelled; detail below about
4 m is self-similar guesswork by the refiner. Elevation models of this kind contain canopy and buildings.

**Data and licences.** Please credit NASA/USGS. {COPERNICUS}.

Tiles of 30 to 50 m serve a second time, averaged to the spacing of most land.

| tile | landform | m per post | licence |
| --- | --- | --- | --- |
{rows}

**Files** (weights in `terrain.safetensors` are the training master, ONNX is what runs)

{_hashes("terrain")}
"""


def material_card(run: Path) -> str:
    """The card of the material generator."""
    _, bank = read_tensors("material-bank.safetensors")
    rows = "\n".join(
        f"| {s['name']} | {s['material']} | {s['publisher']} | {s['licence']} | {', '.join(s['completed']) or 'nothing'} |"
        for s in bank["sets"]
    )
    result = _evaluation("material")
    return f"""# Materials: a GAN over exemplar latents

**What it does.** Each training set owns a torus of latents; the seed re-arranges it and the decoder, trained against a patch
critic, makes colour, height and roughness together; normal and occlusion follow from height. Everything wraps around. How the channels'
spectra, and what they have in common at each frequency, differ from the set's, a weave of two pixels, and grain of the height that is too
even, are measured on arrangements when it is released, and corrected by a filter of 11 pixels a set; what the decoder leaves over of the
broad forms of a scan, wider than some 16 pixels, lies beside its latents and is re-arranged with them (`generation/train/calibrate.py`). Code:
`generation/models/material_gan.py`, `generation/arrange.py`, `generation/decoder.py`, `generation/material.py`, `generation/controls.py`.

**Intended use.** Ground, rock, bark and simple building materials of virtual environments.

**Training.** {_training(run)} The toruses, styles, linear path and critic were those of
an earlier run of 3000 steps, whose deep layers passed on next to nothing for want of a gain (`GAIN` in the model); those began anew.
The run had ended after 70 minutes and 3977 steps; it was resumed with more minutes, the learning rate at its full height again.

**Measured** by `seedscape evaluate material{_seeds(result)}` (means over the seeds), sheets in `docs/evaluation/material`. Two small networks judge, both trained in that
run on left halves and blind to mean colour; the recogniser knows noise with the sets' spectra as a class of its own, the feature
net learned to tell apart {result["other_sets"]} sets that the GAN has never seen. Figures compare with the real sets; the GAN was trained
on them, so they show likeness, not generalisation. real, ours, noise: share of crops of right halves given to their class. d.floor, d.move,
d.join, d.ours, d.noise: feature distance between the halves (left, right, upper, lower) of the real set and the opposite halves of: itself,
itself moved around on its torus, its pixels cut and joined as our latents are, ours, noise. Three scans (bark001, bricks102,
woodfloor043) are one picture laid twice side by side; of those only the halves that are no copies of each other count. swd: sliced Wasserstein distance of patches over that of the left half. weave,
w.real: step energy of even over odd lines. seam: step across the wrap over the step inside. std: the channel's standard deviation
over the real one's that is farthest from 1. copy: highest circular correlation with a training set of the class. same: share of 48-pixel
patches found again in the training set (correlation .8). seeds: correlation between two seeds. light, l.real: correlation of luminance with the slope.

```
{format_material(result)}
```

**Known weaknesses.** What is new is the arrangement: part of the small patches are found again in the training set (column "same"), and one
to three sets a class make the seeds of a class family. Where the scans are smooth (ice, snow, brushed metal, asphalt) a trace of the
decoder's grid of eight pixels shows most; that of two (column "weave") is evened out. The scan itself, moved around, is farther off than the
floor on some sets too (column "d.move"): halves of a scan differ by chance, and so do ours. hterrain_grass, metal020 and marble006 hold much of themselves
a second time, moved by half their size across and down, so their halves are nearer to each other than halves of one material are. The recogniser of a short run fails on some real sets too (gravel, soil). Edge lengths in metres are judged by eye. Lava and marble keep light that
their scans have baked in.

**Data and licences.** "completed" names what the set did not have: height is integrated from its normal map, roughness is a constant.

| set | class | publisher | licence | completed |
| --- | --- | --- | --- | --- |
{rows}

**Files**

{_hashes("material")}
"""


if __name__ == "__main__":
    cards = {"terrain": terrain_card, "material": material_card}
    if len(sys.argv) != 3 or sys.argv[1] not in cards:
        sys.exit(__doc__)
    kind = sys.argv[1]
    write_atomically(ROOT / "assets" / "weights" / f"{kind}.md", cards[kind](Path(sys.argv[2])).encode())
