// Shows /scene.glb as a good viewer would and measures what it costs; the figures end in window.RESULT:
//   calls, triangles, geometries, textures   three.js's own counts, everything drawn (no culling by the camera)
//   gpuTextureBytes, largestTexture          uploaded pictures as RGBA8 with mip levels; longer edge in pixels
//   ground                                   the point under the eye {y, distance, name}, or null
//   picture                                  {drawn: share of pixels some mesh covers, deviation, colors} of the frame
//   instances                                 copies that instanced meshes show
//   lights, spawns, walkable, collision      what a developer finds in the file
import * as THREE from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { KTX2Loader } from "three/addons/loaders/KTX2Loader.js";
import { MeshoptDecoder } from "three/addons/libs/meshopt_decoder.module.js";

const EYE_HEIGHT_M = 1.6;
const BACKGROUND = new THREE.Color(1, 0, 1); // no landscape has it
const query = new URLSearchParams(location.search);
const numbers = (name) => query.get(name)?.split(",").map(Number);

try {
  window.RESULT = await measure();
} catch (error) {
  window.RESULT = { ok: false, error: String(error?.stack ?? error) };
}

async function measure() {
  const width = Number(query.get("width"));
  const height = Number(query.get("height"));
  const renderer = new THREE.WebGLRenderer({ antialias: true, preserveDrawingBuffer: true });
  renderer.setSize(width, height);
  renderer.toneMapping = THREE.ACESFilmicToneMapping;
  renderer.outputColorSpace = THREE.SRGBColorSpace;
  document.body.append(renderer.domElement);

  const start = performance.now();
  const pictures = new KTX2Loader().setTranscoderPath("/three/examples/jsm/libs/basis/").detectSupport(renderer);
  const loader = new GLTFLoader().setKTX2Loader(pictures).setMeshoptDecoder(MeshoptDecoder);
  const gltf = await loader.loadAsync("/scene.glb");
  const loadMs = performance.now() - start;
  const scene = new THREE.Scene();
  scene.background = BACKGROUND;
  scene.add(gltf.scene);
  scene.updateMatrixWorld(true);

  const camera = new THREE.PerspectiveCamera(Number(query.get("fov")), width / height, 0.1, 20000);
  const spawns = [];
  gltf.scene.traverse((object) => object.userData.role === "spawn" && spawns.push(object));
  placeCamera(camera, gltf.scene);
  addSkyLight(renderer, scene, gltf.scene);

  const meshes = [];
  const lights = [];
  gltf.scene.traverse((object) => {
    if (object.isMesh) meshes.push(object);
    if (object.isLight) lights.push({ name: object.name, type: object.type, intensity: object.intensity });
  });

  // The file's own cost: everything it draws, whichever way the visitor looks, and nothing of this page's.
  for (const mesh of meshes) mesh.frustumCulled = false;
  renderer.info.reset();
  renderer.render(scene, camera);
  const { calls, triangles } = renderer.info.render;
  const picture = measurePicture(renderer, scene, camera);

  return {
    ok: true,
    three: THREE.REVISION,
    loadMs: Math.round(loadMs),
    calls,
    triangles,
    meshes: meshes.length,
    instances: meshes.reduce((sum, mesh) => sum + (mesh.isInstancedMesh ? mesh.count : 0), 0),
    compressedTextures: new Set(meshes.flatMap(({ material }) => Object.values(material)).filter((value) => value?.isCompressedTexture).map((value) => value.source.uuid)).size,
    geometries: renderer.info.memory.geometries,
    materials: new Set(meshes.map((mesh) => mesh.material)).size,
    ...measureTextures(meshes),
    eye: camera.position.toArray(),
    ground: findGround(camera.position, meshes),
    picture,
    lights,
    spawns: spawns.map((spawn) => spawn.name),
    scenes: gltf.scenes.map((each) => each.name),
    walkable: countTriangles(gltf.scenes.find((each) => each.name === "walkable")),
    collision: countTriangles(gltf.scenes.find((each) => each.name === "collision")),
  };
}

