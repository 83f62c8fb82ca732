import { defineConfig, type Plugin } from "vite";
import { withoutEval } from "./embind";

/** The large script is fetched beside the small one that asks for it. */
function preloadMain(): Plugin {
  return {
    name: "preload-main",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (_, { bundle = {} }) =>
        Object.values(bundle)
          .filter((one) => one.type === "chunk" && one.isDynamicEntry)
          .map((one) => ({ tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: `/viewer/${one.fileName}` }, injectTo: "head" })),
    },
  };
}

// The bundle is package data: the service and `seedscape view` serve it at /viewer/ with hashed names under assets/.
export default defineConfig({
  base: "/viewer/",
  plugins: [withoutEval(), preloadMain()],
  build: {
    outDir: "../seedscape/viewer",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the policy of the page allows no data: URL in a script
    chunkSizeWarningLimit: 1500,
    modulePreload: { polyfill: false },
  },
});
