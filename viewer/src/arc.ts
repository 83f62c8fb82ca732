// The parabola of a teleport, from a hand to where it comes down, and the ring that shows the place.
import {
  AdditiveBlending, BufferAttribute, BufferGeometry, CircleGeometry, Color, DoubleSide, DynamicDrawUsage, Group, Mesh, MeshBasicMaterial,
  RingGeometry, Vector3,
} from "three"; // prettier-ignore
import type { Ground } from "./ground";

const SPEED_M_S = 9.5;
const GRAVITY = 9.81;
const POINTS = 40;
const SECONDS = 2.4;
const HALF_WIDTH_M = 0.012;
const GOOD = new Color(0xc6ec94);
const BAD = new Color(0xe58a78);

export class Arc {
  readonly object = new Group();
  /** where it comes down */
  readonly target = new Vector3();
  isGood = false;
  private readonly ribbon: Mesh<BufferGeometry, MeshBasicMaterial>;
  private readonly mark = new Group();
  private readonly positions = new Float32Array(POINTS * 6);
  private readonly here = new Vector3();
  private readonly next = new Vector3();
  private readonly speed = new Vector3();
  private readonly side = new Vector3();

  constructor() {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(this.positions, 3).setUsage(DynamicDrawUsage));
    const fade = new Float32Array(POINTS * 8);
    const indices: number[] = [];
    for (let k = 0; k < POINTS; k++) {
      const shine = Math.min(1, 0.15 + k / 8);
      fade.set([1, 1, 1, shine, 1, 1, 1, shine], k * 8);
      if (k > 0) indices.push(2 * k - 2, 2 * k - 1, 2 * k, 2 * k, 2 * k - 1, 2 * k + 1);
    }
    geometry.setAttribute("color", new BufferAttribute(fade, 4));
    geometry.setIndex(indices);
    const material = (): MeshBasicMaterial =>
      new MeshBasicMaterial({ transparent: true, side: DoubleSide, depthWrite: false, toneMapped: false, fog: false });
    this.ribbon = new Mesh(geometry, material());
    this.ribbon.material.vertexColors = true;
    this.ribbon.frustumCulled = false;
    const ring = new Mesh(new RingGeometry(0.3, 0.36, 48), material());
    const disc = new Mesh(new CircleGeometry(0.3, 48), material());
    disc.material.opacity = 0.22;
    disc.material.blending = AdditiveBlending;
    for (const flat of [ring, disc]) {
      flat.rotation.x = -Math.PI / 2;
      flat.renderOrder = 10;
      flat.material.depthTest = false; // grass must not hide it
    }
    this.ribbon.renderOrder = 11;
    this.mark.add(ring, disc);
    this.object.add(this.ribbon, this.mark);
    this.object.visible = false;
  }

  hide(): void {
    this.object.visible = false;
    this.isGood = false;
  }

  /** Throw from `from` along the unit vector `ahead`; good where it lands on `ground` before anything else of `land`. */
  aim(from: Vector3, ahead: Vector3, ground: Ground | null, land: Ground | null): void {
    this.here.copy(from);
    this.speed.copy(ahead).multiplyScalar(SPEED_M_S);
    this.side.set(-ahead.z, 0, ahead.x).normalize().multiplyScalar(HALF_WIDTH_M);
    this.isGood = false;
    let landed = false;
    const dt = SECONDS / (POINTS - 1);
    for (let k = 0; k < POINTS; k++) {
      const at = k * 6;
      this.positions[at] = this.here.x - this.side.x;
      this.positions[at + 1] = this.here.y;
      this.positions[at + 2] = this.here.z - this.side.z;
      this.positions[at + 3] = this.here.x + this.side.x;
      this.positions[at + 4] = this.here.y;
      this.positions[at + 5] = this.here.z + this.side.z;
      if (landed) continue;
      this.next.copy(this.here).addScaledVector(this.speed, dt);
      this.speed.y -= GRAVITY * dt;
      if (land?.meet(this.here, this.next, this.target)) {
        landed = true;
        this.here.copy(this.target);
        const y = ground?.heightBelow(this.target.x, this.target.y + 0.6, this.target.z, 1.2) ?? null;
        if (y !== null) {
          this.target.y = y;
          this.isGood = true;
        }
      } else this.here.copy(this.next);
    }
    const color = this.isGood ? GOOD : BAD;
    this.ribbon.material.color.copy(color);
    this.ribbon.geometry.attributes.position!.needsUpdate = true;
    this.mark.visible = landed;
    this.mark.position.copy(this.target).y += 0.03;
    for (const child of this.mark.children) (child as Mesh<RingGeometry, MeshBasicMaterial>).material.color.copy(color);
    this.object.visible = true;
  }
}
