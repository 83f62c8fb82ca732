// In the headset: teleport by an arc, turn in steps, hands shown. Nobody is moved smoothly unless they chose it.
import { Group, Quaternion, Vector3, type Object3D, type Scene, type WebGLRenderer, type XRTargetRaySpace } from "three";
import { Arc } from "./arc";
import { HandModel, controllerModel, pointerRay } from "./hands";
import type { Walker } from "./walker";
import type { World } from "./world";

export interface Comfort {
  snapDeg: number;
  /** walk with the left stick, without steps */
  smooth: boolean;
  /** pixels of the eye buffers against what the headset recommends */
  scale: number;
}

const PUSHED = 0.7;
const RELEASED = 0.4;
const SMOOTH_M_S = 2;
const FOVEATION = 0.7; // 0 none .. 1 most; the rim of the lens hides it
const LEAVE_BUTTON = 5; // B or Y of the xr-standard gamepad

interface Hand {
  pointer: XRTargetRaySpace;
  ray: Object3D;
  source: XRInputSource | null;
  model: HandModel;
  isAiming: boolean;
  byStick: boolean;
  hasTurned: boolean;
}

export class Vr {
  private readonly hands: Hand[] = [];
  private readonly arc = new Arc();
  private world: World | null = null;
  private readonly eye = new Vector3();
  private readonly from = new Vector3();
  private readonly ahead = new Vector3();
  private readonly turn = new Quaternion();

  constructor(
    private readonly renderer: WebGLRenderer,
    scene: Scene,
    private readonly rig: Group,
    private readonly camera: Object3D,
    private readonly walker: Walker,
    private readonly comfort: Comfort,
    private readonly changed: (inside: boolean) => void,
  ) {
    renderer.xr.enabled = true;
    renderer.xr.setReferenceSpaceType("local-floor");
    renderer.xr.addEventListener("sessionend", () => this.ended());
    scene.add(this.arc.object);
    for (let k = 0; k < 2; k++) this.addHand(k);
  }

  get isInside(): boolean {
    return this.renderer.xr.isPresenting;
  }

  get teleportTarget(): { x: number; y: number; z: number } | null {
    return this.arc.isGood ? this.arc.target : null;
  }

  enter(world: World): void {
    this.world = world;
  }

  /** Start a session; must be called from a click. */
  async start(): Promise<void> {
    const { xr } = this.renderer;
    if (!navigator.xr || xr.isPresenting) return;
    const session = await navigator.xr.requestSession("immersive-vr", {
      optionalFeatures: ["local-floor", "bounded-floor", "hand-tracking", "layers"],
    });
    xr.setFramebufferScaleFactor(this.comfort.scale);
    this.changed(true);
    await xr.setSession(session);
    xr.setFoveation(FOVEATION);
    this.rig.position.copy(this.walker.feet);
    this.rig.rotation.set(0, this.walker.yaw, 0);
  }

  async leave(): Promise<void> {
    await this.renderer.xr.getSession()?.end();
  }

  /** Once a frame inside a session. */
  update(seconds: number): void {
    let aimed = false;
    for (const hand of this.hands) {
      const pad = hand.source?.gamepad;
      if (pad) this.readPad(hand, pad, seconds);
      if (hand.source?.hand) hand.model.update();
      hand.ray.visible = hand.source !== null && !hand.isAiming;
      if (!hand.isAiming || aimed || !this.world) continue;
      aimed = true;
      hand.pointer.getWorldPosition(this.from);
      this.ahead.set(0, 0, -1).applyQuaternion(hand.pointer.getWorldQuaternion(this.turn));
      this.arc.aim(this.from, this.ahead, this.world.ground, this.world.land);
    }
    if (!aimed) this.arc.hide();
  }

