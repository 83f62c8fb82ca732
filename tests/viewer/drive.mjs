// The viewer in real Chromium: node drive.mjs SCENARIO URL FOLDER [JSON]; prints one JSON line of what was seen.
// Pictures go to FOLDER. `complaints` holds warnings and errors of the console, failed requests and uncaught errors.
// The browser comes from tests/web, the emulated headset (iwer) from viewer.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { isOfDriver, launch } from "../web/browser.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const IWER = path.join(HERE, "../../viewer/node_modules/iwer/build/iwer.min.js");
const SMALL = { width: 480, height: 300 }; // every pixel costs there

const [scenario, url, folder, given = "{}"] = process.argv.slice(2);
const options = JSON.parse(given);
const PATIENCE_MS = options.patienceMs ?? 300_000; // a software renderer on a busy machine
const complaints = [];
const browser = await launch();

async function open(address = url, context = {}, prepare = async () => {}) {
  const page = await (await browser.newContext({ viewport: options.size ?? SMALL, acceptDownloads: true, ...context })).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("console", (message) => {
    if (isOfDriver(message.text())) return;
    if (["error", "warning"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("requestfailed", (request) => {
    // Chromium reports a stream that was read to its end as aborted.
    if (request.url().endsWith("/events") && request.failure()?.errorText === "net::ERR_ABORTED") return;
    complaints.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  await prepare(page);
  await page.goto(address);
  return page;
}

const state = (page) => page.evaluate(() => window.seedscape.state());
const until = (page, test, value) => page.waitForFunction(test, value, { timeout: PATIENCE_MS, polling: 100 });
const ready = (page) => until(page, () => window.seedscape?.state().ready && window.seedscape.state().frames > 0);
const frames = async (page, count) => {
  const { frames } = await state(page);
  await until(page, (wanted) => window.seedscape.state().frames >= wanted, frames + count);
};
/** What an action led to has been drawn; outside a headset the page draws only what changed. */
const drawn = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const shot = (page, name) => page.screenshot({ path: path.join(folder, `${name}.png`), timeout: PATIENCE_MS });

/** Run ahead until `metres` from the start, noting where the feet and the eye were in every frame. */
async function walkAhead(page, metres) {
  const way = page.evaluate(
    (metres) =>
      new Promise((done) => {
        const way = [];
        const begun = performance.now();
        const look = () => {
          const { feet, eye } = window.seedscape.state();
          way.push([...feet, eye[1]]);
          const far = Math.hypot(feet[0] - way[0][0], feet[2] - way[0][2]) >= metres;
          if (far || performance.now() - begun > 120_000) done(way);
          else requestAnimationFrame(look);
        };
        look();
      }),
    metres,
  );
  await page.keyboard.down("ShiftLeft");
  await page.keyboard.down("KeyW");
  const found = await way;
  await page.keyboard.up("KeyW");
  await page.keyboard.up("ShiftLeft");
  return found;
}

/** Only look: what the page knows once the first picture is there, and what it took of the processors. */
async function look() {
  const page = await open();
  await until(page, () => (window.seedscape?.state().firstPictureMs ?? null) !== null);
  const system = await browser.newBrowserCDPSession();
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  const cpuSeconds = processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  await shot(page, "look");
  return { ...(await state(page)), cpuSeconds };
}

async function walk() {
  const page = await open();
  await ready(page);
  const start = await state(page);
  await page.locator("#view").focus();
  const way = await walkAhead(page, options.metres ?? 10);
  const box = await page.locator("#view").boundingBox();
  await page.mouse.move(box.x + box.width * 0.7, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7 + 100, box.y + 60, { steps: 4 });
  await page.mouse.up();
  const turned = (await state(page)).yaw - start.yaw;
  await page.locator("#count").click();
  await drawn(page);
  await shot(page, "walk");
  const figures = await page.locator("#figures").innerText();
  const [picture] = await Promise.all([page.waitForEvent("download"), page.locator("#shot").click()]);
  await picture.saveAs(path.join(folder, "own.png"));
  const [glb] = await Promise.all([page.waitForEvent("download"), page.evaluate(() => document.getElementById("keep").click())]);
  await glb.saveAs(path.join(folder, "own.glb"));
  await page.locator("#orbit").click();
  await drawn(page);
  const orbit = await state(page);
  await shot(page, "orbit");
  await page.locator("#walk").click();
  await drawn(page);
  return { start, way, turned, figures, orbit, end: await state(page), names: [picture.suggestedFilename(), glb.suggestedFilename()] };
}

/** A phone upright: the stick walks, a finger turns the head. */
async function phone() {
  const page = await open(url, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 1 });
  await ready(page);
  const start = await state(page);
  const stick = await page.locator("#stick").boundingBox();
  const touch = await page.context().newCDPSession(page);
  const finger = (type, x, y) => touch.send("Input.dispatchTouchEvent", { type, touchPoints: type === "touchEnd" ? [] : [{ x, y }] });
  const [x, y] = [stick.x + stick.width / 2, stick.y + stick.height / 2];
  await finger("touchStart", x, y);
  await finger("touchMove", x, y - 55);
  await until(page, ([x, z]) => Math.hypot(window.seedscape.state().feet[0] - x, window.seedscape.state().feet[2] - z) > 0.5, [start.feet[0], start.feet[2]]);
  await shot(page, "phone");
  await finger("touchEnd");
  await finger("touchStart", 120, 400);
  await finger("touchMove", 180, 400);
  await finger("touchEnd");
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  return { start, end: await state(page), overflow };
}

/** The page in a browser with an emulated Quest 3. */
const openWithHeadset = () =>
  open(url, {}, async (page) => {
    await page.addInitScript({ content: fs.readFileSync(IWER, "utf8") });
    await page.addInitScript(() => {
      const device = new window.IWER.XRDevice(window.IWER.metaQuest3);
      device.installRuntime({ forceInstall: true }); // Chromium has a runtime without a headset
      device.stereoEnabled = true;
      device.position.set(0.3, 1.55, 0.2); // not in the middle of the room
      window.device = device;
    });
  });

async function vr() {
  const page = await openWithHeadset();
  await ready(page);
  return visit(page);
}

/** A world that is made while the page waits, on foot, then with the headset. */
async function whole() {
  const page = await openWithHeadset();
  await page.locator("#ask").waitFor();
  await page.locator("#seed").fill("42");
  await page.locator("#more summary").click();
  for (const [name, value] of Object.entries(options.fields)) {
    const field = page.locator(`#field-${name}`);
    if ((await field.evaluate((one) => one.tagName)) === "SELECT") await field.selectOption(String(value));
    else await field.fill(String(value));
  }
  await page.evaluate(() => {
    window.shares = [];
    const meter = document.getElementById("meter");
    new MutationObserver(() => window.shares.push(Number(meter.getAttribute("aria-valuenow")))).observe(meter, { attributes: true });
  });
  await page.locator("#make").click();
  await until(page, () => Number(document.getElementById("meter").getAttribute("aria-valuenow")) >= 20);
  const made = await page.evaluate(() => window.shares);
  await ready(page);
  await shot(page, "made");
  await page.locator("#view").focus();
  const way = await walkAhead(page, 10);
  return { made, way, ...(await visit(page)) };
}

/** Polled in the page: point somewhere else each time until there is ground to stand on, as people do. */
const aim = ({ down, turns }) => {
  const { teleportTarget, frames } = window.seedscape.state();
  if (teleportTarget !== null) return true;
  window.aimed ??= { frames, number: 0 };
  if (frames < window.aimed.frames + 4) return false;
  window.aimed = { frames, number: window.aimed.number + 1 };
  const turn = turns[window.aimed.number % turns.length];
  const [sx, cx, sy, cy] = [Math.sin(-down / 2), Math.cos(down / 2), Math.sin(turn / 2), Math.cos(turn / 2)];
  window.device.controllers.right.quaternion.set(cy * sx, sy * cx, -sy * sx, cy * cx);
  return false;
};

/** Enter, teleport, turn, hands, leave. */
async function visit(page) {
  const before = await state(page);
  await until(page, () => !document.getElementById("vr").hidden);
  await page.evaluate(() => document.getElementById("vr").click());
  await until(page, () => window.seedscape.state().isInVr);
  await page.evaluate(() => {
    const { left, right } = window.device.controllers;
    left.position.set(-0.05, 1.25, -0.25);
    right.position.set(0.55, 1.25, -0.25);
    right.quaternion.set(Math.sin(-0.1), 0, 0, Math.cos(-0.1));
  });
  await frames(page, 2);
  const inside = await state(page);

  await page.evaluate(() => window.device.controllers.right.updateAxes("thumbstick", 0, -1));
  await until(page, aim, { down: 0.2, turns: [0, 0.5, -0.5, 1, -1, 1.6, -1.6, 2.4, -2.4, 3.1] });
  const { teleportTarget } = await state(page);
  await shot(page, "vr");
  await page.evaluate(() => window.device.controllers.right.updateAxes("thumbstick", 0, 0));
  await until(page, () => window.seedscape.state().teleportTarget === null);
  const teleported = await state(page);

  await page.evaluate(() => window.device.controllers.right.updateAxes("thumbstick", 1, 0));
  await frames(page, 3); // held: it turns once only
  await page.evaluate(() => window.device.controllers.right.updateAxes("thumbstick", 0, 0));
  await frames(page, 2);
  const snapped = await state(page);

  await page.evaluate(() => {
    window.device.primaryInputMode = "hand";
    const { left, right } = window.device.hands;
    left.position.set(0.1, 1.35, -0.25);
    right.position.set(0.5, 1.35, -0.25);
  });
  await frames(page, 3);
  await shot(page, "vr-hands");
  await page.evaluate(() => (window.device.primaryInputMode = "controller"));
  await frames(page, 2);

  await page.evaluate(() => window.device.controllers.right.updateButtonValue("b-button", 1));
  await until(page, () => !window.seedscape.state().isInVr);
  await drawn(page);
  await shot(page, "after-vr");
  return { before, inside, teleportTarget, teleported, snapped, after: await state(page) };
}

/** Files by the picker, one after the other: what the page says of each. */
async function files() {
  const page = await open();
  const seen = [];
  for (const file of options.files) {
    await page.locator("#file").setInputFiles(file);
    await until(page, () => document.getElementById("work").hidden && (window.seedscape.state().ready || !document.getElementById("toast").hidden));
    const toast = page.locator("#toast");
    seen.push({ message: (await toast.isVisible()) ? await toast.locator("p").innerText() : null, ...(await state(page)) });
    await shot(page, path.basename(file, ".glb"));
  }
  return { seen };
}

/** A world from the form: token, progress, the picture, its link; then the link in a page of its own. */
async function form() {
  const page = await open();
  if (options.token) {
    await page.locator("#secret").fill(options.token);
    await page.locator("#token button.primary").click();
  }
  await page.locator("#ask").waitFor();
  await page.locator("#seed").fill("no number");
  await page.locator("#make").click();
  const fault = await page.locator("#fault").innerText();
  await page.locator("#dice").click();
  const dice = await page.locator("#seed").inputValue();
  await page.locator("#seed").fill("42");
  await page.locator("#field-biome").selectOption("meadow");
  await page.locator("#field-time_of_day_h").fill("17.5");
  await shot(page, "form");
  await page.evaluate(() => {
    window.steps = [];
    const line = document.getElementById("stage");
    const texts = ({ addedNodes }) => [...addedNodes].map((node) => node.textContent);
    new MutationObserver((records) => window.steps.push(...records.flatMap(texts))).observe(line, { childList: true }); // even what the next one replaced at once
  });
  await page.locator("#make").click();
  await until(page, () => Number(document.getElementById("meter").getAttribute("aria-valuenow")) >= 20);
  await shot(page, "progress");
  await ready(page);
  await shot(page, "world");
  const [steps, first] = [await page.evaluate(() => window.steps), await state(page)];
  const title = await page.locator("#title").innerText();
  const link = page.url();
  if (options.token) return { fault, dice, steps, first, title, link };
  const other = await open(link);
  await ready(other);
  return { fault, dice, steps, first, title, link, linked: await state(other) };
}

try {
  const seen = await { look, walk, phone, vr, whole, files, form }[scenario]();
  console.log(JSON.stringify({ ...seen, complaints }));
} finally {
  await browser.close();
}
