// Shows /scene.glb in another engine than three.js itself, as its manual says, from spawn_0; the figures end in window.RESULT:
//   version     of the engine
//   triangles   of what it draws, copies of instanced meshes counted
//   instances   copies that instanced meshes show
//   names       of the nodes that a developer finds
//   walkable    where the engine draws all scenes and the file keeps it out of them: {triangles, low, high} of that mesh
//   eye         where the camera stands
//   loadMs      from the request to the last texture
// The background is magenta, which no landscape has: what stays so in the picture is a hole.
const EYE_HEIGHT_M = 1.6;
const FAR_M = 20000;
const query = new URLSearchParams(location.search);
const fov = Number(query.get("fov"));
const engines = { babylon, playcanvas, aframe };

try {
  const start = performance.now();
  window.RESULT = { ok: true, ...(await engines[query.get("engine")]()), loadMs: Math.round(performance.now() - start) };
} catch (error) {
  window.RESULT = { ok: false, error: String(error?.stack ?? error) };
}

function script(src) {
  return new Promise((loaded, failed) => {
    const element = Object.assign(document.createElement("script"), { src, onload: loaded, onerror: () => failed(new Error(`could not load ${src}`)) });
    document.head.append(element);
  });
}

function sum(numbers) {
  return numbers.reduce((total, each) => total + each, 0);
}

/** https://doc.babylonjs.com/features/featuresDeepDive/importers/glTF */
async function babylon() {
  await script("/babylonjs/babylon.js");
  await script("/babylonjs-loaders/babylonjs.loaders.min.js");
  const { BABYLON } = window;
  BABYLON.MeshoptCompression.Configuration.decoder.url = "/meshoptimizer/meshopt_decoder.cjs";
  const canvas = document.body.appendChild(document.createElement("canvas"));
  const engine = new BABYLON.Engine(canvas, true, { preserveDrawingBuffer: true });
  const scene = new BABYLON.Scene(engine);
  scene.useRightHandedSystem = true;
  scene.clearColor = new BABYLON.Color4(1, 0, 1, 1);
  const { meshes, transformNodes } = await BABYLON.ImportMeshAsync("/scene.glb", scene);
  const spawn = scene.getNodeByName("spawn_0");
  if (!spawn) throw new Error("the file has no spawn_0");
  new BABYLON.HemisphericLight("sky", new BABYLON.Vector3(0, 1, 0), scene).intensity = 0.6;
  spawn.computeWorldMatrix(true);
  const camera = new BABYLON.FreeCamera("eye", spawn.absolutePosition.add(new BABYLON.Vector3(0, EYE_HEIGHT_M, 0)), scene);
  camera.setTarget(camera.position.add(spawn.getDirection(new BABYLON.Vector3(0, 0, -1))));
  camera.fov = (fov * Math.PI) / 180;
  camera.minZ = 0.1;
  camera.maxZ = FAR_M;
  await scene.whenReadyAsync();
  scene.render();
  const drawn = meshes.filter((mesh) => mesh.getTotalIndices() > 0);
  return {
    version: BABYLON.Engine.Version,
    triangles: sum(drawn.map((mesh) => (mesh.getTotalIndices() / 3) * Math.max(1, mesh.thinInstanceCount ?? 0))),
    instances: sum(drawn.map((mesh) => mesh.thinInstanceCount ?? 0)),
    names: [...meshes, ...transformNodes].map((node) => node.name),
    eye: camera.position.asArray(),
  };
}

/** https://developer.playcanvas.com/user-manual/engine/ */
async function playcanvas() {
  const pc = await import("/playcanvas/build/playcanvas.mjs");
  const canvas = document.body.appendChild(document.createElement("canvas"));
  const app = new pc.Application(canvas, { graphicsDeviceOptions: { preserveDrawingBuffer: true } });
  app.setCanvasFillMode(pc.FILLMODE_FILL_WINDOW);
  app.setCanvasResolution(pc.RESOLUTION_AUTO);
  const basis = "/three/examples/jsm/libs/basis/basis_transcoder";
  pc.basisInitialize({ glueUrl: `${basis}.js`, wasmUrl: `${basis}.wasm`, fallbackUrl: `${basis}.js` });
  app.start();
  const asset = await new Promise((loaded, failed) => {
    app.assets.loadFromUrl("/scene.glb", "container", (error, found) => (error ? failed(new Error(error)) : loaded(found)));
  });
  const root = asset.resource.instantiateRenderEntity();
  app.root.addChild(root);
  const spawn = root.findByName("spawn_0");
  if (!spawn) throw new Error("the file has no spawn_0");
  app.scene.ambientLight = new pc.Color(0.6, 0.6, 0.6);
  const eye = new pc.Entity("eye");
  eye.addComponent("camera", { clearColor: new pc.Color(1, 0, 1), fov, nearClip: 0.1, farClip: FAR_M });
  eye.setPosition(spawn.getPosition().clone().add(new pc.Vec3(0, EYE_HEIGHT_M, 0)));
  eye.setRotation(spawn.getRotation());
  app.root.addChild(eye);
  await new Promise((drawn) => {
    let frames = 0;
    app.on("frameend", () => ++frames === 3 && drawn());
  });
  const meshes = root.findComponents("render").flatMap((render) => render.meshInstances);
  const copies = (mesh) => mesh.instancingCount || 1;
  return {
    version: pc.version,
    triangles: sum(meshes.map((mesh) => (mesh.mesh.primitive[0].count / 3) * copies(mesh))),
    instances: sum(meshes.map((mesh) => mesh.instancingCount)),
    walkable: undrawn(asset.resource, "walkable"),
    names: root.find(() => true).map((node) => node.name),
    eye: [eye.getPosition().x, eye.getPosition().y, eye.getPosition().z],
  };
}

