// The canvas: renderer, camera, and a loop that draws only when something moved.
import { ACESFilmicToneMapping, Color, Group, PCFShadowMap, PerspectiveCamera, Scene, Vector3, WebGLRenderer } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { drawAhead } from "./ahead";
import { context, isCalm, isHandheld, isHeadset, isSoftware } from "./device";
import { Input } from "./input";
import { Lighting } from "./light";
import { Vr, type Comfort } from "./vr";
import { RUN_M_S, WALK_M_S, Walker } from "./walker";
import { warmUp } from "./warm";
import { dispose, type Spot, type World } from "./world";

export type Mode = "walk" | "orbit";

const MAX_STEP_S = 0.1;
const MAX_PITCH = 1.5;
const DESKTOP_PIXELS = 2;
const PHONE_PIXELS = 1.5;
const BLUR = 0.5;
const FIRST_BLUR = 0.4; // of the first picture of all, which a machine without a GPU has to compile shaders for too
const REST_MS = 250;
const VOID = 0x10161a;
const STUDIO = 0x39434a; // behind a foreign object

export class Stage {
  readonly renderer: WebGLRenderer;
  readonly scene = new Scene();
  readonly camera = new PerspectiveCamera(62, 1, 0.1, 20000);
  readonly walker = new Walker();
  readonly lighting: Lighting;
  readonly vr: Vr;
  world: World | null = null;
  mode: Mode = "walk";
  frames = 0;
  /** milliseconds from the start of the navigation until the first frame of a world was drawn to its end; null before */
  firstPictureMs: number | null = null;
  /** the last frame had all triangles of the world */
  isWhole = false;
  /** mean milliseconds between frames that followed each other; NaN while nothing moves */
  frameMs = NaN;
  shadows = !isHandheld && !isHeadset && !isSoftware;
  onFrame: () => void = () => undefined;
  onMode: () => void = () => undefined;
  private readonly background = new Color(VOID);
  private readonly rig = new Group();
  private readonly orbit: OrbitControls;
  private readonly input: Input;
  private last = 0;
  private wasDrawn = false;
  private isStale = true;
  private movedAt = 0;
  private isBlurred = isSoftware;
  private turn = 0;
  private fine: Promise<void> = Promise.resolve(); // settled once the pictures of the world are as fine as they will be
  private readonly focus = new Vector3();
  private drawAll: (() => void) | null = null; // while the first frame has only what is ahead
  private coolDown: (() => void) | null = null;
  private tellSeen: () => void = () => undefined;
  /** settled once the first picture of a world is there */
  readonly seen = new Promise<void>((tell) => (this.tellSeen = tell));

  constructor(
    private readonly canvas: HTMLCanvasElement,
    stick: HTMLElement,
    comfort: Comfort,
    vrChanged: (inside: boolean) => void,
  ) {
    // Throws where there is no WebGL 2. Pictures are taken right after a frame, so the buffer need not be kept.
    if (!context) throw new Error("no WebGL 2");
    this.renderer = new WebGLRenderer({ canvas, context });
    this.renderer.toneMapping = ACESFilmicToneMapping;
    this.renderer.shadowMap.type = PCFShadowMap;
    this.scene.background = this.background;
    this.camera.rotation.order = "YXZ";
    this.rig.add(this.camera);
    this.scene.add(this.rig);
    this.lighting = new Lighting(this.renderer, this.scene);
    this.orbit = new OrbitControls(this.camera, canvas);
    this.orbit.enabled = false;
    this.orbit.enableDamping = !isCalm;
    this.orbit.dampingFactor = 0.08;
    this.orbit.addEventListener("change", () => this.wake());
    const look = (yaw: number, pitch: number): void => {
      this.walker.yaw += yaw;
      this.walker.pitch = Math.max(-MAX_PITCH, Math.min(MAX_PITCH, this.walker.pitch + pitch));
      this.wake();
    };
    this.input = new Input(canvas, stick, look, () => this.mode === "walk" && !!this.world && !this.vr.isInside, () => this.wake());
    this.vr = new Vr(this.renderer, this.scene, this.rig, this.camera, this.walker, comfort, (inside) => {
      this.lighting.setShadows(this.shadows && !inside);
      if (!inside) this.setMode(this.mode);
      this.resize();
      vrChanged(inside);
    });
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.resize();
    this.renderer.render(this.scene, this.camera); // the driver sets itself up meanwhile, which a software one takes a second for
    this.renderer.setAnimationLoop((time: number) => this.frame(time));
  }

