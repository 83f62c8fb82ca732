// A world for machines without a GPU: colours and baked shade, without the bumps and gloss that each pixel would pay for. All of it
// is drawn in one way, since a driver without a GPU compiles for 60 to 100 ms whatever is the least bit different, be it the type of
// a colour: what has no picture has a white one, what stands alone is the one instance of itself, and numbers have the same types.
import {
  BufferAttribute, CompressedTexture, InstancedBufferAttribute, InstancedMesh, Material, Matrix4, MeshLambertMaterial, NoBlending, Object3D, RepeatWrapping,
  SRGBColorSpace, type BufferGeometry, type InterleavedBufferAttribute, type Mesh, type MeshStandardMaterial,
} from "three"; // prettier-ignore
import type { GLTFLoaderPlugin, GLTFParser } from "three/addons/loaders/GLTFLoader.js";
import { lightAtCorners } from "./matt";
import { meshesOf } from "./meshes";

interface Document {
  scenes?: { name?: string }[];
  materials?: { normalTexture?: unknown; pbrMetallicRoughness?: { metallicRoughnessTexture?: unknown } }[];
}

const LITTLE = 1 / 512; // alpha below this is none: a byte cannot say it

/** Leaves the pictures of bumps and gloss, two thirds of a file, unread where it is one of ours. */
export function withoutRelief(parser: GLTFParser): GLTFLoaderPlugin {
  const { scenes = [], materials = [] } = parser.json as Document;
  return {
    name: "seedscape_plain",
    beforeRoot() {
      if (!scenes.some((scene) => scene.name === "walkable")) return null;
      for (const material of materials) {
        delete material.normalTexture;
        delete material.pbrMetallicRoughness?.metallicRoughnessTexture;
      }
      return null;
    },
  };
}

/** Put matt materials in place of those of `root`, and meshes that are alike in place of its meshes. */
export function makeMatt(root: Object3D): void {
  const made = new Map<Material, Material>();
  const done = new Set<BufferGeometry>();
  const once = new InstancedBufferAttribute(new Float32Array(new Matrix4().elements), 16);
  for (const { mesh, geometry } of meshesOf(root)) {
    const given = mesh.material;
    if (Array.isArray(given) || !("isMeshStandardMaterial" in given || "isMeshBasicMaterial" in given)) continue;
    if (!made.has(given)) made.set(given, mattOf(given as MeshStandardMaterial));
    mesh.material = made.get(given)!;
    if (!done.has(geometry)) makeAlike(geometry);
    done.add(geometry);
    if (!("isInstancedMesh" in mesh) && !("isSkinnedMesh" in mesh)) replace(mesh, once);
  }
  root.updateMatrixWorld(true);
}

function mattOf(given: MeshStandardMaterial): MeshLambertMaterial {
  const matt = new MeshLambertMaterial();
  Material.prototype.copy.call(matt, given);
  const { map, aoMap, aoMapIntensity } = given;
  Object.assign(matt, { map: map ?? white(SRGBColorSpace), aoMap: aoMap ?? white(""), aoMapIntensity: aoMap ? aoMapIntensity : 0 });
  matt.color.copy(given.color);
  matt.vertexColors = true;
  const hasHoles = matt.alphaTest > 0;
  matt.alphaTest ||= LITTLE;
  if (given.emissive) {
    const { emissiveMap, emissiveIntensity } = given;
    Object.assign(matt, { emissiveMap, emissiveIntensity });
    matt.emissive.copy(given.emissive);
  }
  // three.js writes another shader for what is opaque and blends as usual.
  if (!matt.transparent) matt.blending = NoBlending;
  return lightAtCorners(matt, "isMeshBasicMaterial" in given, hasHoles);
}

/** Of the kind that the pictures of worlds are, with levels; its own for each material, which is freed with it. */
function white(colorSpace: string): CompressedTexture {
  const levels = [2, 1].map((side) => ({ data: new Uint8Array(side * side * 4).fill(255), width: side, height: side }));
  const made = new CompressedTexture(levels, 2, 2);
  return Object.assign(made, { wrapS: RepeatWrapping, wrapT: RepeatWrapping, needsUpdate: true, colorSpace });
}

type Attribute = BufferAttribute | InterleavedBufferAttribute;

/** The attributes that are drawn, all of the types that none of ours needs more than; a missing one is filled in. */
function makeAlike(geometry: BufferGeometry): void {
  const { position, normal, uv, color } = geometry.attributes as Record<string, Attribute | undefined>;
  if (!position) return;
  for (const name of Object.keys(geometry.attributes)) if (name !== "position") geometry.deleteAttribute(name);
  const { count } = position;
  geometry.setAttribute("normal", new BufferAttribute(integers(normal, new Int16Array(4 * count), 3, [0, 1, 0, 0]), 4, true));
  geometry.setAttribute("uv", new BufferAttribute(floats(uv, new Float32Array(2 * count)), 2));
  geometry.setAttribute("color", new BufferAttribute(integers(color, new Uint16Array(4 * count), color?.itemSize ?? 0, [1, 1, 1, 1]), 4, true));
}

/** The first `size` numbers of each corner and the rest of `rest`, as 16 bits of a share of one, in `out`, four for each corner. */
function integers<T extends Int16Array | Uint16Array>(from: Attribute | undefined, out: T, size: number, rest: number[]): T {
  const most = out instanceof Int16Array ? 32767 : 65535;
  const given = from && open(from);
  if (!given) size = 0;
  for (let j = size; j < 4; j++) for (let k = j; k < out.length; k += 4) out[k] = rest[j]! * most;
  if (!from || !given) return out;
  const { array, stride, offset } = given;
  const isWhole = array instanceof Int8Array || array instanceof Uint8Array || array instanceof Int16Array || array instanceof Uint16Array;
  const full = array instanceof Int8Array ? 127 : array instanceof Uint8Array ? 255 : array instanceof Int16Array ? 32767 : array instanceof Uint16Array ? 65535 : 1;
  const scale = isWhole && !from.normalized ? most : most / full;
  for (let j = 0; j < size; j++) {
    for (let k = j, at = offset + j; k < out.length; k += 4, at += stride) out[k] = Math.max(-most, Math.min(most, Math.round(array[at]! * scale)));
  }
  return out;
}

function floats(from: Attribute | undefined, out: Float32Array): Float32Array {
  for (let k = 0; from && k < out.length; k += 2) {
    out[k] = from.getX(k >> 1);
    out[k + 1] = from.getY(k >> 1);
  }
  return out;
}

/** Where the numbers of an attribute lie. */
function open(from: Attribute): { array: ArrayLike<number>; stride: number; offset: number } {
  if ("data" in from) return { array: from.data.array, stride: from.data.stride, offset: from.offset };
  return { array: from.array, stride: from.itemSize, offset: 0 };
}

function replace(mesh: Mesh, once: InstancedBufferAttribute): void {
  const alike = new InstancedMesh(mesh.geometry, mesh.material, 0);
  Object3D.prototype.copy.call(alike, mesh, false);
  alike.instanceMatrix = once;
  alike.count = 1;
  const { parent } = mesh;
  for (const child of mesh.children.slice()) alike.add(child);
  if (!parent) return;
  const at = parent.children.indexOf(mesh);
  parent.children[at] = alike;
  alike.parent = parent;
  mesh.parent = null;
}
