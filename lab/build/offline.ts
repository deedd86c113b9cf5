// A plugin for Vite: the service worker that keeps the page for use without a network. It lists every file of
// the build and a version, which is a hash of their contents.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const NAME = "service-worker.js";

export const offline = (outDir: string, template: string): Plugin => ({
  name: "trapgate: a service worker",
  apply: "build",
  closeBundle: {
    sequential: true,
    order: "post",
    handler() {
      const files = (readdirSync(outDir, { recursive: true }) as string[])
        .filter((file) => file !== NAME && statSync(join(outDir, file)).isFile())
        .sort();
      const hash = createHash("sha256");
      for (const file of files) hash.update(file).update(readFileSync(join(outDir, file)));
      const text = readFileSync(template, "utf8")
        .replace('"VERSION"', JSON.stringify(hash.digest("hex").slice(0, 16)))
        .replace('["FILES"]', JSON.stringify(files));
      writeFileSync(join(outDir, NAME), text);
    },
  },
});