  /** Draw the next frame. */
  wake(): void {
    this.isStale = true;
    this.movedAt = performance.now();
  }

  /** A world will come soon: what can be made ready for it is. */
  prepare(): void {
    if (isSoftware && !this.world && !this.coolDown) this.coolDown = warmUp(this.renderer);
  }

  /** Put a world on the stage in place of the last one. */
  async show(world: World): Promise<void> {
    const mine = ++this.turn;
    this.clear();
    await this.lighting.light(world, this.shadows && !this.vr.isInside);
    if (mine !== this.turn) return dispose(world.root); // another one came meanwhile
    const size = world.box.getSize(new Vector3()).length();
    this.camera.near = world.isEnvironment ? 0.1 : Math.min(0.1, size / 1000);
    this.camera.far = world.isEnvironment ? 20000 : Math.max(200, size * 10);
    this.camera.updateProjectionMatrix();
    this.background.set(world.isEnvironment ? VOID : STUDIO);
    this.walker.enter(world);
    this.vr.enter(world);
    this.scene.add(world.root);
    this.world = world;
    this.isWhole = false;
    this.walker.place(world.spots[0] ?? viewpoint(world));
    if (this.vr.isInside) this.rig.position.copy(this.walker.feet);
    else this.setMode(world.isEnvironment ? "walk" : "orbit");
    // Where the driver compiles beside us, the page stays alive meanwhile; elsewhere it would only take longer.
    if (this.renderer.extensions.has("KHR_parallel_shader_compile")) await this.renderer.compileAsync(this.scene, this.camera);
    this.wake();
    this.fine = this.refine(world);
  }

  clear(): void {
    if (!this.world) return;
    this.scene.remove(this.world.root);
    dispose(this.world.root);
    this.lighting.clear();
    this.renderer.renderLists.dispose();
    this.world = null;
    this.wake();
  }

  setMode(mode: Mode): void {
    this.mode = mode;
    this.orbit.enabled = mode === "orbit";
    if (mode === "orbit") {
      if (document.pointerLockElement) document.exitPointerLock();
      this.rig.position.set(0, 0, 0);
      this.rig.rotation.set(0, 0, 0);
      if (this.world) this.lookFromOutside(this.world);
    }
    this.input.release();
    this.wake();
    this.onMode();
  }

  setShadows(on: boolean): void {
    this.shadows = on;
    this.lighting.setShadows(on && !this.vr.isInside);
    this.wake();
  }

  goTo(spot: Spot): void {
    this.walker.place(spot);
    this.wake();
  }

  /** When all that was drawn so far has been, and not merely been asked for. */
  private async finished(): Promise<void> {
    const gl = this.renderer.getContext() as WebGL2RenderingContext;
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    if (!fence) return;
    gl.flush();
    while (gl.clientWaitSync(fence, 0, 0) === gl.TIMEOUT_EXPIRED) await new Promise((go) => setTimeout(go, 4));
    gl.deleteSync(fence);
  }

  /** The picture that is seen, as PNG. */
  async picture(): Promise<Blob> {
    await this.fine;
    if (!this.vr.isInside) this.blur(false);
    this.draw();
    return new Promise((keep, fail) => {
      this.canvas.toBlob((blob) => (blob ? keep(blob) : fail(new Error("the picture could not be encoded"))), "image/png");
    });
  }

  private frame(time: number): void {
    const seconds = Math.min(MAX_STEP_S, Math.max(0, (time - this.last) / 1000));
    const elapsed = time - this.last;
    this.last = time;
    if (this.vr.isInside) this.vr.update(seconds);
    else if (this.mode === "walk") this.walk(seconds);
    else this.orbit.update();
    if (isSoftware && this.world && !this.vr.isInside) {
      if (this.frames > 0 && this.firstPictureMs === null) return; // a second one would only wait behind the first
      this.blur(this.frames === 0 || performance.now() - this.movedAt < REST_MS);
    }
    if ((!this.isStale || !this.world) && !this.vr.isInside) {
      this.wasDrawn = false;
      this.frameMs = NaN;
      return;
    }
    this.isStale = false;
    if (this.wasDrawn) this.frameMs = Number.isNaN(this.frameMs) ? elapsed : this.frameMs + (elapsed - this.frameMs) * 0.1;
    this.wasDrawn = true;
    if (isSoftware && this.frames === 0 && this.world && !this.vr.isInside) {
      this.scene.updateMatrixWorld();
      this.drawAll = drawAhead(this.world.root, this.camera);
    }
    this.draw();
    this.frames++;
    this.isWhole = this.drawAll === null;
    this.onFrame();
    if (this.firstPictureMs === null) void this.seeFirst();
  }

