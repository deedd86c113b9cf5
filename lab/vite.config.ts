// The lab's build: static files in dist/lab that work from any folder of any host.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { codeAssets } from "./build/code-assets.ts";
import { offline } from "./build/offline.ts";

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const entry = (name: string, file: string) => ({ find: new RegExp(`^${name}$`), replacement: path(`../src/${file}`) });

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
  plugins: [offline(path("../dist/lab"), path("build/service-worker.js"))],
  worker: { format: "es", plugins: () => [codeAssets()] },
  build: {
    outDir: path("../dist/lab"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
  },
});
