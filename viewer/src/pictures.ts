// Pictures of a machine without a GPU: coarse ones first, since a driver without a GPU takes and keeps every pixel by hand.
import { CompressedTexture, type Texture } from "three";
import { KTX2Loader, type KTX2LoaderWorkerConfig } from "three/addons/loaders/KTX2Loader.js";

const COARSE_TEXELS = 512 * 512; // of the finest level of a coarse picture; the first frame of all is smaller than that
// KTX 2.0, sections 3 and 5.2: the header, an entry of the level index, and (BasisLZ) the description of one level's image
const HEADER = 80;
const LEVEL = 24;
const IMAGE = 20;
const BASIS_LZ = 1;

/** Gives back empty pictures at once, and fills them when asked to. */
export class CoarseLoader extends KTX2Loader {
  private readonly whole = new WeakMap<Texture["source"], ArrayBuffer>();
  private readonly coarse = new WeakMap<Texture["source"], Promise<CompressedTexture>>();

  /** A software driver unpacks whatever it is given before it draws: it is given plain pixels. */
  unpackAll(): this {
    for (const format of Object.keys(this.workerConfig)) this.workerConfig[format as keyof KTX2LoaderWorkerConfig] = false;
    return this;
  }

  override parse(buffer: ArrayBuffer, onLoad?: (texture: CompressedTexture) => void, onError?: (error: unknown) => void): void {
    if (new DataView(buffer).getUint32(12, true) !== 0) return super.parse(buffer, onLoad, onError); // not of Basis
    const texture = new CompressedTexture([{ data: new Uint8Array(4).fill(255), width: 1, height: 1 }], 1, 1);
    const less = withoutFineLevels(buffer);
    if (less) this.whole.set(texture.source, buffer);
    const made = this.unpack(less ?? buffer);
    made.catch(() => undefined);
    this.coarse.set(texture.source, made);
    onLoad?.(texture);
  }

  /** Put what was unpacked into `textures`, the coarse levels of large ones. */
  async fill(textures: Set<Texture>): Promise<void> {
    for (const texture of textures) {
      const made = this.coarse.get(texture.source);
      if (made) await made.then((coarse) => put(coarse, texture as CompressedTexture)).catch(() => undefined); // a broken one stays white
    }
    for (const { source } of textures) this.coarse.delete(source);
  }

  /** The fine levels of those that have some, unpacked; a function that puts them there. */
  async refine(textures: Set<Texture>): Promise<() => void> {
    const { whole } = this;
    const ready: [CompressedTexture, CompressedTexture][] = [];
    const made = new Map<Texture["source"], CompressedTexture>();
    for (const texture of textures) {
      const buffer = whole.get(texture.source);
      if (!buffer) continue;
      whole.delete(texture.source);
      await this.unpack(buffer).then((fine) => made.set(texture.source, fine)).catch(() => undefined);
    }
    for (const texture of textures) {
      const fine = made.get(texture.source);
      if (fine) ready.push([fine, texture as CompressedTexture]);
    }
    return () => {
      for (const [fine, texture] of ready) put(fine, texture);
    };
  }

  private unpack(buffer: ArrayBuffer): Promise<CompressedTexture> {
    return new Promise((done, fail) => super.parse(buffer, done, fail));
  }
}

function put(made: CompressedTexture, texture: CompressedTexture): void {
  texture.dispose(); // its place in the driver has the size of the last one
  const { image, mipmaps, format, type, premultiplyAlpha } = made;
  Object.assign(texture, { image, mipmaps, format, type, premultiplyAlpha, needsUpdate: true });
  texture.colorSpace ||= made.colorSpace;
}

/** A KTX2 file without the levels that a coarse picture leaves out; null where there are none, or it is of another kind. */
export function withoutFineLevels(file: ArrayBuffer): ArrayBuffer | null {
  const view = new DataView(file);
  const [width, height, levels] = [view.getUint32(20, true), view.getUint32(24, true), view.getUint32(40, true)];
  if (view.getUint32(44, true) !== BASIS_LZ || view.getUint32(28, true) > 0 || view.getUint32(32, true) > 0 || view.getUint32(36, true) !== 1) return null;
  let fewer = 0;
  while (fewer < levels - 1 && (width >> fewer) * (height >> fewer) > COARSE_TEXELS) fewer++;
  if (fewer === 0) return null;
  const first = HEADER + levels * LEVEL; // after the level index
  const globals = Number(view.getBigUint64(64, true));
  const images = globals + 20; // after the header of the global data
  // Levels are stored from the smallest, so those that stay end where the last one that goes begins.
  const end = Number(view.getBigUint64(HEADER + (fewer - 1) * LEVEL, true));
  const less = new Uint8Array(end - fewer * (LEVEL + IMAGE));
  const from = new Uint8Array(file);
  less.set(from.subarray(0, HEADER));
  less.set(from.subarray(HEADER + fewer * LEVEL, images), HEADER);
  less.set(from.subarray(images + fewer * IMAGE, end), images - fewer * LEVEL);
  const out = new DataView(less.buffer);
  out.setUint32(20, width >> fewer, true);
  out.setUint32(24, height >> fewer, true);
  out.setUint32(40, levels - fewer, true);
  for (const at of [48, 56]) if (out.getUint32(at, true)) out.setUint32(at, out.getUint32(at, true) - fewer * LEVEL, true);
  out.setBigUint64(64, BigInt(globals - fewer * LEVEL), true);
  out.setBigUint64(72, out.getBigUint64(72, true) - BigInt(fewer * IMAGE), true);
  for (let k = 0; k < levels - fewer; k++) {
    const at = HEADER + k * LEVEL;
    out.setBigUint64(at, out.getBigUint64(at, true) - BigInt(fewer * (LEVEL + IMAGE)), true);
  }
  return first < globals ? less.buffer : null;
}
