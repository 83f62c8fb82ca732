// The browser of all pages that are looked at: WebGL 2 without a GPU, nothing of its own on the network.
import { chromium } from "playwright-core";

/** Chromium, headless; CHROMIUM names another than /usr/bin/chromium. */
export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    // SwiftShader draws without a GPU. No sandbox: containers and root have none.
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-component-update",
      "--use-gl=angle",
      "--use-angle=swiftshader",
      "--enable-unsafe-swiftshader",
      "--ignore-gpu-blocklist",
    ],
  });

/** Chromium's own words on its software driver, which are no fault of a page. */
export const isOfDriver = (text) => /GPU stall due to ReadPixels|Automatic fallback to software WebGL/.test(text);
