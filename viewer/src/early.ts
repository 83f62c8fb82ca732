// What is asked before all else: a script of its own, so that the world is on its way while the rest of the page is read.
import { specOfQuery } from "./address";
import { Service, type Download, type Job } from "./service";

const SOON_MS = 300;

export const query = new URLSearchParams(location.search);
export const service = new Service();

/** What may be asked for; null where the page shows one file. What goes wrong is told where it is awaited. */
export const catalogued = query.has("file") ? null : service.catalogue();
catalogued?.catch(() => undefined);

/** The world of the address line: asked for at once, and fetched where it is there. Null where the address names none. */
export const asked = specOfQuery(query) && catalogued ? ask() : null;
asked?.catch(() => undefined);

export interface Asked {
  job: Job;
  /** null where it has yet to be made */
  glb: Download | null;
}

export function profileOf(profiles: Record<string, unknown>): string {
  return "quest" in profiles ? "quest" : "universal";
}

async function ask(): Promise<Asked> {
  const { profiles } = await catalogued!;
  const job = await service.create(specOfQuery(query)!, profileOf(profiles));
  return { job, glb: job.status === "done" && job.assets.glb ? service.download(job.assets.glb.url) : null };
}

// The rest, three.js with it, is fetched meanwhile. Setting it up blocks the page, so what comes soon may come first.
void Promise.race([asked?.then(({ glb }) => glb?.data), new Promise((go) => setTimeout(go, SOON_MS))])
  .catch(() => undefined)
  .then(() => import("./main"))
  .then((page) => page.open());
