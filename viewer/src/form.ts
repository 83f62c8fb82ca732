// The form of a spec, made from what the service says may be asked for; and the same as a link.
import type { Spec } from "./address";
import type { Field } from "./service";
import { byId, element } from "./dom";

const FIRST = ["biome", "purpose", "time_of_day_h"];
const FURTHER = ["weather", "season", "size_m", "texture_px"];
const LABELS: Record<string, string> = {
  biome: "Biome", purpose: "Purpose", time_of_day_h: "Hour", weather: "Weather", season: "Season", size_m: "Size", texture_px: "Texture",
}; // prettier-ignore
const STEPS: Record<string, number> = { time_of_day_h: 0.25, size_m: 50 };

export class Form {
  private fields: Field[] = [];
  private readonly seed = byId("seed", HTMLInputElement);
  private readonly fault = byId("fault");
  /** fields of a link that the form has no control for; they are passed on */
  private further: Spec = {};

  constructor(ask: (spec: Spec) => void) {
    this.seed.value = "42";
    byId("dice").addEventListener("click", () => {
      this.seed.value = String(crypto.getRandomValues(new Uint32Array(1))[0]! % 1_000_000);
      this.say("");
    });
    byId("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      const spec = this.read();
      if (spec) ask(spec);
    });
  }

  /** Show a control for every field that the page offers and the service knows. */
  build(fields: Field[]): void {
    this.fields = fields;
    byId("fields").replaceChildren(...FIRST.flatMap((name) => this.control(name)));
    byId("further").replaceChildren(...FURTHER.flatMap((name) => this.control(name)));
    byId("ask").hidden = false;
  }

  /** Fill in what a link asks for; unknown names are left to the service to refuse. */
  fill(spec: Spec): void {
    this.further = {};
    for (const [name, value] of Object.entries(spec)) {
      const input = name === "seed" ? this.seed : document.getElementById(`field-${name}`);
      if (input instanceof HTMLInputElement || input instanceof HTMLSelectElement) {
        input.value = String(value);
        input.dispatchEvent(new Event("input"));
      } else this.further[name] = value;
    }
  }

  /** The spec that is asked for, without what stands at its default; null where the seed is none. */
  read(): Spec | null {
    const text = this.seed.value.trim();
    const seed = Number(text);
    const known = this.fields.find((field) => field.name === "seed");
    if (!/^[0-9]{1,16}$/.test(text) || seed > (known?.maximum ?? Number.MAX_SAFE_INTEGER)) {
      this.say(`A seed is a whole number, 0 to ${(known?.maximum ?? Number.MAX_SAFE_INTEGER).toLocaleString("en")}.`);
      this.seed.focus();
      return null;
    }
    this.say("");
    const spec: Spec = { seed, ...this.further };
    for (const name of [...FIRST, ...FURTHER]) {
      const field = this.fields.find((each) => each.name === name);
      const input = document.getElementById(`field-${name}`) as HTMLInputElement | HTMLSelectElement | null;
      if (!field || !input) continue;
      const value = field.type === "string" ? input.value : Number(input.value);
      if (value !== field.default) spec[name] = value;
    }
    return spec;
  }

  /** What is wrong, and where: a JSON pointer into the request. */
  say(message: string, pointer = ""): void {
    this.fault.textContent = message;
    const name = pointer.split("/").at(-1) ?? "";
    const input = name === "seed" ? this.seed : document.getElementById(`field-${name}`);
    input?.focus();
  }

  private control(name: string): HTMLElement[] {
    const field = this.fields.find((each) => each.name === name);
    if (!field) return [];
    const id = `field-${name}`;
    const label = element("label", { htmlFor: id, title: field.meaning }, LABELS[name] ?? name);
    if (field.choices) {
      const options = field.choices.map((choice) => element("option", { value: String(choice) }, readable(String(choice))));
      const select = element("select", { id, title: field.meaning }, ...options);
      select.value = String(field.default);
      return [element("div", { className: "field" }, label, select)];
    }
    const input = element("input", {
      id, type: "range", min: String(field.minimum), max: String(field.maximum), step: String(STEPS[name] ?? "any"), title: field.meaning,
    }); // prettier-ignore
    input.value = String(field.default);
    const output = element("output", { htmlFor: id });
    const show = (): void => {
      output.textContent = name === "time_of_day_h" ? clock(Number(input.value)) : `${Number(input.value)} ${field.unit ?? ""}`;
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.addEventListener("input", show);
    show();
    return [element("div", { className: "field range" }, label, output, input)];
  }
}

export function readable(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function clock(hour: number): string {
  const minutes = Math.round(hour * 60);
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}
