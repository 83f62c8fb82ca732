// A driver without a GPU compiles a shader anew for each way of drawing, at the first triangle that is drawn so. This draws one
// triangle in each way that worlds of ours have, so that it compiles while the world is fetched and unpacked. Where the kinds are
// others, the first frame only takes longer.
import {
  BufferAttribute, BufferGeometry, DataTexture, DirectionalLight, InstancedMesh, LightProbe, LinearFilter, LinearMipmapLinearFilter, Matrix4, Mesh,
  MeshBasicMaterial, MeshLambertMaterial, PerspectiveCamera, RepeatWrapping, Scene, SRGBColorSpace, type Material, type WebGLRenderer,
} from "three"; // prettier-ignore

/** Draws into the canvas while `isWanted`, one way after the other, and lets the page work in between. Gives back a function that frees
 * what it took; the shaders that a world has too stay. */
export function warmUp(renderer: WebGLRenderer, isWanted: () => boolean): () => void {
  const scene = new Scene();
  scene.add(new DirectionalLight(), new LightProbe());
  const map = picture();
  map.colorSpace = SRGBColorSpace;
  const aoMap = picture();
  // As the profile quest stores them: pictures in metres with floats, others with normalised 16 bits.
  const tiled = triangle(new BufferAttribute(new Float32Array(6), 2), "normal", "color");
  const fitted = triangle(new BufferAttribute(new Uint16Array(6), 2, true), "normal", "color");
  const bare = triangle(new BufferAttribute(new Uint16Array(6), 2, true), "normal");
  const dome = triangle(new BufferAttribute(new Uint16Array(6), 2, true), "color");
  const ways: [BufferGeometry, Material][] = [
    [tiled, new MeshLambertMaterial({ map, aoMap, vertexColors: true })], // ground, rocks, buildings
    [tiled, over(new MeshLambertMaterial({ map, aoMap, vertexColors: true }))],
    [fitted, over(new MeshLambertMaterial({ map, vertexColors: true }))], // horizon
    [bare, new MeshLambertMaterial({ map })],
    [tiled, new MeshLambertMaterial({ map, vertexColors: true, alphaTest: 0.4 })], // trees
    [fitted, new MeshLambertMaterial({ map, vertexColors: true, alphaTest: 0.4 })],
    [tiled, new MeshLambertMaterial({ vertexColors: true })], // signs
    [tiled, over(new MeshLambertMaterial({ vertexColors: true }))], // water
    [dome, new MeshBasicMaterial({ map, vertexColors: true })], // sky
  ];
  for (const [geometry, material] of ways) scene.add(new Mesh(geometry, material));
  const trees = new InstancedMesh(tiled, ways[4]![1], 1);
  trees.setMatrixAt(0, new Matrix4());
  scene.add(trees);
  const meshes = scene.children.filter((object) => "isMesh" in object);
  for (const mesh of meshes) Object.assign(mesh, { frustumCulled: false, visible: false });
  const camera = new PerspectiveCamera();
  const next = (): void => {
    const mesh = meshes.shift();
    if (!mesh || !isWanted()) return;
    mesh.visible = true;
    renderer.render(scene, camera);
    mesh.visible = false;
    setTimeout(next);
  };
  setTimeout(next);
  return () => {
    trees.dispose();
    for (const one of [map, aoMap, tiled, fitted, bare, dome, ...ways.map(([, material]) => material)]) one.dispose();
  };
}

function triangle(uv: BufferAttribute, ...has: ("normal" | "color")[]): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Int16Array([0, 0, -1, 1, 0, -1, 0, 1, -1]), 3));
  geometry.setAttribute("uv", uv);
  if (has.includes("normal")) geometry.setAttribute("normal", new BufferAttribute(new Int8Array(9), 3, true));
  if (has.includes("color")) geometry.setAttribute("color", new BufferAttribute(new Uint8Array(12), 4, true));
  geometry.setIndex([0, 1, 2]);
  return geometry;
}

function picture(): DataTexture {
  const made = new DataTexture(new Uint8Array(4 * 4 * 4), 4, 4);
  Object.assign(made, { wrapS: RepeatWrapping, wrapT: RepeatWrapping, magFilter: LinearFilter, minFilter: LinearMipmapLinearFilter });
  Object.assign(made, { generateMipmaps: true, needsUpdate: true });
  return made;
}

/** As the loader makes what lies over the ground. */
function over(material: MeshLambertMaterial): MeshLambertMaterial {
  return Object.assign(material, { transparent: true, depthWrite: false });
}
