// The page: from an address, a form or a dropped file to a world one stands in.
import { asked as ahead, catalogued, profileOf, query, service } from "./early";
import { queryOfSpec, specOfQuery, type Spec } from "./address";
import { isSoftware } from "./device";
import { byId, element, megabytes, save } from "./dom";
import { Figures } from "./figures";
import { Form, clock, readable } from "./form";
import { Refusal, readAll, type Job, type Step } from "./service";
import { loadSettings, listenToSettings } from "./settings";
import { Stage, type Mode } from "./stage";
import { FileError, Loader } from "./world";

const FILE_URL = "/file.glb"; // where `seedscape view` serves its one file
const STAGES: Record<string, string> = {
  terrain: "Raising the land", materials: "Growing materials", survey: "Walking the land", structures: "Building",
  "plants and rocks": "Planting", ground: "Laying the ground", horizon: "Drawing the horizon", water: "Letting water in",
  sky: "Painting the sky", paths: "Treading paths", export: "Packing", fit: "Fitting the budget", write: "Packing", preview: "Taking a picture",
}; // prettier-ignore
const HINT_MS = 9000;
const PATIENCE_MS = 2500; // without a word; each takes a machine without a GPU a tenth of a second to show

const body = document.body;
const settings = loadSettings();
const bar = byId("bar");
const work = byId("work");
const still = byId("still", HTMLImageElement);
let task: AbortController | null = null; // what is being made or loaded; the latest wins
let job: Job | null = null;
let asked: Spec | null = null;
let spotNumber = 0;

/** What the small script calls once this one is read. Not done by reading it: whoever looks into requests and timers of the page, as
 * tests do, has the browser read a script a second time that asks for them on its outermost level. */
export function open(): void {
  body.classList.toggle("gpu", !isSoftware);
  setTimeout(() => body.classList.add("late"), PATIENCE_MS);
  service.askToken = askToken;
  const stage = makeStage();
  if (stage) begin(stage);
}

function makeStage(): Stage | null {
  try {
    return new Stage(byId("view", HTMLCanvasElement), byId("stick"), settings, (inside) => {
      body.classList.toggle("in-vr", inside);
      byId("vr").textContent = inside ? "Leave VR" : "Enter VR";
    });
  } catch {
    fail("This browser shows no WebGL 2, which the page needs. Hardware acceleration may be off in its settings.");
    return null;
  }
}

