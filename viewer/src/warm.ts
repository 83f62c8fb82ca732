// A driver without a GPU compiles a shader anew for each way of drawing, at the first triangle that is drawn so. This draws one
// triangle in each way that worlds of ours have, so that it compiles while the world is fetched and unpacked. Where the kinds are
// others, the first frame only takes longer: some 60 ms for each way that is missing here, be it only the type of a colour.
import {
  BufferAttribute, BufferGeometry, DataTexture, DirectionalLight, InstancedMesh, LightProbe, LinearFilter, LinearMipmapLinearFilter, Matrix4, Mesh,
  MeshBasicMaterial, MeshLambertMaterial, PerspectiveCamera, RepeatWrapping, Scene, SRGBColorSpace, type Material, type WebGLRenderer,
} from "three"; // prettier-ignore
import { lightAtCorners } from "./matt";

/** Draws into the canvas while `isWanted`, one way after the other, and lets the page work in between. Gives back a function that frees
 * what it took; the shaders that a world has too stay. */
export function warmUp(renderer: WebGLRenderer, isWanted: () => boolean): () => void {
  const scene = new Scene();
  scene.add(new DirectionalLight(), new LightProbe());
  const map = picture();
  map.colorSpace = SRGBColorSpace;
  const aoMap = picture();
  // As the profile quest stores them: pictures in metres with floats, others with normalised 16 bits.
  const tiled = triangle({ uv: metres(), normal: bytes(3), color: bytes(4) });
  const fitted = triangle({ uv: share(2), normal: bytes(3), color: bytes(4) });
  const fine = triangle({ uv: share(2), normal: bytes(3), color: share(4) });
  const bare = triangle({ uv: share(2), normal: bytes(3) });
  const wavy = triangle({ uv: metres(), normal: new BufferAttribute(new Int16Array(9), 3, true), color: bytes(4) });
  const dome = triangle({ uv: share(2), color: share(4) });
  const matt = (...[given]: ConstructorParameters<typeof MeshLambertMaterial>): MeshLambertMaterial => lightAtCorners(new MeshLambertMaterial(given));
  const ground = matt({ map, aoMap, vertexColors: true });
  const leaves = matt({ map, vertexColors: true, alphaTest: 0.4 });
  const ways: [BufferGeometry, Material][] = [
    [tiled, ground],
    [tiled, over(matt({ map, aoMap, vertexColors: true }))],
    [fitted, over(matt({ map, vertexColors: true }))], // horizon
    [bare, matt({ map })],
    [tiled, leaves],
    [fitted, leaves], // far trees
    [fine, leaves], // grass
    [fine, matt({ vertexColors: true })], // signs
    [wavy, over(matt({ vertexColors: true }))], // water
    [dome, Object.assign(new MeshBasicMaterial({ map, vertexColors: true }), { flatShading: true })], // sky: it has no normals
  ];
  const many = [leaves, ground].map((material) => new InstancedMesh(tiled, material, 1)); // trees and rocks
  for (const mesh of many) mesh.setMatrixAt(0, new Matrix4());
  const meshes = [...ways.map(([geometry, material]) => new Mesh(geometry, material)), ...many];
  scene.add(...meshes);
  for (const mesh of meshes) Object.assign(mesh, { frustumCulled: false, visible: false });
  const camera = new PerspectiveCamera();
  const gl = renderer.getContext() as WebGL2RenderingContext;
  const next = (): void => {
    const mesh = meshes.shift();
    if (!mesh || !isWanted()) return;
    mesh.visible = true;
    renderer.render(scene, camera);
    gl.deleteSync(gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0));
    gl.flush(); // or it would wait for the next frame
    mesh.visible = false;
    setTimeout(next);
  };
  setTimeout(next);
  return () => {
    for (const one of [map, aoMap, tiled, fitted, fine, bare, wavy, dome, ...many, ...ways.map(([, material]) => material)]) one.dispose();
  };
}

function triangle(attributes: Record<string, BufferAttribute>): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Int16Array([0, 0, -1, 1, 0, -1, 0, 1, -1]), 3));
  for (const [name, attribute] of Object.entries(attributes)) geometry.setAttribute(name, attribute);
  geometry.setIndex([0, 1, 2]);
  return geometry;
}

const metres = (): BufferAttribute => new BufferAttribute(new Float32Array(6), 2);
const bytes = (size: 3 | 4): BufferAttribute => new BufferAttribute(size === 3 ? new Int8Array(9) : new Uint8Array(12), size, true);
const share = (size: 2 | 4): BufferAttribute => new BufferAttribute(new Uint16Array(3 * size), size, true);

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
