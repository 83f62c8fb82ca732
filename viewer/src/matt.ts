// The shader of machines without a GPU: light is reckoned at the corners (Gouraud 1971), and a pixel only looks up its pictures. The
// numbers are those of three.js for a matt surface; a picture of 1280 x 800 of a world takes SwiftShader less than half the time.
import type { MeshLambertMaterial, WebGLProgramParametersWithUniforms } from "three";

const VERTEX = /* glsl */ `
uniform vec3 diffuse;
uniform float shine;
varying vec3 vDirect;
varying vec3 vAmbient;
#include <common>
#include <uv_pars_vertex>
#include <color_pars_vertex>
#include <lights_pars_begin>
void main() {
  #include <uv_vertex>
  #include <color_vertex>
  #include <beginnormal_vertex>
  #include <defaultnormal_vertex>
  #include <begin_vertex>
  #include <project_vertex>
  vec3 towards = normalize(transformedNormal);
  vec3 tint = diffuse * RECIPROCAL_PI;
  #if defined(USE_COLOR) || defined(USE_COLOR_ALPHA)
    tint *= vColor.rgb;
  #endif
  vAmbient = ambientLightColor;
  #ifdef USE_LIGHT_PROBES
    vAmbient += getLightProbeIrradiance(lightProbe, towards);
  #endif
  vAmbient *= tint;
  vDirect = vec3(0.0);
  #if NUM_DIR_LIGHTS > 0
    for (int k = 0; k < NUM_DIR_LIGHTS; k++) vDirect += saturate(dot(towards, directionalLights[k].direction)) * directionalLights[k].color;
  #endif
  vDirect *= tint;
  // What shines by itself, as a sky does, shows its colour as it is.
  vAmbient = mix(vAmbient, tint * PI, shine);
  vDirect *= 1.0 - shine;
}
`;

const FRAGMENT = /* glsl */ `
uniform vec3 emissive;
uniform float opacity;
uniform vec2 solid;
varying vec3 vDirect;
varying vec3 vAmbient;
#include <common>
#include <color_pars_fragment>
#include <uv_pars_fragment>
#include <map_pars_fragment>
#include <alphatest_pars_fragment>
#include <aomap_pars_fragment>
void main() {
  vec4 diffuseColor = vec4(1.0, 1.0, 1.0, opacity);
  #include <map_fragment>
  #ifdef USE_COLOR_ALPHA
    diffuseColor.a *= vColor.a;
  #endif
  diffuseColor.a = max(diffuseColor.a, solid.x);
  #include <alphatest_fragment>
  vec3 light = vAmbient;
  #ifdef USE_AOMAP
    light *= (texture2D(aoMap, vAoMapUv).r - 1.0) * aoMapIntensity + 1.0;
  #endif
  vec3 outgoingLight = (light + vDirect) * diffuseColor.rgb + emissive;
  gl_FragColor = vec4(outgoingLight, max(diffuseColor.a, solid.y));
  #include <tonemapping_fragment>
  #include <colorspace_fragment>
}
`;

// Where three.js writes the shader as ever.
const AS_EVER: [string, string][] = [
  ["#include <common>", "uniform float shine;\nuniform vec2 solid;\n#include <common>"],
  ["#include <alphatest_fragment>", "diffuseColor.a = max(diffuseColor.a, solid.x);\n#include <alphatest_fragment>"],
  ["#include <opaque_fragment>", "outgoingLight = mix(outgoingLight, diffuseColor.rgb, shine);\ndiffuseColor.a = max(diffuseColor.a, solid.y);\n#include <opaque_fragment>"],
];

/** Have `material` drawn so; where it needs more than this, e.g. a shadow, three.js writes the shader as ever. shines: its colour is
 * light, whatever lights it. hasHoles: where its picture has little alpha. What is not transparent hides what is behind it otherwise. */
export function lightAtCorners(material: MeshLambertMaterial, shines: boolean, hasHoles: boolean): MeshLambertMaterial {
  material.userData.shines = shines;
  material.onBeforeCompile = (shader) => {
    shader.uniforms.shine = { value: shines ? 1 : 0 };
    // before the test for holes, and after
    shader.uniforms.solid = { value: [material.transparent || hasHoles ? 0 : 1, material.transparent ? 0 : 1] };
    write(shader);
  };
  material.customProgramCacheKey = () => "matt"; // numbers differ, not the text
  return material;
}

function write(shader: WebGLProgramParametersWithUniforms): void {
  const { shadowMapEnabled, doubleSided, flatShading, emissiveMap, skinning, morphTargets, numPointLights, numSpotLights, numHemiLights } = shader;
  const needsMore = shadowMapEnabled || doubleSided || flatShading || emissiveMap || skinning || morphTargets;
  if (needsMore || numPointLights + numSpotLights + numHemiLights > 0) {
    for (const [from, to] of AS_EVER) shader.fragmentShader = shader.fragmentShader.replace(from, to);
    return;
  }
  shader.vertexShader = VERTEX;
  shader.fragmentShader = FRAGMENT;
}
