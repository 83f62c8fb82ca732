// What is drawn under a node.
import type { BufferGeometry, Material, Mesh, Object3D } from "three";

export function* meshesOf(root: Object3D): Generator<{ mesh: Mesh; geometry: BufferGeometry; materials: Material[] }> {
  const meshes: Mesh[] = [];
  root.traverse((object) => {
    if ((object as Mesh).isMesh) meshes.push(object as Mesh);
  });
  for (const mesh of meshes) {
    yield { mesh, geometry: mesh.geometry, materials: Array.isArray(mesh.material) ? mesh.material : [mesh.material] };
  }
}
