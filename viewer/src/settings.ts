// What a person chose once, kept in this browser.
import { byId } from "./dom";
import type { Stage } from "./stage";
import type { Comfort } from "./vr";

const KEY = "seedscape-settings";
const DEFAULTS: Comfort = { snapDeg: 30, smooth: false, scale: 1 };

export function loadSettings(): Comfort {
  const found = { ...DEFAULTS };
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Comfort>;
    if (kept.snapDeg === 45) found.snapDeg = 45;
    if (kept.smooth === true) found.smooth = true;
    if (kept.scale === 0.8 || kept.scale === 1.25) found.scale = kept.scale;
  } catch {
    // storage is closed to this page, or holds something else
  }
  return found;
}

export function listenToSettings(settings: Comfort, stage: Stage): void {
  const dialog = byId("settings", HTMLDialogElement);
  const snap = byId("snap", HTMLSelectElement);
  const smooth = byId("smooth", HTMLInputElement);
  const scale = byId("scale", HTMLSelectElement);
  const shadows = byId("shadows", HTMLInputElement);
  snap.value = String(settings.snapDeg);
  smooth.checked = settings.smooth;
  scale.value = String(settings.scale);
  shadows.checked = stage.shadows;
  byId("tune").addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("change", () => {
    Object.assign(settings, { snapDeg: Number(snap.value), smooth: smooth.checked, scale: Number(scale.value) } satisfies Comfort);
    if (shadows.checked !== stage.shadows) stage.setShadows(shadows.checked);
    try {
      localStorage.setItem(KEY, JSON.stringify(settings));
    } catch {
      // it counts until the page is closed
    }
  });
}
