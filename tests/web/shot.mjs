// A GLB in three.js in real Chromium:
//   node shot.mjs a.glb out.png [--eye x,y,z --look x,y,z] [--fov DEG] [--size WxH] [--engine babylon|playcanvas|aframe]
// Without --eye the camera stands at spawn_0, 1.6 m above it, looking along its heading.
// With --engine another one shows the file, from spawn_0 (see engines.js for what is measured).
// A tileset.json is shown by 3DTilesRendererJS instead, from above its middle.
// Prints one JSON line (see page.html for what is measured); exit 1 unless it loaded and rendered without an error.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isOfDriver, launch } from "./browser.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const MEDIA_TYPES = { ".html": "text/html", ".js": "text/javascript", ".glb": "model/gltf-binary", ".wasm": "application/wasm", ".mjs": "text/javascript", ".cjs": "text/javascript", ".json": "application/json" };
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    eye: { type: "string" },
    look: { type: "string" },
    fov: { type: "string", default: "65" },
    engine: { type: "string" },
    size: { type: "string", default: "960x540" },
    timeout: { type: "string", default: "400" }, // seconds
  },
});
const [file, png] = positionals;
if (!file || !png) {
  console.error("usage: node shot.mjs a.glb out.png [--eye x,y,z --look x,y,z] [--fov DEG] [--size WxH]");
  process.exit(2);
}

// The page, three.js and the one file, on a loopback port of the system's choice.
const isTileset = path.basename(file) === "tileset.json";
const served = new Map([
  ["/", path.join(HERE, isTileset ? "tiles.html" : options.engine ? "engines.html" : "page.html")],
  ["/page.js", path.join(HERE, "page.js")],
  ["/tiles.js", path.join(HERE, "tiles.js")],
  ["/engines.js", path.join(HERE, "engines.js")],
  ["/scene.glb", path.resolve(file)],
]);
const modules = ["three", "3d-tiles-renderer", "babylonjs", "babylonjs-loaders", "playcanvas", "aframe", "meshoptimizer"];
const folders = {
  ...Object.fromEntries(modules.map((name) => [`/${name}/`, path.join(HERE, "node_modules", name)])),
  ...(isTileset ? { "/tileset/": path.dirname(path.resolve(file)) } : {}),
};
const server = http.createServer((request, response) => {
  const url = new URL(request.url, "http://localhost").pathname;
  let found = served.get(url);
  for (const [prefix, root] of Object.entries(folders)) {
    if (found || !url.startsWith(prefix)) continue;
    const inside = path.join(root, path.normalize(url.slice(prefix.length)));
    if (inside.startsWith(root + path.sep) && fs.existsSync(inside)) found = inside;
  }
  if (!found) {
    response.writeHead(url === "/favicon.ico" ? 204 : 404).end();
    return;
  }
  response.writeHead(200, { "content-type": MEDIA_TYPES[path.extname(found)] ?? "application/octet-stream" });
  fs.createReadStream(found).pipe(response);
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));

const [width, height] = options.size.split("x").map(Number);
const query = new URLSearchParams({ width, height, fov: options.fov });
if (options.engine) query.set("engine", options.engine);
if (options.eye) query.set("eye", options.eye);
if (options.look) query.set("look", options.look);

const complaints = [];
const browser = await launch();
let result;
try {
  const page = await browser.newPage({ viewport: { width, height } });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("requestfailed", (request) => complaints.push(`error: could not load ${request.url()}`));
  await page.goto(`http://127.0.0.1:${server.address().port}/?${query}`);
  await page.waitForFunction("window.RESULT !== undefined", null, { timeout: Number(options.timeout) * 1000 });
  result = await page.evaluate("window.RESULT");
  await page.screenshot({ path: png });
} catch (error) {
  result = { ok: false, error: String(error.message).split("\n")[0] };
} finally {
  await browser.close();
  server.close();
}

// The general remark of the tiles viewer on the version of the standard is no word about the file.
const own = complaints.filter((text) => !isOfDriver(text) && !text.includes("tiles versions at 1.1"));
const errors = own.filter((text) => text.startsWith("error"));
console.log(JSON.stringify({ file, ...result, console: own.slice(0, 20) }));
process.exit(result.ok && errors.length === 0 ? 0 : 1);
