// A GLB of anybody's as a place to be in: what is drawn, what is stood on, where a visit starts.
import { Box3, Group, Mesh, Quaternion, Texture, Vector3, type Object3D, type WebGLRenderer } from "three";
import { GLTFLoader, type GLTF } from "three/addons/loaders/GLTFLoader.js";
import { KTX2Loader } from "three/addons/loaders/KTX2Loader.js";
import { MeshoptDecoder } from "three/addons/libs/meshopt_decoder.module.js";
import { isSoftware } from "./device";
import { Ground } from "./ground";
import { meshesOf } from "./meshes";
import { CoarseLoader } from "./pictures";
import { makeMatt, withoutRelief } from "./plain";

export interface Spot {
  position: Vector3;
  /** radians; 0 looks along -Z, counter-clockwise from above */
  yaw: number;
}

export interface World {
  name: string;
  data: ArrayBuffer;
  root: Group;
  /** one of ours: it has a walkable scene, and the drawn scene is a landscape around the spawn points */
  isEnvironment: boolean;
  /** where feet may be */
  ground: Ground | null;
  /** what stops the arc of a teleport */
  land: Ground | null;
  spots: Spot[];
  box: Box3;
  spec: Record<string, unknown>;
  textureBytes: number;
  /** where its pictures are coarse: unpacks the fine ones; gives back what puts them there and says how many bytes they have */
  refine: (() => Promise<() => number>) | null;
}

/** A file that cannot be shown; the message is for a person. */
export class FileError extends Error {}

const GLB_MAGIC = 0x46546c67;

export class Loader {
  private readonly gltf: GLTFLoader;
  private readonly pictures: KTX2Loader;
  private readonly coarse: CoarseLoader | null = null;

  constructor(renderer: WebGLRenderer) {
    this.pictures = isSoftware ? (this.coarse = new CoarseLoader()) : new KTX2Loader();
    this.pictures.setWorkerLimit(isSoftware ? 1 : 2).detectSupport(renderer);
    this.coarse?.unpackAll();
    this.gltf = new GLTFLoader().setKTX2Loader(this.pictures).setMeshoptDecoder(MeshoptDecoder);
    if (isSoftware) this.gltf.register(withoutRelief);
  }

  /** A world will come soon: what unpacks its pictures is fetched meanwhile. */
  prepare(): void {
    const start = (): void => (this.pictures.workerPool as unknown as { _initWorker?(k: number): void })._initWorker?.(0);
    this.pictures.init().then(start, () => undefined); // told when a picture needs it
  }

  /** FileError where it cannot be shown. */
  async load(data: ArrayBuffer, name: string): Promise<World> {
    requireGlb(data, name);
    let gltf;
    try {
      gltf = await this.gltf.parseAsync(data, "");
    } catch (error) {
      throw new FileError(`${name} is broken or uses something unknown: ${sentence(error)}`);
    }
    if (!gltf.scene) throw new FileError(`${name} holds no scene to show.`);
    const root = gltf.scene;
    root.updateMatrixWorld(true);
    const [walkable, collision] = [await undrawn(gltf, "walkable"), await undrawn(gltf, "collision")];
    walkable?.updateMatrixWorld(true);
    collision?.updateMatrixWorld(true);
    const own = walkable ? Ground.of(walkable) : null;
    if (own && isSoftware) makeMatt(root);
    const visible = own ? null : Ground.of(root, isSolid);
    const box = new Box3().setFromObject(root);
    if (box.isEmpty()) throw new FileError(`${name} holds nothing that can be seen.`);
    for (const scene of gltf.scenes) if (scene !== root) dispose(scene);
    const land = (collision ? Ground.of(collision) : null) ?? own ?? visible;
    const textures = new Set(texturesOf(root));
    await this.coarse?.fill(textures); // unpacked beside all of the above
    const extras = (gltf.asset.extras ?? {}) as { spec?: Record<string, unknown> };
    return {
      name,
      data,
      root,
      isEnvironment: own !== null,
      ground: own ?? visible,
      land,
      spots: findSpots(root),
      box,
      spec: extras.spec ?? {},
      textureBytes: textureBytes(textures),
      refine: this.coarse
        ? async () => {
            const put = await this.coarse!.refine(textures);
            return () => {
              put();
              return textureBytes(textures);
            };
          }
        : null,
    };
  }
}