function begin(stage: Stage): void {
  const loader = new Loader(stage.renderer);
  const figures = new Figures(stage);
  const form = new Form((spec) => void make(spec, true));
  stage.onFrame = () => figures.update();
  stage.onMode = showMode;
  // For tests and the curious: what the page knows, read only.
  Object.defineProperty(window, "seedscape", { value: { state } });
  listen();
  void offerVr();
  void start();

  async function start(): Promise<void> {
    if (query.has("file") || specOfQuery(query) !== null) {
      loader.prepare();
      stage.prepare();
    } else reveal();
    if (query.has("file")) {
      body.classList.add("one-file");
      await attempt(async (signal) => {
        say("Loading", null);
        const answer = await fetch(FILE_URL, { signal });
        if (!answer.ok) throw new FileError(`The file is not there any more (${answer.status}).`);
        await show(await readAll(answer, (share) => say("Loading", share)), query.get("file") || "file.glb");
      });
      return;
    }
    let catalogue;
    try {
      catalogue = await (catalogued ?? service.catalogue());
    } catch (error) {
      fail(error instanceof Refusal ? error.message : "No service answers here; a GLB can be opened all the same.");
      return;
    }
    profile = profileOf(catalogue.profiles);
    form.build(catalogue.fields);
    const spec = specOfQuery(query);
    if (!spec) return;
    form.fill(spec);
    await make(spec, false);
  }

  async function make(spec: Spec, isNew: boolean): Promise<void> {
    asked = spec;
    if (isNew) history.pushState(null, "", queryOfSpec(spec));
    byId("share").textContent = "Copy link";
    await attempt(async (signal) => {
      say("Asking", null);
      const early = isNew ? null : await ahead;
      signal.throwIfAborted();
      job = early?.job ?? (await service.create(spec, profile, signal));
      const isThere = job.status === "done";
      if (isThere) stage.prepare();
      if (!isThere) reveal(); // it will take a while
      step({ stage: job.stage, progress: job.progress });
      job = await service.follow(job, step, signal);
      if (job.status === "cancelled") return;
      if (job.status === "failed" || !job.assets.glb) throw new FileError(job.error?.detail ?? job.error?.title ?? "It could not be made.");
      const { glb, preview } = job.assets;
      if (preview && !stage.world) void showStill(preview.url, signal);
      say("Loading", 0);
      const coming = early?.glb ?? service.download(glb.url, signal);
      coming.tell = (share) => say("Loading", share);
      const data = await coming.data;
      signal.throwIfAborted();
      await show(data, `${String(spec.seed)}.glb`);
    });
  }

  function step({ stage: name, progress }: Step): void {
    const waiting = job?.status === "queued" && !name;
    const ahead = waiting && job?.ahead ? `, ${job.ahead} before it` : "";
    say(waiting ? `Waiting for its turn${ahead}` : (STAGES[name ?? ""] ?? readable(name ?? "Beginning")), progress);
  }

  /** Do one thing at a time; what goes wrong is told to the person. */
  async function attempt(what: (signal: AbortSignal) => Promise<void>): Promise<void> {
    task?.abort();
    const mine = (task = new AbortController());
    job = null;
    clearToast();
    if (matchMedia("(max-width: 640px)").matches) fold(true); // it would cover what comes
    try {
      await what(mine.signal);
    } catch (error) {
      if (mine.signal.aborted) return;
      if (body.classList.contains("empty")) fold(false);
      if (error instanceof Refusal && error.pointer) form.say(error.message, error.pointer);
      fail(error instanceof TypeError ? "The service cannot be reached." : error instanceof Error ? error.message : String(error));
    } finally {
      if (task === mine) {
        task = null;
        work.hidden = true;
        body.classList.remove("busy");
      }
    }
  }

  async function show(data: ArrayBuffer, name: string): Promise<void> {
    say("Unpacking", 1);
    const world = await loader.load(data, name);
    await stage.show(world);
    spotNumber = 0;
    body.classList.remove("empty");
    void stage.seen.then(reveal);
    bar.hidden = false;
    describe();
    byId("spot").hidden = world.spots.length < 2;
    hint();
    byId("view").focus({ preventScroll: true });
  }

  function describe(): void {
    const world = stage.world!;
    const { spec } = world;
    byId("about").hidden = false;
    byId("title").textContent = "seed" in spec ? `Seed ${String(spec.seed)}` : world.name;
    const facts: [string, string][] = [];
    for (const name of ["biome", "purpose", "season", "weather"]) if (typeof spec[name] === "string") facts.push([readable(name), readable(spec[name])]);
    if (typeof spec.time_of_day_h === "number") facts.push(["Hour", clock(spec.time_of_day_h)]);
    if (typeof spec.size_m === "number") facts.push(["Size", `${spec.size_m} m`]);
    if (typeof spec.relief_m === "number") facts.push(["Relief", `${Math.round(spec.relief_m)} m`]);
    facts.push(["File", megabytes(world.data.byteLength)]);
    byId("facts").replaceChildren(...facts.map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value))));
    byId("share").hidden = asked === null;
    document.title = `${byId("title").textContent} - Seedscape`;
  }

  function listen(): void {
    byId("walk").addEventListener("click", () => stage.setMode("walk"));
    byId("orbit").addEventListener("click", () => stage.setMode("orbit"));
    byId("spot").addEventListener("click", () => {
      const spots = stage.world?.spots ?? [];
      spotNumber = (spotNumber + 1) % spots.length;
      stage.goTo(spots[spotNumber]!);
      stage.setMode(stage.mode);
    });
    byId("shot").addEventListener("click", () => void stage.picture().then((blob) => save(blob, `${stem()}.png`)));
    byId("keep").addEventListener("click", () => save(new Blob([stage.world!.data], { type: "model/gltf-binary" }), `${stem()}.glb`));
    byId("share").addEventListener("click", () => void copyLink());
    byId("stop").addEventListener("click", () => stop());
    byId("fold").addEventListener("click", () => fold(!body.classList.contains("folded")));
    byId("toast").querySelector("button")!.addEventListener("click", clearToast);
    byId("vr").addEventListener("click", () => {
      const going = stage.vr.isInside ? stage.vr.leave() : stage.vr.start();
      going.catch((error: unknown) => fail(`The headset did not start: ${error instanceof Error ? error.message : String(error)}`));
    });
    listenToSettings(settings, stage);
    listenToFiles();
    addEventListener("popstate", () => location.reload());
    for (const id of ["walk", "orbit"]) {
      byId(id).addEventListener("keydown", (event) => {
        if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
        stage.setMode(id === "walk" ? "orbit" : "walk");
        byId(stage.mode).focus();
      });
    }
  }

  function listenToFiles(): void {
    const input = byId("file", HTMLInputElement);
    const drop = byId("drop");
    const open = (file: File | undefined): void => {
      if (!file) return;
      asked = null;
      void attempt(async () => {
        say("Loading", null);
        await show(await file.arrayBuffer(), file.name);
      });
    };
    byId("open").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      open(input.files?.[0]);
      input.value = "";
    });
    addEventListener("dragover", (event) => {
      event.preventDefault();
      drop.hidden = false;
    });
    addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) drop.hidden = true;
    });
    addEventListener("drop", (event) => {
      event.preventDefault();
      drop.hidden = true;
      open(event.dataTransfer?.files[0]);
    });
  }

  function stop(): void {
    const running = job;
    task?.abort();
    task = null;
    work.hidden = true;
    body.classList.remove("busy");
    // What has ended meanwhile need not be cancelled.
    if (running) void service.cancel(running).catch(() => undefined);
  }

  function showMode(): void {
    const mode: Mode = stage.mode;
    for (const name of ["walk", "orbit"] as const) {
      byId(name).setAttribute("aria-checked", String(name === mode));
      byId(name).tabIndex = name === mode ? 0 : -1;
    }
    body.classList.toggle("walking", mode === "walk");
    if (stage.world) hint();
  }

  function hint(): void {
    const fingers = matchMedia("(pointer: coarse)").matches;
    byId("stick").hidden = !(fingers && stage.mode === "walk" && stage.world);
    const walk = fingers ? "Drag to look, the stick walks" : "W A S D to walk, Shift runs, drag or click to look";
    const orbit = fingers ? "Drag to turn, pinch to come nearer" : "Drag to turn, wheel to come nearer, right button moves";
    const line = byId("hint");
    line.textContent = stage.mode === "walk" ? walk : orbit;
    line.hidden = false;
    clearTimeout(hintTimer);
    hintTimer = window.setTimeout(() => (line.hidden = true), HINT_MS);
  }

  function stem(): string {
    return (stage.world?.name ?? "seedscape").replace(/\.[^.]*$/, "");
  }

  function state(): Record<string, unknown> {
    const { walker, world, vr, renderer } = stage;
    const eye = stage.camera.getWorldPosition(walker.feet.clone());
    return {
      ready: world !== null && task === null && !body.classList.contains("early") && stage.isWhole,
      name: world?.name ?? null,
      mode: stage.mode,
      isInVr: vr.isInside,
      feet: walker.feet.toArray(),
      eye: eye.toArray(),
      yaw: walker.yaw,
      ground: world ? walker.heightUnder() : null,
      isEnvironment: world?.isEnvironment ?? false,
      spots: world?.spots.length ?? 0,
      teleportTarget: vr.teleportTarget ? [vr.teleportTarget.x, vr.teleportTarget.y, vr.teleportTarget.z] : null,
      triangles: renderer.info.render.triangles,
      draws: renderer.info.render.calls,
      textureBytes: world?.textureBytes ?? 0,
      frames: stage.frames,
      firstPictureMs: stage.firstPictureMs,
    };
  }
}

