// The lab's build: static files in dist/lab that work from any folder of any host.
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { codeAssets } from "./build/code-assets.ts";
import { offline } from "./build/offline.ts";
import { shellRoot } from "./build/shell-root.ts";

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const entry = (name: string, file: string) => ({ find: new RegExp(`^${name}$`), replacement: path(`../src/${file}`) });

/** package.json says of the library that its modules have no effects. This one of the page has. */
const effects = (): Plugin => ({
  name: "trapgate: a module with an effect",
  transform: (code, id) => (id.endsWith("no-eval.ts") ? { code, moduleSideEffects: true } : null),
});

export default defineConfig({
  root: path("."),
  base: "./",
  resolve: {
    alias: [
      entry("trapgate", "index.ts"),
      entry("trapgate/seccomp", "seccomp/index.ts"),
      entry("trapgate/policy", "policy/index.ts"),
      entry("trapgate/cpu", "cpu/index.ts"),
      entry("trapgate/browser", "browser/index.ts"),
    ],
  },
  // Their order: the service worker names all files.
  plugins: [
    effects(),
    shellRoot(path("../dist/lab"), path("../.cache/debian"), path("../guest/bin")),
    offline(path("../dist/lab"), path("build/service-worker.js")),
  ],
  appType: "mpa",
  worker: { format: "es", plugins: () => [codeAssets(), effects()] },
  build: {
    outDir: path("../dist/lab"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
  },
});
