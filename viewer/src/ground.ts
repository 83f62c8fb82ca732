// Triangles that feet stand on, in world space, and where they are under a point.
import { BufferAttribute, BufferGeometry, DoubleSide, Ray, Vector3, type Mesh, type Object3D } from "three";
import { MeshBVH } from "three-mesh-bvh";

const DOWN = new Vector3(0, -1, 0);
const MAX_TRIANGLES = 3_000_000; // a foreign file with more is looked at from outside

export class Ground {
  private readonly ray = new Ray();
  private readonly nearest = { point: new Vector3(), distance: 0, faceIndex: 0 };

  private constructor(private readonly bvh: MeshBVH) {}

  /** The triangles of the meshes under `root` that pass `keep`; null where there are none. Matrices must be up to date. */
  static of(root: Object3D, keep: (mesh: Mesh) => boolean = () => true): Ground | null {
    const meshes: Mesh[] = [];
    let corners = 0;
    let triangles = 0;
    root.traverse((object) => {
      const mesh = object as Mesh;
      if (!mesh.isMesh || "isInstancedMesh" in mesh || "isSkinnedMesh" in mesh || !keep(mesh)) return;
      const { index, attributes } = mesh.geometry;
      if (!attributes.position) return;
      meshes.push(mesh);
      corners += attributes.position.count;
      triangles += Math.floor((index ?? attributes.position).count / 3);
    });
    if (triangles === 0 || triangles > MAX_TRIANGLES) return null;
    const positions = new Float32Array(corners * 3);
    const indices = new Uint32Array(triangles * 3);
    const point = new Vector3();
    let first = 0;
    let at = 0;
    for (const mesh of meshes) {
      const { index } = mesh.geometry;
      const position = mesh.geometry.attributes.position!;
      for (let k = 0; k < position.count; k++) {
        point.fromBufferAttribute(position, k).applyMatrix4(mesh.matrixWorld).toArray(positions, (first + k) * 3);
      }
      const count = Math.floor((index ?? position).count / 3) * 3;
      for (let k = 0; k < count; k++) indices[at++] = first + (index ? index.getX(k) : k);
      first += position.count;
    }
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(positions, 3));
    geometry.setIndex(new BufferAttribute(indices, 1));
    return new Ground(new MeshBVH(geometry));
  }

  /** Height of the first triangle at most `reach` metres under (x, y, z); null where there is none. */
  heightBelow(x: number, y: number, z: number, reach: number): number | null {
    this.ray.origin.set(x, y, z);
    this.ray.direction.copy(DOWN);
    const hit = this.bvh.raycastFirst(this.ray, DoubleSide, 0, reach);
    return hit ? hit.point.y : null;
  }

  /** Put the first point where the way from `from` to `to` meets a triangle into `out`; false where it is free. */
  meet(from: Vector3, to: Vector3, out: Vector3): boolean {
    this.ray.origin.copy(from);
    this.ray.direction.copy(to).sub(from);
    const length = this.ray.direction.length();
    if (length === 0) return false;
    this.ray.direction.divideScalar(length);
    const hit = this.bvh.raycastFirst(this.ray, DoubleSide, 0, length);
    if (hit) out.copy(hit.point);
    return hit !== null && hit !== undefined;
  }

  /** The nearest point of any triangle, into `out`. */
  closest(point: Vector3, out: Vector3): void {
    this.bvh.closestPointToPoint(point, this.nearest);
    out.copy(this.nearest.point);
  }
}
