// Short ways to the page's own elements.

/** The element of that id; it is in index.html. */
export function byId(id: string): HTMLElement;
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T;
export function byId<T extends HTMLElement>(id: string, kind?: new () => T): HTMLElement {
  const found = document.getElementById(id);
  if (!found || (kind && !(found instanceof kind))) throw new Error(`expected an element #${id} in the page`);
  return found;
}

/** A new element with properties and children; text stays text. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "className") made.className = value ?? "";
    else made.setAttribute(name === "htmlFor" ? "for" : name, value ?? "");
  }
  made.append(...children);
  return made;
}

/** Offer bytes as a file to keep. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
