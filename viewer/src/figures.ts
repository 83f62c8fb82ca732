// What the world costs: counted by three.js, shown while somebody looks.
import { byId, element, megabytes } from "./dom";
import type { Stage } from "./stage";

const EVERY_MS = 250;

export class Figures {
  private readonly box = byId("figures");
  private readonly values = new Map<string, HTMLElement>();
  private shown = 0;
  private timer = 0;

  constructor(private readonly stage: Stage) {
    const list = this.box.querySelector("dl")!;
    for (const name of ["Triangles", "Draws", "Textures", "Texture memory", "Frame", "File"]) {
      const value = element("dd");
      this.values.set(name, value);
      list.append(element("div", {}, element("dt", {}, name), value));
    }
    const button = byId("count");
    button.addEventListener("click", () => {
      this.box.hidden = !this.box.hidden;
      button.setAttribute("aria-pressed", String(!this.box.hidden));
      clearInterval(this.timer);
      if (this.box.hidden) return;
      this.update(true);
      this.timer = window.setInterval(() => this.update(true), 4 * EVERY_MS);
    });
  }

  /** To be called after every frame; seldom does anything. */
  update(now = false): void {
    if (this.box.hidden || (!now && performance.now() - this.shown < EVERY_MS)) return;
    this.shown = performance.now();
    const { render, memory } = this.stage.renderer.info;
    const ms = this.stage.frameMs;
    this.set("Triangles", render.triangles.toLocaleString("en"));
    this.set("Draws", String(render.calls));
    this.set("Textures", String(memory.textures));
    this.set("Texture memory", megabytes(this.stage.world?.textureBytes ?? 0));
    this.set("Frame", Number.isNaN(ms) ? "at rest" : `${ms.toFixed(1)} ms, ${Math.round(1000 / ms)} fps`);
    this.set("File", megabytes(this.stage.world?.data.byteLength ?? 0));
  }

  private set(name: string, text: string): void {
    const value = this.values.get(name)!;
    if (value.textContent !== text) value.textContent = text;
  }
}
