// A body that walks: on the ground it is given, blocked at its edge, pulled down by gravity.
import { Vector3 } from "three";
import type { Ground } from "./ground";
import type { Spot, World } from "./world";

export const EYE_M = 1.6;
export const WALK_M_S = 2.2;
export const RUN_M_S = 6;
const STRIDE_M = 0.2; // longest step that is checked at once
const STEP_UP_M = 0.55;
const STEP_DOWN_M = 0.7; // deeper and the body falls
const BODY_M = 0.35;
const KNEE_M = 0.7;
const GRAVITY = 9.81;
// Along an edge the body slides: other headings are tried, in radians off the wanted one.
const SLIDES = [0, 0.35, -0.35, 0.75, -0.75, 1.15, -1.15].map((turn) => [Math.cos(turn), Math.sin(turn)] as const);

export class Walker {
  readonly feet = new Vector3();
  yaw = 0;
  pitch = 0;
  isFalling = false;
  private ground: Ground | null = null;
  private floor = 0;
  private isOpen = false; // the land goes on where the file ends: a floor under a foreign object
  private fall = 0;
  private lag = 0; // how far the eye is behind a step, so that stairs do not jolt it
  private readonly from = new Vector3();
  private readonly to = new Vector3();

  enter(world: World): void {
    this.ground = world.ground;
    this.floor = world.box.min.y;
    this.isOpen = !world.isEnvironment;
  }

  place({ position, yaw }: Spot): void {
    this.feet.copy(position);
    this.yaw = yaw;
    this.pitch = 0;
    this.fall = this.lag = 0;
    this.isFalling = false;
    const under = this.under(position.x, position.y + 2, position.z, 6);
    if (under !== null) this.feet.y = under;
    else this.ground?.closest(position, this.feet);
  }

  get eyeHeight(): number {
    return EYE_M - this.lag;
  }

  /** Height of the ground under the feet, from `above` metres over them; null where there is none. */
  heightUnder(above = STEP_UP_M): number | null {
    return this.under(this.feet.x, this.feet.y + above, this.feet.z, 50);
  }

  /** Go (x, z) metres across the ground, as far as it carries. */
  go(x: number, z: number): void {
    const length = Math.hypot(x, z);
    if (length === 0) return;
    const steps = Math.ceil(length / STRIDE_M);
    for (let k = 0; k < steps; k++) if (!this.step(x / steps, z / steps)) return;
  }

  /** Let gravity work for `seconds`; true while anything moves. */
  settle(seconds: number): boolean {
    const moved = Math.abs(this.lag) > 0.001;
    this.lag *= Math.exp(-12 * seconds);
    if (!this.isFalling) return moved;
    this.fall += GRAVITY * seconds;
    const y = this.feet.y - this.fall * seconds;
    const under = this.under(this.feet.x, this.feet.y + 0.1, this.feet.z, this.fall * seconds + 0.2);
    if (under !== null && under >= y) {
      this.feet.y = under;
      this.fall = 0;
      this.isFalling = false;
    } else this.feet.y = y;
    return true;
  }

  private step(x: number, z: number): boolean {
    for (const [cosine, sine] of SLIDES) {
      // a slide is as long as its share in the wanted direction
      const dx = (x * cosine - z * sine) * cosine;
      const dz = (x * sine + z * cosine) * cosine;
      const reach = this.isOpen ? 200 : STEP_UP_M + STEP_DOWN_M;
      const y = this.under(this.feet.x + dx, this.feet.y + STEP_UP_M, this.feet.z + dz, reach);
      if (y === null || (this.isOpen && this.isWalled(dx, dz))) continue;
      this.feet.x += dx;
      this.feet.z += dz;
      if (this.isFalling) return true;
      if (this.feet.y - y > STEP_DOWN_M) this.isFalling = true;
      else {
        this.lag += Math.abs(y - this.feet.y) > 0.15 ? y - this.feet.y : 0;
        this.feet.y = y;
      }
      return true;
    }
    return false;
  }

  private under(x: number, y: number, z: number, reach: number): number | null {
    const hit = this.ground?.heightBelow(x, y, z, reach) ?? null;
    return hit === null && this.isOpen ? this.floor : hit;
  }

  private isWalled(x: number, z: number): boolean {
    if (!this.ground) return false;
    const grow = 1 + BODY_M / Math.hypot(x, z);
    this.from.copy(this.feet).setY(this.feet.y + KNEE_M);
    this.to.set(this.feet.x + x * grow, this.from.y, this.feet.z + z * grow);
    return this.ground.meet(this.from, this.to, this.to);
  }
}
