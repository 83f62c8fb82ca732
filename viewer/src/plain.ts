// A world for machines without a GPU: colours and baked shade, without the bumps and gloss that each pixel would pay for.
import { Material, MeshLambertMaterial, type MeshStandardMaterial, type Object3D } from "three";
import type { GLTFLoaderPlugin, GLTFParser } from "three/addons/loaders/GLTFLoader.js";
import { lightAtCorners } from "./matt";
import { meshesOf } from "./meshes";

interface Document {
  scenes?: { name?: string }[];
  materials?: { normalTexture?: unknown; pbrMetallicRoughness?: { metallicRoughnessTexture?: unknown } }[];
}

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

/** Put matt materials in place of those of `root`. */
export function makeMatt(root: Object3D): void {
  const made = new Map<Material, Material>();
  for (const { mesh } of meshesOf(root)) {
    const given = mesh.material;
    if (Array.isArray(given) || !("isMeshStandardMaterial" in given)) continue;
    if (!made.has(given)) made.set(given, mattOf(given as MeshStandardMaterial));
    mesh.material = made.get(given)!;
  }
}

function mattOf(given: MeshStandardMaterial): MeshLambertMaterial {
  const matt = lightAtCorners(new MeshLambertMaterial());
  Material.prototype.copy.call(matt, given);
  const { map, aoMap, aoMapIntensity, emissiveMap, emissiveIntensity } = given;
  Object.assign(matt, { map, aoMap, aoMapIntensity, emissiveMap, emissiveIntensity });
  matt.color.copy(given.color);
  matt.emissive.copy(given.emissive);
  return matt;
}
