// Hands and controllers drawn from simple shapes: no model is fetched from anywhere.
import {
  BufferAttribute, BufferGeometry, CapsuleGeometry, ConeGeometry, CylinderGeometry, Group, InstancedMesh, Line, LineBasicMaterial, Matrix4,
  Mesh, MeshStandardMaterial, Quaternion, SphereGeometry, TorusGeometry, Vector3, type XRHandSpace, type XRJointSpace,
} from "three"; // prettier-ignore

const FINGERS = ["thumb", "index-finger", "middle-finger", "ring-finger", "pinky-finger"];
const PARTS = ["metacarpal", "phalanx-proximal", "phalanx-intermediate", "phalanx-distal", "tip"];
const CHAINS = FINGERS.map((finger) => [
  "wrist",
  ...PARTS.filter((part) => !(finger === "thumb" && part === "phalanx-intermediate")).map((part) => `${finger}-${part}`),
]);
const BONES = CHAINS.flatMap((chain) => chain.slice(1).map((name, k) => [chain[k]!, name] as const));
const JOINTS = [...new Set(CHAINS.flat())];
const SKIN = new MeshStandardMaterial({ color: 0xd9c2ad, roughness: 0.75, metalness: 0 });
const SHELL = new MeshStandardMaterial({ color: 0x23282c, roughness: 0.55, metalness: 0.1 });
const ACCENT = new MeshStandardMaterial({ color: 0xb9d98f, roughness: 0.6, metalness: 0 });
const UP = new Vector3(0, 1, 0);

/** Knuckles and bones of one tracked hand; hangs on `space` and is drawn where joints are known. */
export class HandModel {
  private readonly joints: InstancedMesh;
  private readonly bones: InstancedMesh;
  private readonly matrix = new Matrix4();
  private readonly turn = new Quaternion();
  private readonly middle = new Vector3();
  private readonly along = new Vector3();
  private readonly size = new Vector3();

  constructor(private readonly space: XRHandSpace) {
    this.joints = new InstancedMesh(new SphereGeometry(1, 10, 8), SKIN, JOINTS.length);
    this.bones = new InstancedMesh(new CylinderGeometry(1, 1, 1, 8, 1, true), SKIN, BONES.length);
    for (const mesh of [this.joints, this.bones]) {
      mesh.frustumCulled = false;
      mesh.count = 0;
      space.add(mesh);
    }
  }

  update(): void {
    const joints = this.space.joints as Record<string, XRJointSpace | undefined>;
    let count = 0;
    for (const name of JOINTS) {
      const joint = joints[name];
      if (!joint?.visible) continue;
      this.size.setScalar(joint.jointRadius ?? 0.008);
      this.joints.setMatrixAt(count++, this.matrix.compose(joint.position, joint.quaternion, this.size));
    }
    this.joints.count = count;
    this.joints.instanceMatrix.needsUpdate = true;
    count = 0;
    for (const [from, to] of BONES) {
      const [a, b] = [joints[from], joints[to]];
      if (!a?.visible || !b?.visible) continue;
      this.along.copy(b.position).sub(a.position);
      const length = this.along.length();
      if (length < 1e-4) continue;
      this.turn.setFromUnitVectors(UP, this.along.divideScalar(length));
      this.middle.copy(a.position).add(b.position).multiplyScalar(0.5);
      const radius = Math.min(a.jointRadius ?? 0.008, b.jointRadius ?? 0.008) * 0.92;
      this.bones.setMatrixAt(count++, this.matrix.compose(this.middle, this.turn, this.size.set(radius, length, radius)));
    }
    this.bones.count = count;
    this.bones.instanceMatrix.needsUpdate = true;
  }
}

/** A controller of no maker: a handle and a ring. -Z points ahead, as the grip space has it. */
export function controllerModel(): Group {
  const model = new Group();
  const handle = new Mesh(new CapsuleGeometry(0.017, 0.075, 6, 14), SHELL);
  handle.rotation.x = -Math.PI / 2 + 0.5;
  handle.position.set(0, -0.012, 0.03);
  const ring = new Mesh(new TorusGeometry(0.034, 0.005, 8, 28), SHELL);
  ring.rotation.x = Math.PI / 2 - 0.5;
  ring.position.set(0, 0.008, -0.03);
  const thumb = new Mesh(new ConeGeometry(0.007, 0.012, 12), ACCENT);
  thumb.position.set(0, 0.014, -0.004);
  model.add(handle, ring, thumb);
  return model;
}

/** A short line along -Z that fades away: where a pointer points. */
export function pointerRay(): Line {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array([0, 0, -0.06, 0, 0, -0.9]), 3));
  geometry.setAttribute("color", new BufferAttribute(new Float32Array([1, 1, 1, 0.7, 1, 1, 1, 0]), 4));
  return new Line(geometry, new LineBasicMaterial({ vertexColors: true, transparent: true, depthWrite: false, toneMapped: false }));
}
