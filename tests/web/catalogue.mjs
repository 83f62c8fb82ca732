// A catalogue page in real Chromium, straight from the disk:
//   node catalogue.mjs DIR/index.html
// Prints one JSON line: milliseconds until the first cards stand, and what a visitor finds who searches, filters, sorts
// and opens an environment.
import path from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "./browser.mjs";

const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
const problems = [];
let loads = 0;
page.on("console", (message) => ["error", "warning"].includes(message.type()) && problems.push(message.text()));
page.on("pageerror", (error) => problems.push(error.message));
page.on("dialog", (dialog) => (problems.push("a dialog"), dialog.dismiss()));
page.on("load", () => loads++);

const cards = () => page.locator("#grid .card").count();
const names = () => page.locator("#grid .card").evaluateAll((all) => all.map((card) => card.dataset.name));
const count = () => page.locator("#count").innerText();
const seen = {};
const since = performance.now();
await page.goto(pathToFileURL(path.resolve(process.argv[2])).href, { waitUntil: "load" });
await page.waitForSelector("#grid .card img, #grid .card .shot");
seen.openMs = Math.round(performance.now() - since);
seen.cards = await cards();
seen.count = await count();
const before = performance.now();
await page.selectOption("#biome", { index: 1 });
seen.filterMs = Math.round(performance.now() - before);
seen.filtered = await count();
seen.biomes = await page.locator("#grid .dim:first-of-type").count();
await page.selectOption("#biome", "");
await page.fill("#search", "7");
seen.searched = await names();
await page.fill("#search", "no such place");
seen.nothing = await cards();
await page.fill("#search", "");
await page.selectOption("#order", { label: "By triangles, most first" });
seen.sorted = (await names()).slice(0, 3);
await page.mouse.wheel(0, 100000);
await page.waitForFunction((few) => document.querySelectorAll("#grid .card").length > few, seen.cards);
seen.afterScrolling = await cards();
seen.brokenPictures = await page.locator("#grid img").evaluateAll((all) => all.filter((one) => one.complete && !one.naturalWidth).length);
await page.evaluate(() => scrollTo(0, 0));
await page.locator("#grid .card").first().click();
seen.title = await page.locator("#dialog h2").innerText();
seen.links = await page.locator("#dialog a").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
seen.command = await page.locator("#dialog code").innerText();
seen.alike = await page.locator("#alike .card").count();
await page.locator("#alike .card").first().click();
seen.next = await page.locator("#dialog h2").innerText();
await page.keyboard.press("Escape");
seen.open = await page.locator("#dialog").evaluate((dialog) => dialog.open);
seen.failed = await page.locator("#failed").innerText();
seen.injected = await page.locator("body script").count();
console.log(JSON.stringify({ ...seen, loads, problems }));
await browser.close();
