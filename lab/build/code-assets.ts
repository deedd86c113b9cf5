// A plugin for Vite: the processor's generated code (src/cpu/generated/code.ts) as .wasm and .bin files that
// the worker fetches, in place of packed text.
import { join } from "node:path";
import type { Plugin } from "vite";
import { generated } from "../../src/cpu/generated/code.ts";

const MODULE = join("src", "cpu", "generated", "code.ts");

export const codeAssets = (): Plugin => ({
  name: "trapgate: generated code as files",
  load(id) {
    if (!id.endsWith(MODULE)) return null;
    const urls: string[] = [];
    const text = (name: string, value: unknown): string => {
      if (typeof value === "function") {
        const bytes = (value as () => Uint8Array)();
        const isWasm = bytes[0] === 0 && bytes[1] === 0x61;
        const reference = this.emitFile({ type: "asset", name: `${name}.${isWasm ? "wasm" : "bin"}`, source: bytes });
        return `() => files[${urls.push(`import.meta.ROLLUP_FILE_URL_${reference}`) - 1}]`;
      }
      if (Array.isArray(value)) return `[${value.map((item, n) => text(`${name}${n}`, item)).join(", ")}]`;
      return JSON.stringify(value);
    };
    const members = Object.entries(generated).map(([name, value]) => `${name}: ${text(name, value)}`);
    return [
      "const load = async (url) => {",
      "  const answer = await fetch(url);",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: text of a module
      "  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);",
      "  return new Uint8Array(await answer.arrayBuffer());",
      "};",
      `const files = await Promise.all([${urls.join(", ")}].map(load));`,
      `export const generated = { ${members.join(", ")} };`,
    ].join("\n");
  },
});
