// Deferred imports of the bundle (tools/deferred-imports.mjs): modules that are loaded at the first use of a
// name.
import { transform } from "esbuild";
import { expect, it } from "vitest";
// @ts-expect-error: plain JavaScript, because the build runs it before anything is compiled
import { deferImports } from "../../tools/deferred-imports.mjs";

const deferred = (text: string): Promise<string> =>
  deferImports(transform, "node20.19", "/a/b.js", text, (file: string) => file === "/a/c.js");
const code = (text: string): string => text.replace(/\s+/g, " ").trim();

const head = 'let module$0;const imported$0={get e(){return module$0??=import("./c.js")}}; ';

it("uses become members of the module", async () => {
  const text = 'import { f, G as H } from "./c.js";\nexport const a = (x) => new H(f(x), { f });\n';
  expect(code(await deferred(text))).toBe(
    `${head}const a = (x) => new imported$0.e.G((0, imported$0.e.f)(x), { f: imported$0.e.f }); export { a };`,
  );
});
it("a name of a scope of its own stays", async () => {
  const text = 'import { f } from "./c.js";\nexport const a = (f) => f.f + b.f;\nexport const b = { f() { return f(); } };\n';
  expect(code(await deferred(text))).toBe(
    `${head}const a = (f2) => f2.f + b.f; const b = { f() { return (0, imported$0.e.f)(); } }; export { a, b };`,
  );
});
it("a namespace is the exports", async () => {
  const text = 'import * as c from "./c.js";\nexport const a = () => c.f(c);\n';
  expect(code(await deferred(text))).toBe(`${head}const a = () => imported$0.e.f(imported$0.e); export { a };`);
});
it("imports of other files, and of names that are exported again, stay", async () => {
  const text = 'import { f } from "./d.js";\nimport { g } from "./c.js";\nexport const a = f();\nexport { g };\n';
  expect(await deferred(text)).toBe(text);
});
