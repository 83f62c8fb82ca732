// What kind of machine shows the page: it decides what is left out.

/** A phone or a tablet: fingers, a small GPU. */
export const isHandheld = matchMedia("(pointer: coarse)").matches;

export const isHeadset = /OculusBrowser|Quest|Pico|Wolvic/i.test(navigator.userAgent);

export const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;

/** WebGL without a GPU: every pixel costs. */
export const isSoftware = /SwiftShader|llvmpipe|softpipe|Basic Render/i.test(rendererName());

function rendererName(): string {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return "";
  const unmasked = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(unmasked ? unmasked.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return name;
}
