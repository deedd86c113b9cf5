// The lab's build: static files in dist/lab that work from any folder of any host.
import { existsSync, readFileSync } from "node:fs";
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

/** Recordings name the build: the page has that of the package beside which it is built. */
const buildId = (): Plugin => ({
  name: "trapgate: the build's name",
  transform(code, id) {
    const built = path("../dist/machine/snapshot/file/build-id.js");
    const name = existsSync(built) && / builtFrom = ("\w+")/.exec(readFileSync(built, "utf8"))?.[1];
    return name && id.endsWith("build-id.ts")
      ? code
          .replace("builtFrom: string | undefined = undefined", `builtFrom = ${name}`)
          .replace("builtFrom = undefined", `builtFrom = ${name}`)
      : null;
  },
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
  worker: { format: "es", plugins: () => [codeAssets(), effects(), buildId()] },
  build: {
    outDir: path("../dist/lab"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
  },
});
