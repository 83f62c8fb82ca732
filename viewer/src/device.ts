// What kind of machine shows the page: it decides what is left out.
import { byId } from "./dom";

/** A phone or a tablet: fingers, a small GPU. */
export const isHandheld = matchMedia("(pointer: coarse)").matches;

export const isHeadset = /OculusBrowser|Quest|Pico|Wolvic/i.test(navigator.userAgent);

export const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The one context of the page, null where there is no WebGL 2; a second one to ask the driver's name would cost as much again. */
export const context = makeContext();

/** WebGL without a GPU: every pixel costs. */
export const isSoftware = /SwiftShader|llvmpipe|softpipe|Basic Render/i.test(rendererName());

function makeContext(): WebGL2RenderingContext | null {
  const canvas = byId("view", HTMLCanvasElement);
  // As three.js would ask for it. A GPU smooths edges; where there is none, browsers refuse the first wish.
  const wish = { alpha: true, depth: true, stencil: false, powerPreference: "high-performance" } as const;
  return (
    canvas.getContext("webgl2", { ...wish, antialias: true, failIfMajorPerformanceCaveat: true }) ??
    canvas.getContext("webgl2", { ...wish, antialias: false })
  );
}

function rendererName(): string {
  if (!context) return "";
  const unmasked = context.getExtension("WEBGL_debug_renderer_info");
  return String(context.getParameter(unmasked ? unmasked.UNMASKED_RENDERER_WEBGL : context.RENDERER));
}