/** A mesh of ours that is not drawn: in a scene of its own or, in files for engines that draw every scene, in none. */
async function undrawn({ scenes, parser }: GLTF, role: string): Promise<Object3D | null> {
  const own = scenes.find(({ name }) => name === role);
  if (own) return own;
  const { nodes } = parser.json as { nodes?: unknown };
  const index = Array.isArray(nodes) ? nodes.findIndex((node: { extras?: { role?: unknown } } | null) => node?.extras?.role === role) : -1;
  return index < 0 ? null : ((await parser.getDependency("node", index)) as Object3D);
}

/** Give back what the GPU holds for it. */
export function dispose(root: Object3D): void {
  for (const { geometry, materials } of meshesOf(root)) {
    geometry.dispose();
    for (const material of materials) {
      for (const value of Object.values(material) as unknown[]) {
        if (!(value instanceof Texture)) continue;
        value.dispose();
        if (value.image instanceof ImageBitmap) value.image.close();
      }
      material.dispose();
    }
  }
}

/** Unlit: the dome of a sky, seen from inside. */
export function isUnlit(mesh: Mesh): boolean {
  return !Array.isArray(mesh.material) && ("isMeshBasicMaterial" in mesh.material || mesh.material.userData.shines === true);
}

function isSolid(mesh: Mesh): boolean {
  return !isUnlit(mesh) && !Array.isArray(mesh.material) && mesh.material.opacity > 0.5;
}

function findSpots(root: Object3D): Spot[] {
  const spots: Spot[] = [];
  const turn = new Quaternion();
  const ahead = new Vector3();
  root.traverse((object) => {
    if (object.userData.role !== "spawn") return;
    object.getWorldQuaternion(turn);
    ahead.set(0, 0, -1).applyQuaternion(turn);
    spots.push({ position: object.getWorldPosition(new Vector3()), yaw: Math.atan2(-ahead.x, -ahead.z) });
  });
  return spots;
}

function requireGlb(data: ArrayBuffer, name: string): void {
  if (data.byteLength === 0) throw new FileError(`${name} is empty.`);
  const view = new DataView(data);
  if (data.byteLength < 20 || view.getUint32(0, true) !== GLB_MAGIC) {
    throw new FileError(`${name} is not a GLB file (binary glTF); it begins otherwise.`);
  }
  if (view.getUint32(4, true) !== 2) throw new FileError(`${name} is glTF of version ${view.getUint32(4, true)}; version 2 is expected.`);
  const length = view.getUint32(8, true);
  if (length > data.byteLength) {
    throw new FileError(`${name} is cut short: ${data.byteLength.toLocaleString("en")} of ${length.toLocaleString("en")} bytes are there.`);
  }
}

function* texturesOf(root: Object3D): Generator<Texture> {
  for (const { materials } of meshesOf(root)) {
    for (const material of materials) {
      for (const value of Object.values(material) as unknown[]) if (value instanceof Texture && value.image) yield value;
    }
  }
}

/** GPU bytes of pictures with their mip levels: RGBA8, or as many as they have where they stay compressed. */
function textureBytes(textures: Iterable<Texture>): number {
  const seen = new Map<string, Texture>();
  for (const texture of textures) seen.set(texture.source.uuid, texture);
  let bytes = 0;
  for (const texture of seen.values()) {
    if ("isCompressedTexture" in texture) {
      for (const { data } of texture.mipmaps as { data: ArrayBufferView }[]) bytes += data.byteLength;
      continue;
    }
    const { width, height } = texture.image as { width: number; height: number };
    bytes += width * height * 4 * (texture.generateMipmaps ? 4 / 3 : 1);
  }
  return Math.round(bytes);
}

function sentence(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).replace(/^THREE\.\w+: */, "").split("\n")[0] ?? "";
  return text.length > 160 ? `${text.slice(0, 157)}...` : text;
}
