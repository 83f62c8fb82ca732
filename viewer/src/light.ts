// The light of a world: its own sky as ambient light, its sun with a shadow that follows the visitor.
import {
  Color, CubeCamera, DirectionalLight, HalfFloatType, Mesh, PMREMGenerator, Scene, Vector3, WebGLCubeRenderTarget,
  type Light, type LightProbe, type Object3D, type Texture, type WebGLRenderer,
} from "three"; // prettier-ignore
import { LightProbeGenerator } from "three/addons/lights/LightProbeGenerator.js";
import { RoomEnvironment } from "three/addons/environments/RoomEnvironment.js";
import { isSoftware } from "./device";
import { meshesOf } from "./meshes";
import { probeOf } from "./probe";
import { isUnlit, type World } from "./world";

const SHADOW_REACH_M = 55;
const SHADOW_STEP_M = 6; // the map is drawn anew after so many metres, not every frame
const SUN_DISTANCE_M = 200;
const NEAR_M = 0.1;
const FAR_M = 20000;
const PROBE_PX = 16; // of one face: nine numbers for each colour come of it
// Wide and flat: their shadows are baked, too fine or too far to be seen.
const CASTS_NONE = /^(ground|horizon|grass|water|sky|trees_far|far_trees|paths?)/;

export class Lighting {
  private readonly toSun = new Vector3(0, 1, 0);
  private readonly centre = new Vector3(Infinity, 0, 0);
  private sun: DirectionalLight | null = null;
  private environment: Texture | null = null;
  private ambient: LightProbe | null = null;

  constructor(
    private readonly renderer: WebGLRenderer,
    private readonly scene: Scene,
  ) {
    renderer.shadowMap.autoUpdate = false;
  }

  /** Light `world`; what lit the last one is taken away. */
  async light(world: World, shadows: boolean): Promise<void> {
    this.clear();
    const lights: Light[] = [];
    world.root.traverse((object) => {
      if ("isLight" in object) lights.push(object as Light);
    });
    const sky = skyOf(world);
    if (sky && isSoftware) {
      this.ambient = probeOf(world) ?? (await this.makeAmbient(sky));
      this.scene.add(this.ambient);
    } else {
      this.environment = this.makeEnvironment(sky, lights.length > 0);
      this.scene.environment = this.environment;
    }
    const given = lights.find((light) => "isDirectionalLight" in light) as DirectionalLight | undefined;
    if (given) {
      // A copy stands in for it, since the shadow has to follow the visitor and the file's own light hangs on a node.
      this.toSun.copy(given.getWorldPosition(new Vector3())).sub(given.target.getWorldPosition(new Vector3())).normalize();
      given.visible = false;
      this.sun = new DirectionalLight(given.color, given.intensity);
    } else if (lights.length === 0) {
      this.toSun.set(0.4, 0.8, 0.45).normalize();
      this.sun = new DirectionalLight(new Color(1, 0.98, 0.94), 1.5);
    }
    if (!this.sun) return;
    this.scene.add(this.sun, this.sun.target);
    const { shadow } = this.sun;
    const reach = SHADOW_REACH_M;
    Object.assign(shadow.camera, { left: -reach, right: reach, top: reach, bottom: -reach, near: 1, far: 2 * SUN_DISTANCE_M });
    shadow.mapSize.setScalar(2048);
    shadow.bias = -0.0004;
    shadow.normalBias = 0.06;
    shadow.intensity = 0.9;
    for (const { mesh, materials } of meshesOf(world.root)) {
      const opaque = materials.every((material) => !material.transparent);
      mesh.receiveShadow = !isUnlit(mesh);
      mesh.castShadow = opaque && !isUnlit(mesh) && !(world.isEnvironment && names(mesh).some((name) => CASTS_NONE.test(name)));
    }
    this.setShadows(shadows);
  }

  /** Shadows on or off; they cost a headset too much. */
  setShadows(on: boolean): void {
    if (!this.sun) return;
    this.sun.castShadow = on && this.toSun.y > 0.05;
    this.renderer.shadowMap.enabled = this.sun.castShadow;
    this.centre.x = Infinity;
  }

  /** Keep the shadow around `position`; true where it was drawn anew. */
  follow(position: Vector3): boolean {
    if (!this.sun) return false;
    const dx = position.x - this.centre.x;
    const dz = position.z - this.centre.z;
    if (dx * dx + dz * dz < SHADOW_STEP_M * SHADOW_STEP_M) return false;
    this.centre.copy(position);
    this.sun.target.position.copy(position);
    this.sun.position.copy(position).addScaledVector(this.toSun, SUN_DISTANCE_M);
    this.sun.updateMatrixWorld();
    this.sun.target.updateMatrixWorld();
    if (this.sun.castShadow) this.renderer.shadowMap.needsUpdate = true;
    return this.sun.castShadow;
  }

  clear(): void {
    this.environment?.dispose();
    this.environment = null;
    this.scene.environment = null;
    this.ambient?.removeFromParent();
    this.ambient = null;
    if (!this.sun) return;
    this.scene.remove(this.sun, this.sun.target);
    this.sun.dispose();
    this.sun = null;
  }

  /** The sky, filtered; a neutral room for files that have neither sky nor light. */
  private makeEnvironment(sky: Scene | null, isLit: boolean): Texture {
    const generator = new PMREMGenerator(this.renderer);
    const from = sky ?? new RoomEnvironment();
    const { texture } = generator.fromScene(from, sky ? 0 : 0.04, NEAR_M, FAR_M, { size: 256 });
    this.scene.environmentIntensity = sky || !isLit ? 1 : 0.5;
    generator.dispose();
    if (from instanceof RoomEnvironment) from.dispose();
    return texture;
  }

  /** The sky's light from all sides without its mirror image: filtering a whole sky takes nine seconds of a processor. */
  private async makeAmbient(sky: Scene): Promise<LightProbe> {
    const target = new WebGLCubeRenderTarget(PROBE_PX, { type: HalfFloatType });
    new CubeCamera(NEAR_M, FAR_M, target).update(this.renderer, sky);
    const probe = await LightProbeGenerator.fromCubeRenderTarget(this.renderer, target);
    target.dispose();
    return probe;
  }
}

/** The dome of an environment alone; null where there is none. */
function skyOf(world: World): Scene | null {
  if (!world.isEnvironment) return null;
  const sky = new Scene();
  for (const { mesh } of meshesOf(world.root)) {
    if (!isUnlit(mesh)) continue;
    const copy = new Mesh(mesh.geometry, mesh.material);
    copy.applyMatrix4(mesh.matrixWorld);
    sky.add(copy);
  }
  return sky.children.length > 0 ? sky : null;
}

function names(object: Object3D): string[] {
  const found: string[] = [];
  for (let at: Object3D | null = object; at; at = at.parent) found.push(at.name);
  return found;
}
