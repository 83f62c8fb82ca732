// Shows /tileset/tileset.json in 3DTilesRendererJS (NASA-AMMOS) from above its middle; the figures end in window.RESULT:
//   loaded, failed, visible   tiles fetched, tiles that failed, tiles shown in the end
//   drawn                     share of pixels some tile covers
import { Box3, Color, DirectionalLight, HemisphereLight, PerspectiveCamera, Scene, Vector3, WebGLRenderer } from "three";
import { TilesRenderer } from "3d-tiles-renderer";

const BACKGROUND = new Color(1, 0, 1); // no land has it
const query = new URLSearchParams(location.search);

try {
  window.RESULT = await measure();
} catch (error) {
  window.RESULT = { ok: false, error: String(error?.stack ?? error) };
}

async function measure() {
  const [width, height] = [Number(query.get("width")), Number(query.get("height"))];
  const renderer = new WebGLRenderer({ preserveDrawingBuffer: true });
  renderer.setSize(width, height);
  document.body.append(renderer.domElement);
  const scene = new Scene();
  scene.background = BACKGROUND;
  const sun = new DirectionalLight(0xffffff, 2);
  sun.position.set(1, 1, 0.5);
  scene.add(sun, new HemisphereLight(0xcfe0f5, 0x6b5f4d, 1));
  const camera = new PerspectiveCamera(60, width / height, 1, 100000);

  const tiles = new TilesRenderer("/tileset/tileset.json");
  tiles.group.rotation.x = -Math.PI / 2; // the tileset is Z up
  tiles.errorTarget = Number(query.get("error") ?? 8);
  tiles.setCamera(camera);
  tiles.setResolution(camera, width, height);
  scene.add(tiles.group);
  let loaded = 0;
  const failed = [];
  tiles.addEventListener("load-model", () => loaded++);
  tiles.addEventListener("load-error", (event) => failed.push(String(event.error ?? event.url)));

  const box = new Box3();
  let quiet = 0;
  for (let frame = 0; frame < 150 && quiet < 6; frame++) {
    scene.updateMatrixWorld(true);
    if (tiles.getBoundingBox(box)) {
      box.applyMatrix4(tiles.group.matrixWorld);
      const middle = box.getCenter(new Vector3());
      camera.position.set(middle.x, box.max.y + 300, middle.z + 200);
      camera.lookAt(middle.x, box.min.y, middle.z - 1200);
      camera.updateMatrixWorld(true);
    }
    const before = loaded;
    tiles.update();
    renderer.render(scene, camera);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const busy = tiles.stats.downloading + tiles.stats.parsing > 0 || loaded === 0;
    quiet = busy || loaded > before ? 0 : quiet + 1;
  }
  const magenta = countMagenta(renderer);
  return {
    ok: failed.length === 0 && loaded > 0,
    loaded,
    failed,
    visible: tiles.visibleTiles.size,
    levels: [...new Set([...tiles.visibleTiles].map((tile) => Number(tile.content.uri.match(/tiles\/(\d+)\//)[1])))].sort(),
    drawn: 1 - magenta,
    size: box.getSize(new Vector3()).toArray(),
  };
}

function countMagenta(renderer) {
  const gl = renderer.getContext();
  const pixels = new Uint8Array(gl.drawingBufferWidth * gl.drawingBufferHeight * 4);
  gl.readPixels(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  let same = 0;
  for (let at = 0; at < pixels.length; at += 4) same += pixels[at] > 250 && pixels[at + 1] < 5 && pixels[at + 2] > 250;
  return same / (pixels.length / 4);
}
