// A driver without a GPU compiles a shader anew for each way of drawing, at the first triangle that is drawn so. This draws a triangle
// in each of the two ways that worlds of ours have (plain.ts), so that it compiles while the world is fetched and unpacked.
import {
  BufferAttribute, BufferGeometry, DirectionalLight, LightProbe, Mesh, MeshStandardMaterial, PerspectiveCamera, Scene, type WebGLRenderer,
} from "three"; // prettier-ignore
import { meshesOf } from "./meshes";
import { makeMatt } from "./plain";

/** Draws into the canvas. Gives back a function that frees what it took; the shaders that a world has too stay. */
export function warmUp(renderer: WebGLRenderer): () => void {
  const scene = new Scene();
  scene.add(new DirectionalLight(), new LightProbe());
  const solid = new Mesh(triangle(), new MeshStandardMaterial());
  const over = new Mesh(solid.geometry, new MeshStandardMaterial({ transparent: true, depthWrite: false })); // as the loader makes it
  scene.add(solid, over);
  makeMatt(scene);
  for (const { mesh } of meshesOf(scene)) mesh.frustumCulled = false;
  const used = [...meshesOf(scene)];
  renderer.render(scene, new PerspectiveCamera());
  const gl = renderer.getContext() as WebGL2RenderingContext;
  gl.deleteSync(gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0));
  gl.flush(); // or it would wait for the next frame
  return () => {
    for (const { geometry, materials } of used) {
      geometry.dispose();
      for (const material of materials) {
        const { map, aoMap } = material as MeshStandardMaterial;
        for (const one of [map, aoMap, material]) one?.dispose();
      }
    }
  };
}

/** Of the type of the profile quest. */
function triangle(): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Int16Array([0, 0, -1, 0, 1, 0, -1, 0, 0, 1, -1, 0]), 4));
  geometry.setIndex([0, 1, 2]);
  return geometry;
}
