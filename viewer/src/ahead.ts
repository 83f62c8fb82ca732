// The first frame of a machine without a GPU, which takes each triangle by hand, draws those alone that are before the camera.
import { InstancedMesh, Matrix4, type BufferGeometry, type Camera, type Mesh, type Object3D } from "three";
import { meshesOf } from "./meshes";

const FEW = 500; // triangles that are not worth the look

/** Puts the triangles of each mesh under `root` that may be seen before the others, and has those alone drawn. Gives back a function
 * that ends this. Matrices must be up to date. */
export function drawAhead(root: Object3D, camera: Camera): () => void {
  const places = new Map<BufferGeometry, Mesh[]>();
  for (const { mesh, geometry } of meshesOf(root)) places.set(geometry, [...(places.get(geometry) ?? []), mesh]);
  const view = new Matrix4().multiplyMatrices(camera.projectionMatrix, camera.matrixWorldInverse);
  const cut: BufferGeometry[] = [];
  for (const [geometry, [mesh, ...others]] of places) {
    const isOne = others.length === 0 && !(mesh instanceof InstancedMesh && mesh.count > 1);
    if (!isOne || !geometry.index || geometry.index.count < 3 * FEW || geometry.groups.length > 0) continue;
    geometry.setDrawRange(0, sort(geometry, new Matrix4().multiplyMatrices(view, mesh!.matrixWorld)));
    cut.push(geometry);
  }
  return () => {
    for (const geometry of cut) geometry.setDrawRange(0, Infinity);
  };
}

/** The corners of triangles that are not outside of one side of the view; `toClip` goes from the mesh to there. */
function sort(geometry: BufferGeometry, { elements: m }: Matrix4): number {
  const position = geometry.attributes.position!;
  const given = geometry.index!.array;
  const sides = new Uint8Array(position.count);
  for (let k = 0; k < sides.length; k++) {
    const [x, y, z] = [position.getX(k), position.getY(k), position.getZ(k)];
    const right = m[0]! * x + m[4]! * y + m[8]! * z + m[12]!;
    const up = m[1]! * x + m[5]! * y + m[9]! * z + m[13]!;
    const depth = m[3]! * x + m[7]! * y + m[11]! * z + m[15]!;
    sides[k] = (right < -depth ? 1 : 0) | (right > depth ? 2 : 0) | (up < -depth ? 4 : 0) | (up > depth ? 8 : 0) | (depth < 0 ? 16 : 0);
  }
  const rest = given.slice();
  let seen = 0;
  let unseen = 0;
  for (let k = 0; k + 2 < given.length; k += 3) {
    const [a, b, c] = [given[k]!, given[k + 1]!, given[k + 2]!];
    if (sides[a]! & sides[b]! & sides[c]!) {
      rest[unseen++] = a;
      rest[unseen++] = b;
      rest[unseen++] = c;
    } else {
      given[seen++] = a;
      given[seen++] = b;
      given[seen++] = c;
    }
  }
  given.set(rest.subarray(0, unseen), seen);
  return seen;
}
