// What the address line says of a world.

export type Spec = Record<string, number | string>;

/** The spec that an address asks for; null where it names no seed. */
export function specOfQuery(query: URLSearchParams): Spec | null {
  if (!query.has("seed")) return null;
  const spec: Spec = {};
  for (const [name, text] of query) {
    if (!/^[a-z_]{1,40}$/.test(name)) continue;
    spec[name] = text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  }
  return spec;
}

export function queryOfSpec(spec: Spec): string {
  return `?${new URLSearchParams(Object.entries(spec).map(([name, value]) => [name, String(value)]))}`;
}