/** A mesh in no scene, its corners in metres, as an engine of physics would take it: positions, and the node's place and scale. */
function undrawn({ data, renders }, name) {
  const node = data.gltf.nodes.find((each) => each.name === name);
  const mesh = renders[node.mesh].resource.meshes[0];
  const positions = [];
  mesh.getPositions(positions);
  const corner = (pick, axis) => {
    const along = positions.filter((_, k) => k % 3 === axis);
    return along.reduce((a, b) => pick(a, b)) * (node.scale?.[axis] ?? 1) + (node.translation?.[axis] ?? 0);
  };
  const [low, high] = [Math.min, Math.max].map((pick) => [0, 1, 2].map((axis) => corner(pick, axis)));
  return { triangles: mesh.primitive[0].count / 3, low, high };
}

/** https://aframe.io/docs/1.7.0/components/gltf-model.html */
async function aframe() {
  await script("/aframe/dist/aframe-v1.8.0.min.js");
  const { AFRAME } = window;
  const scene = document.createElement("a-scene");
  scene.setAttribute("embedded", "");
  scene.setAttribute("background", "color: #ff00ff");
  scene.setAttribute("renderer", "antialias: true");
  scene.setAttribute("gltf-model", "meshoptDecoderPath: /meshoptimizer/meshopt_decoder.cjs; basisTranscoderPath: /three/examples/jsm/libs/basis/");
  scene.setAttribute("xr-mode-ui", "enabled: false");
  scene.style.cssText = "display: block; width: 100vw; height: 100vh";
  const model = document.createElement("a-entity");
  model.setAttribute("gltf-model", "url(/scene.glb)");
  const loaded = new Promise((done, failed) => {
    model.addEventListener("model-loaded", () => done());
    model.addEventListener("model-error", (event) => failed(new Error(`model-error: ${event.detail?.src}`)));
  });
  scene.append(model);
  document.body.append(scene);
  await loaded;
  const root = model.getObject3D("mesh");
  root.updateMatrixWorld(true);
  const spawn = root.getObjectByName("spawn_0");
  if (!spawn) throw new Error("the file has no spawn_0");
  // A-Frame's own camera stands at eye height already; the rig is what a developer moves.
  const rig = document.createElement("a-entity");
  rig.setAttribute("position", spawn.getWorldPosition(new AFRAME.THREE.Vector3()));
  const turn = new AFRAME.THREE.Euler().setFromQuaternion(spawn.getWorldQuaternion(new AFRAME.THREE.Quaternion()), "YXZ");
  rig.setAttribute("rotation", { x: 0, y: (turn.y * 180) / Math.PI, z: 0 });
  const camera = document.createElement("a-entity");
  camera.setAttribute("camera", { fov, near: 0.1, far: FAR_M });
  camera.setAttribute("position", { x: 0, y: EYE_HEIGHT_M, z: 0 });
  rig.append(camera);
  scene.append(rig);
  await new Promise((drawn) => {
    let frames = 0;
    const look = () => (scene.camera === camera.getObject3D("camera") && ++frames > 3 ? drawn() : requestAnimationFrame(look));
    look();
  });
  const meshes = [];
  const names = [];
  root.traverse((object) => {
    names.push(object.name);
    if (object.isMesh) meshes.push(object);
  });
  const triangles = (mesh) => (mesh.geometry.index ?? mesh.geometry.attributes.position).count / 3;
  return {
    version: AFRAME.version,
    triangles: sum(meshes.map((mesh) => triangles(mesh) * (mesh.isInstancedMesh ? mesh.count : 1))),
    instances: sum(meshes.map((mesh) => (mesh.isInstancedMesh ? mesh.count : 0))),
    names,
    eye: camera.object3D.getWorldPosition(new AFRAME.THREE.Vector3()).toArray(),
  };
}