  private addHand(k: number): void {
    const { xr } = this.renderer;
    const pointer = xr.getController(k);
    const grip = xr.getControllerGrip(k);
    const space = xr.getHand(k);
    const shell = controllerModel();
    shell.visible = false;
    grip.add(shell);
    const ray = pointerRay();
    ray.visible = false;
    pointer.add(ray);
    const hand: Hand = { pointer, ray, source: null, model: new HandModel(space), isAiming: false, byStick: false, hasTurned: false };
    pointer.addEventListener("connected", ({ data }) => {
      hand.source = data;
      ray.visible = true;
      shell.visible = data.hand === undefined || data.hand === null;
    });
    pointer.addEventListener("disconnected", () => {
      hand.source = null;
      hand.isAiming = false;
      ray.visible = shell.visible = false;
    });
    // A trigger or a pinch aims while it is held.
    pointer.addEventListener("selectstart", () => this.aim(hand, false));
    pointer.addEventListener("selectend", () => !hand.byStick && this.land(hand));
    this.rig.add(pointer, grip, space);
    this.hands.push(hand);
  }

  private readPad(hand: Hand, pad: Gamepad, seconds: number): void {
    const right = pad.axes[2] ?? 0;
    const back = pad.axes[3] ?? 0;
    if (pad.buttons[LEAVE_BUTTON]?.pressed) void this.leave();
    if (this.comfort.smooth && hand.source?.handedness === "left") return this.walk(right, back, seconds);
    if (!hand.hasTurned && Math.abs(right) > PUSHED && !hand.isAiming) {
      hand.hasTurned = true;
      this.snap((-Math.sign(right) * this.comfort.snapDeg * Math.PI) / 180);
    } else if (Math.abs(right) < RELEASED) hand.hasTurned = false;
    if (!hand.isAiming && back < -PUSHED && Math.abs(right) < PUSHED) this.aim(hand, true);
    else if (hand.isAiming && hand.byStick && Math.hypot(right, back) < RELEASED) this.land(hand);
  }

  private aim(hand: Hand, byStick: boolean): void {
    if (hand.isAiming) return;
    for (const other of this.hands) other.isAiming = false;
    hand.isAiming = true;
    hand.byStick = byStick;
  }

  private land(hand: Hand): void {
    if (!hand.isAiming) return;
    hand.isAiming = false;
    if (this.arc.isGood) {
      // The head comes to stand over the target, wherever it is in the room.
      this.camera.getWorldPosition(this.eye);
      this.walker.feet.copy(this.arc.target);
      this.rig.position.x += this.arc.target.x - this.eye.x;
      this.rig.position.z += this.arc.target.z - this.eye.z;
      this.rig.position.y = this.arc.target.y;
    }
    this.arc.hide();
  }

  /** Turn the room around the head. */
  private snap(angle: number): void {
    this.camera.getWorldPosition(this.eye);
    this.rig.position.sub(this.eye).applyAxisAngle(this.rig.up, angle).add(this.eye);
    this.rig.rotation.y += angle;
    this.walker.yaw = this.rig.rotation.y;
  }

  private walk(right: number, back: number, seconds: number): void {
    if (Math.hypot(right, back) < 0.15) return;
    this.camera.getWorldQuaternion(this.turn);
    this.ahead.set(0, 0, -1).applyQuaternion(this.turn);
    const heading = Math.atan2(-this.ahead.x, -this.ahead.z);
    const [cosine, sine] = [Math.cos(heading), Math.sin(heading)];
    const before = this.from.copy(this.walker.feet);
    const length = SMOOTH_M_S * seconds;
    this.walker.go((right * cosine + back * sine) * length, (back * cosine - right * sine) * length);
    this.walker.settle(seconds);
    this.rig.position.x += this.walker.feet.x - before.x;
    this.rig.position.z += this.walker.feet.z - before.z;
    this.rig.position.y = this.walker.feet.y;
  }

  private ended(): void {
    for (const hand of this.hands) hand.isAiming = false;
    this.arc.hide();
    this.changed(false);
  }
}
