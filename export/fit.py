"""A scene brought within its budget, and a sentence for each thing that was lowered.

The order, each step only where its line is over, and only as far as needed:

1. pictures longer than the limit are halved;
2. triangles: surfaces are simplified, down to a quarter; then scattered things are thinned, down to a quarter;
3. draw calls: nodes of one material are joined;
4. GPU texture bytes: pictures are halved, data first, then normals, then colours, the largest first, down to 256 px;
5. file bytes, once the file is written: pictures are halved, data and normals before colours, the most bytes first,
   down to 256 px; then triangles go as in 2, a fifth at a time.

Materials are never merged: that would change what a developer finds by name. A scene that is over all the same is
reported as over.
"""

from dataclasses import dataclass, replace

from seedscape.export.budget import MB, Budget
from seedscape.export.packed import EncodedTexture, InstancedNode
from seedscape.export.passes.each import walk
from seedscape.export.passes.join import join
from seedscape.export.passes.resize import resize, shrink
from seedscape.export.passes.simplify import simplify
from seedscape.export.passes.thin import thin
from seedscape.scene.values import Scene, Texture

USAGES = ("data", "normal", "color")
SMALLEST_PX = 256
LEAST_SHARE = 0.25
SHARES = (0.85, 0.7, 0.55, 0.4, LEAST_SHARE)


@dataclass(frozen=True)
class Load:
    """What a scene costs with everything in view, counted as `inspect_glb` counts its file."""

    triangles: int
    draw_calls: int
    gpu_texture_bytes: int


def measure(scene: Scene, block_compressed: bool = False) -> Load:
    """block_compressed: pictures stay compressed on the GPU, a byte a pixel; else four."""
    triangles = draw_calls = 0
    for *_, node in walk(scene):
        if node.model is None:
            continue
        copies = len(node.translations) if isinstance(node, InstancedNode) else 1
        for mesh in scene.models[node.model]:
            material = scene.materials[mesh.material]
            passes = 2 if material.alpha_mode == "BLEND" and material.double_sided else 1
            triangles += passes * copies * len(mesh.indices)
            draw_calls += passes
    gpu = sum(texture_bytes(texture, block_compressed) for texture in scene.textures.values())
    return Load(triangles, draw_calls, gpu)


def texture_bytes(texture: Texture, block_compressed: bool) -> int:
    """Of all mip levels."""
    height, width = (int(edge) for edge in texture.pixels.shape[:2])
    total = 0
    while True:
        total += -(-width // 4) * -(-height // 4) * 16 if block_compressed else width * height * 4
        if width == height == 1:
            return total
        width, height = max(1, width // 2), max(1, height // 2)


def fit(scene: Scene, budget: Budget, block_compressed: bool = False) -> tuple[Scene, list[str]]:
    """(the scene within the budget as far as steps 1 to 4 reach, what was done)."""
    done: list[str] = []
    for key, texture in scene.textures.items():
        if max(texture.pixels.shape[:2]) > budget.texture_px:
            smaller = shrink(texture, budget.texture_px)
            done.append(f"picture {key} {_size(texture)} -> {_size(smaller)}: longer edge over {budget.texture_px}")
    scene = resize(scene, budget.texture_px) if done else scene
    scene = _fit_triangles(scene, budget.triangles, done)
    before = measure(scene).draw_calls
    if before > budget.draw_calls:
        scene = join(scene)
        done.append(f"draw calls {before} -> {measure(scene).draw_calls}: nodes of one material joined")
    while measure(scene, block_compressed).gpu_texture_bytes > budget.gpu_texture_bytes:
        smaller_scene = halve_a_picture(scene, done, f"textures over {budget.gpu_texture_bytes // MB} MB on the GPU")
        if smaller_scene is None:
            break
        scene = smaller_scene
    return scene, done


def _fit_triangles(scene: Scene, limit: int, done: list[str]) -> Scene:
    start = measure(scene).triangles
    if start <= limit:
        return scene
    for word, change in (("surfaces simplified", simplify), ("scattered things thinned", thin)):
        before = measure(scene).triangles
        for share in SHARES:
            if change is simplify and share > SHARES[-1] and share * before > limit:
                continue  # it leaves no fewer than that
            lowered = change(scene, share)
            after = measure(lowered).triangles
            if after <= limit:
                break
        if after < before:
            done.append(f"triangles {before} -> {after}: {word} to {share:.0%} where they can be")
            scene = lowered
        if after <= limit:
            return scene
    return scene


def lower_file(scene: Scene, num_bytes: int, limit: int, done: list[str]) -> Scene | None:
    """Step 5, once: pictures halved as far as the excess asks, or a fifth of the triangles gone; None: nothing is left.

    scene: with pictures encoded; those that stay as they are keep their bytes.
    """
    reason = f"file of {num_bytes / MB:.2f} MB over {limit / MB:g} MB"
    textures, excess = dict(scene.textures), num_bytes - limit
    sizes = {
        key: len(texture.data)
        for key, texture in textures.items()
        if isinstance(texture, EncodedTexture) and min(texture.pixels.shape[:2]) > SMALLEST_PX
    }
    for key in sorted(sizes, key=lambda key: (textures[key].usage == "color", -sizes[key])):
        if excess <= 0:
            break
        smaller = shrink(textures[key], max(textures[key].pixels.shape[:2]) // 2)
        if smaller is not textures[key]:
            done.append(f"picture {key} {_size(textures[key])} -> {_size(smaller)}: {reason}")
            textures[key] = smaller
            excess -= sizes[key] * 7 // 10  # a quarter of the pixels; the fine ones compress worst
    if any(textures[key] is not texture for key, texture in scene.textures.items()):
        return replace(scene, textures=textures)
    before = measure(scene).triangles
    for word, change in (("surfaces simplified", simplify), ("scattered things thinned", thin)):
        lowered = change(scene, 0.8)
        if (after := measure(lowered).triangles) < 0.97 * before:
            done.append(f"triangles {before} -> {after}: {word}, {reason}")
            return lowered
    return None


def halve_a_picture(scene: Scene, done: list[str], reason: str) -> Scene | None:
    """The scene with the next picture in order halved, or None when all are small."""
    for usage in USAGES:
        sizes = {
            key: texture.pixels.shape[0] * texture.pixels.shape[1]
            for key, texture in scene.textures.items()
            if texture.usage == usage and min(texture.pixels.shape[:2]) > SMALLEST_PX
        }
        for key in sorted(sizes, key=lambda key: -sizes[key]):
            texture = scene.textures[key]
            smaller = shrink(texture, max(texture.pixels.shape[:2]) // 2)
            if smaller is not texture:
                done.append(f"picture {key} {_size(texture)} -> {_size(smaller)}: {reason}")
                return replace(scene, textures=scene.textures | {key: smaller})
    return None


def _size(texture: Texture) -> str:
    return f"{texture.pixels.shape[1]} x {texture.pixels.shape[0]}"