function placeCamera(camera, root) {
  const eye = numbers("eye");
  const spawn = root.getObjectByName("spawn_0");
  if (eye) {
    camera.position.set(...eye);
    camera.lookAt(...(numbers("look") ?? [eye[0], eye[1], eye[2] - 1]));
  } else if (spawn) {
    spawn.getWorldPosition(camera.position);
    camera.position.y += EYE_HEIGHT_M;
    spawn.getWorldQuaternion(camera.quaternion);
  } else {
    throw new Error("the file has no spawn_0, and no --eye was given");
  }
  camera.updateMatrixWorld(true);
}

// Ambient light from the file's own sky: its unlit meshes, filtered as an environment map.
function addSkyLight(renderer, scene, root) {
  const sky = new THREE.Scene();
  root.traverse((object) => {
    if (!object.isMesh || !object.material.isMeshBasicMaterial) return;
    const copy = new THREE.Mesh(object.geometry, object.material);
    copy.applyMatrix4(object.matrixWorld);
    sky.add(copy);
  });
  if (sky.children.length === 0) {
    scene.add(new THREE.HemisphereLight(0xcfe0f5, 0x6b5f4d, 1.5));
    return;
  }
  const generator = new THREE.PMREMGenerator(renderer);
  scene.environment = generator.fromScene(sky, 0, 0.1, 20000).texture;
  generator.dispose();
}

// The first surface straight below the eye that is no sky.
function findGround(eye, meshes) {
  const down = new THREE.Raycaster(eye, new THREE.Vector3(0, -1, 0));
  const solid = meshes.filter((mesh) => !mesh.material.isMeshBasicMaterial);
  const hit = down.intersectObjects(solid, false)[0];
  return hit ? { y: hit.point.y, distance: hit.distance, name: hit.object.name } : null;
}

function measureTextures(meshes) {
  const sources = new Map();
  for (const { material } of meshes) {
    for (const value of Object.values(material)) {
      if (value?.isTexture && value.image) sources.set(value.source.uuid, value);
    }
  }
  let gpuTextureBytes = 0;
  let largestTexture = 0;
  for (const texture of sources.values()) {
    let { width, height } = texture.image;
    largestTexture = Math.max(largestTexture, width, height);
    if (texture.isCompressedTexture) {
      // 16 bytes for 4 x 4 pixels, what ASTC, BC7 and ETC2 with alpha take; ETC1 would take half
      for (const level of texture.mipmaps) gpuTextureBytes += Math.ceil(level.width / 4) * Math.ceil(level.height / 4) * 16;
      continue;
    }
    gpuTextureBytes += width * height * 4;
    while (texture.generateMipmaps && (width > 1 || height > 1)) {
      width = Math.max(1, width >> 1);
      height = Math.max(1, height >> 1);
      gpuTextureBytes += width * height * 4;
    }
  }
  return { textures: sources.size, gpuTextureBytes, largestTexture };
}

// drawn: pixels that do not change between a magenta and a green background. deviation: of luminance, 0..255.
function measurePicture(renderer, scene, camera) {
  const before = readPixels(renderer);
  scene.background = new THREE.Color(0, 1, 0);
  renderer.render(scene, camera);
  const after = readPixels(renderer);
  scene.background = BACKGROUND;
  renderer.render(scene, camera);
  const colors = new Set();
  let same = 0;
  let sum = 0;
  let squares = 0;
  for (let at = 0; at < before.length; at += 4) {
    const [r, g, b] = [before[at], before[at + 1], before[at + 2]];
    same += r === after[at] && g === after[at + 1] && b === after[at + 2] ? 1 : 0;
    const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    sum += luminance;
    squares += luminance * luminance;
    colors.add((r << 16) | (g << 8) | b);
  }
  const pixels = before.length / 4;
  const mean = sum / pixels;
  const deviation = Math.sqrt(Math.max(0, squares / pixels - mean * mean));
  return { drawn: same / pixels, mean, deviation, colors: colors.size };
}

function readPixels(renderer) {
  const gl = renderer.getContext();
  const pixels = new Uint8Array(gl.drawingBufferWidth * gl.drawingBufferHeight * 4);
  gl.readPixels(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  return pixels;
}

function countTriangles(root) {
  let triangles = 0;
  root?.traverse((object) => {
    if (object.isMesh) triangles += (object.geometry.index ?? object.geometry.attributes.position).count / 3;
  });
  return triangles;
}
