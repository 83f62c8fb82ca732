import { defineConfig } from "vite";
import { withoutEval } from "./embind";

// The bundle is package data: the service and `seedscape view` serve it at /viewer/ with hashed names under assets/.
export default defineConfig({
  base: "/viewer/",
  plugins: [withoutEval()],
  build: {
    outDir: "../seedscape/viewer",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the policy of the page allows no data: URL in a script
    chunkSizeWarningLimit: 1500,
    modulePreload: { polyfill: false },
  },
});