  private async seeFirst(): Promise<void> {
    await this.finished();
    if (this.firstPictureMs !== null) return;
    this.firstPictureMs = performance.now();
    this.drawAll?.();
    this.drawAll = null;
    this.movedAt = 0; // sharp at once, unless somebody walks already
    this.coolDown?.();
    this.tellSeen();
  }

  /** The fine pictures of a world that began with coarse ones. */
  private async refine(world: World): Promise<void> {
    if (!world.refine) return;
    await this.seen;
    const put = await world.refine();
    if (world !== this.world) return;
    world.textureBytes = put();
    this.isStale = true;
  }

  /** Fewer pixels while something moves, all of them at rest: what a machine without a GPU can keep up with. */
  private blur(moving: boolean): void {
    this.isBlurred = moving;
    const pixels = this.pixels();
    if (pixels === this.renderer.getPixelRatio()) return;
    this.isStale = true;
    this.renderer.setPixelRatio(pixels);
  }

  private pixels(): number {
    if (isSoftware && this.isBlurred) return this.firstPictureMs === null ? FIRST_BLUR : BLUR;
    if (isSoftware) return 1;
    return Math.min(devicePixelRatio, isHandheld || isHeadset ? PHONE_PIXELS : DESKTOP_PIXELS);
  }

  private walk(seconds: number): void {
    if (!this.world) return;
    const { right, back, isRunning } = this.input;
    if (right !== 0 || back !== 0) {
      const length = (isRunning ? RUN_M_S : WALK_M_S) * seconds;
      const [cosine, sine] = [Math.cos(this.walker.yaw), Math.sin(this.walker.yaw)];
      this.walker.go((right * cosine + back * sine) * length, (back * cosine - right * sine) * length);
      this.wake();
    }
    if (this.walker.settle(seconds)) this.wake();
    this.rig.position.copy(this.walker.feet);
    this.rig.rotation.y = this.walker.yaw;
    this.camera.position.set(0, this.walker.eyeHeight, 0);
    this.camera.rotation.set(this.walker.pitch, 0, 0);
  }

  private draw(): void {
    this.lighting.follow(this.mode === "walk" || this.vr.isInside ? this.rig.position : this.orbit.target);
    this.renderer.render(this.scene, this.camera);
  }

  private lookFromOutside(world: World): void {
    const { target } = this.orbit;
    if (world.isEnvironment) {
      const { feet, yaw } = this.walker;
      target.copy(feet).y += 2;
      this.camera.position.set(feet.x + Math.sin(yaw) * 55, feet.y + 34, feet.z + Math.cos(yaw) * 55);
      const above = world.land?.heightBelow(this.camera.position.x, 5000, this.camera.position.z, 10000);
      if (above != null) this.camera.position.y = Math.max(this.camera.position.y, above + 12);
      Object.assign(this.orbit, { minDistance: 3, maxDistance: 420, maxPolarAngle: 1.5 });
    } else {
      world.box.getCenter(target);
      const size = Math.max(0.05, world.box.getSize(this.focus).length());
      this.camera.position.set(target.x + size * 0.45, target.y + size * 0.35, target.z + size * 0.75);
      Object.assign(this.orbit, { minDistance: size * 0.05, maxDistance: size * 4, maxPolarAngle: Math.PI });
    }
    this.orbit.update();
  }

  private resize(): void {
    if (this.vr?.isInside) return;
    const width = Math.max(1, this.canvas.clientWidth);
    const height = Math.max(1, this.canvas.clientHeight);
    this.renderer.setPixelRatio(this.pixels());
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.fov = width < height ? 78 : 62; // a phone held upright sees too little otherwise
    this.camera.updateProjectionMatrix();
    this.wake();
  }
}

/** Before a foreign object, facing it, at the level of its lowest point. */
function viewpoint({ box }: World): Spot {
  const centre = box.getCenter(new Vector3());
  const size = box.getSize(new Vector3());
  const away = Math.max(1.5, Math.min(12, size.length() * 0.6)) + size.z / 2;
  return { position: new Vector3(centre.x, box.min.y, centre.z + away), yaw: 0 };
}
