// What is asked before the canvas is set up, which a driver without a GPU takes half a second for; imported before all else.
import { Service } from "./service";

export const query = new URLSearchParams(location.search);
export const service = new Service();

/** What may be asked for; null where the page shows one file. What goes wrong is told where it is awaited. */
export const catalogued = query.has("file") ? null : service.catalogue();
catalogued?.catch(() => undefined);