let profile = "universal";
let hintTimer = 0;

function say(text: string, share: number | null): void {
  work.hidden = false;
  body.classList.add("busy");
  const meter = byId("meter");
  const line = byId("stage");
  if (line.textContent !== text) line.textContent = text;
  meter.classList.toggle("unknown", share === null);
  if (share === null) meter.removeAttribute("aria-valuenow");
  else meter.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  (meter.firstElementChild as HTMLElement).style.width = share === null ? "" : `${Math.round(share * 100)}%`;
  byId("share-done").textContent = share === null ? "" : `${Math.round(share * 100)} %`;
}

/** The whole page, not the world alone: painting its panels takes a machine without a GPU as long as the world does. */
function reveal(): void {
  body.classList.remove("early");
}

function fail(message: string): void {
  reveal();
  const toast = byId("toast");
  toast.querySelector("p")!.textContent = message;
  toast.hidden = false;
}

function clearToast(): void {
  byId("toast").hidden = true;
}

function fold(closed: boolean): void {
  body.classList.toggle("folded", closed);
  byId("fold").setAttribute("aria-expanded", String(!closed));
}

async function showStill(url: string, signal: AbortSignal): Promise<void> {
  const source = URL.createObjectURL(new Blob([await service.download(url, signal).data], { type: "image/png" }));
  still.onload = () => {
    still.hidden = false;
    URL.revokeObjectURL(source);
  };
  still.src = source;
}

async function copyLink(): Promise<void> {
  const link = new URL(queryOfSpec(asked ?? {}), location.href).href;
  try {
    await navigator.clipboard.writeText(link);
    byId("share").textContent = "Copied";
  } catch {
    // No clipboard without HTTPS: the address line has the same link.
    fail(`Copy it from here: ${link}`);
  }
}

async function askToken(): Promise<string | null> {
  reveal();
  const dialog = byId("token", HTMLDialogElement);
  const input = byId("secret", HTMLInputElement);
  input.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((close) => dialog.addEventListener("close", close, { once: true }));
  const given = input.value.trim();
  input.value = "";
  return dialog.returnValue === "use" && given ? given : null;
}

/** The button stands there only where a headset can be entered; elsewhere the settings say why not. */
async function offerVr(): Promise<void> {
  const note = byId("vr-note");
  const update = async (): Promise<void> => {
    let can = false;
    try {
      can = (await navigator.xr?.isSessionSupported("immersive-vr")) ?? false;
    } catch {
      // refused by the permissions of the page
    }
    byId("vr").hidden = !can;
    note.textContent = can
      ? "Trigger, pinch or stick forward: aim and let go to move. Stick sideways: turn. B or Y: leave."
      : isSecureContext
        ? "No headset is connected to this browser."
        : "A headset can be entered over HTTPS or from localhost only.";
  };
  navigator.xr?.addEventListener("devicechange", () => void update());
  await update();
}
