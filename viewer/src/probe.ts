// The light that a sky gives from all sides, summed up over its triangles: nine numbers for each colour, without the driver.
import { Color, LightProbe, SphericalHarmonics3, SRGBColorSpace, Vector3, type CompressedTexture, type Mesh, type MeshBasicMaterial } from "three";
import { meshesOf } from "./meshes";
import { isUnlit, type World } from "./world";

const COARSE_PX = 128; // of the level of the picture that is read: the sum knows nothing finer

interface Level {
  data: Uint8Array;
  width: number;
  height: number;
}

/** The sky as seen from the origin; null where its picture cannot be read here. Matrices must be up to date. */
export function probeOf(world: World): LightProbe | null {
  const sums = new SphericalHarmonics3();
  let isLit = false;
  for (const { mesh } of meshesOf(world.root)) {
    if (!isUnlit(mesh)) continue;
    if (!addSky(mesh, sums)) return null;
    isLit = true;
  }
  return isLit ? new LightProbe(sums) : null;
}

/** Radiance times solid angle times basis, triangle by triangle (Ramamoorthi and Hanrahan 2001, as LightProbeGenerator has it). */
function addSky(mesh: Mesh, sums: SphericalHarmonics3): boolean {
  const { position, uv, color: tint } = mesh.geometry.attributes;
  const material = mesh.material as MeshBasicMaterial;
  const picture = coarse(material);
  if (!position || !uv || !picture) return false;
  const { index } = mesh.geometry;
  const corners = [new Vector3(), new Vector3(), new Vector3()] as const;
  const [a, b, c] = corners;
  const towards = new Vector3();
  const light = new Color();
  const shade = new Color();
  const basis: number[] = [];
  for (let k = 0; k + 2 < (index ?? position).count; k += 3) {
    let [u, v, red, green, blue] = [0, 0, 0, 0, 0];
    corners.forEach((corner, j) => {
      const at = index ? index.getX(k + j) : k + j;
      corner.fromBufferAttribute(position, at).applyMatrix4(mesh.matrixWorld).normalize();
      u += uv.getX(at) / 3;
      v += uv.getY(at) / 3;
      red += (tint?.getX(at) ?? 1) / 3;
      green += (tint?.getY(at) ?? 1) / 3;
      blue += (tint?.getZ(at) ?? 1) / 3;
    });
    // Van Oosterom and Strackee 1983
    const volume = Math.abs(towards.crossVectors(b, c).dot(a));
    const angle = 2 * Math.atan2(volume, 1 + a.dot(b) + b.dot(c) + c.dot(a));
    towards.addVectors(a, b).add(c).normalize();
    texel(picture, u, v, light).multiply(material.color).multiply(shade.setRGB(red, green, blue));
    SphericalHarmonics3.getBasisAt(towards, basis);
    sums.coefficients.forEach((sum, j) => {
      const weight = basis[j]! * angle;
      sum.x += light.r * weight;
      sum.y += light.g * weight;
      sum.z += light.b * weight;
    });
  }
  return true;
}

/** The first level of the picture that is small enough, where its pixels lie open in memory. */
function coarse({ map }: MeshBasicMaterial): Level | null {
  if (!map || !("isCompressedTexture" in map) || map.colorSpace !== SRGBColorSpace) return null;
  const level = (map as CompressedTexture).mipmaps.find(({ width }) => width <= COARSE_PX) as Level | undefined;
  return level && level.data.length === level.width * level.height * 4 ? level : null;
}

function texel({ data, width, height }: Level, u: number, v: number, out: Color): Color {
  const x = Math.min(width - 1, Math.floor((u - Math.floor(u)) * width));
  const y = Math.min(height - 1, Math.max(0, Math.floor(v * height)));
  const at = (y * width + x) * 4;
  return out.setRGB(data[at]! / 255, data[at + 1]! / 255, data[at + 2]! / 255, SRGBColorSpace);
}
