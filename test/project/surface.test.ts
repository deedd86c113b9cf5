// The published types: a project with the language's own library alone compiles against every entry of the
// package.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { apiPage, type Export, emitTypes, exportsOf, entries as publicEntries } from "../../tools/api.ts";
import { inFolder } from "../support/guest.ts";
import { top } from "../support/host.ts";

const tsc = join(top, "node_modules", "typescript", "bin", "tsc");
const { exports: entries } = JSON.parse(readFileSync(join(top, "package.json"), "utf8")) as { exports: Record<string, { types: string }> };
/** `trapgate/internal` promises nothing. */
const promised = Object.keys(entries).filter((entry) => entry !== "./internal");
const moduleOf = (entry: string): string => entry.replace(".", "trapgate");

/** `expression;   // value`, in an example. */
const shownValue = /^(?!\s|if |for |const )([^;\n]+);\s+\/\/ (-?0x[\da-f]+|-?\d+|"[^"]*"|true|false|undefined)(?=$|[:,]).*$/gm;

/** Entries whose docstrings are complete. */
const documented = publicEntries.map(({ name }) => name).filter((name) => name !== "trapgate/policy");

/** Uses the machine as a program would, in types that need no other library. */
const sample = `
import { CodeMemory, explore, Machine, type MachineOptions, Problem, type Run } from "trapgate";
import { assemble, upstream } from "trapgate/seccomp";
import { disassemble } from "trapgate/cpu";
const options: MachineOptions = { kernel: "v6", code: new CodeMemory(), files: { "/a": "text" } };
export const run: Promise<Run> = new Machine(options).run(new Uint8Array(8), { args: ["a"], trace: { follow: true } });
export const lines = Array.from(disassemble(new Uint8Array([0x90]), { mode: 64, at: 0 }), ({ text }) => text);
export const problems: number = assemble("return ALLOW", { layout: upstream.layout, returns: upstream.returns }).problems.length;
export const found = explore("/program", { never: ["unlink"] }).catch((error: unknown) => error instanceof Problem && error.code);
`;
/** Uses of internals that must not compile. */
const intrusion = `
import { Machine } from "trapgate";
const machine = new Machine({ kernal: "v6" });
machine.kernel; machine.inputs; machine.giveUp; machine.runClosed; machine.follow; machine.onRegion; machine.engineStats;
new Machine({}, undefined);
`;

/** Modules whose declarations one needs, with itself. */
const declarationsOf = (path: string, found = new Set<string>()): ReadonlySet<string> => {
  if (found.has(path)) return found;
  found.add(path);
  const text = readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  for (const [, from] of text.matchAll(/(?:from|import|import\() ?"(\.[^"]+)\.[jt]s"/g))
    declarationsOf(join(dirname(path), `${from}.d.ts`), found);
  return found;
};

describe("the types of the package", { timeout: 240_000 }, () => {
  const project = inFolder(async (folder) => {
    const install = join(folder, "node_modules", "trapgate");
    mkdirSync(install, { recursive: true });
    cpSync(join(top, "package.json"), join(install, "package.json"));
    const types = join(install, "dist");
    const modules = join(folder, "modules");
    emitTypes(modules);
    cpSync(modules, types, { recursive: true });
    execFileSync(process.execPath, [join(top, "tools", "slim.mjs"), types]);
    // vitest's own types need Node's: the matchers extend an interface of it, and no more.
    mkdirSync(join(folder, "node_modules", "vitest"));
    writeFileSync(join(folder, "node_modules", "vitest", "package.json"), '{ "name": "vitest", "types": "./index.d.ts" }');
    writeFileSync(join(folder, "node_modules", "vitest", "index.d.ts"), "export interface Matchers<T = any> { toBe(expected: T): void }\n");
    const config = { strict: true, lib: ["es2023"], types: [], skipLibCheck: false, noEmit: true, module: "nodenext", target: "es2023" };
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: config, include: ["*.ts"] }));
    const compile = (text: string): readonly string[] => {
      writeFileSync(join(folder, "sample.ts"), text);
      return spawnSync(process.execPath, [tsc, "-p", folder, "--listFiles"], { cwd: folder, encoding: "utf8" }).stdout.split("\n");
    };
    const errors = (lines: readonly string[]): string[] => lines.filter((line) => /error TS/.test(line));
    return {
      page: apiPage(modules),
      documented: Object.fromEntries(publicEntries.map(({ name, file }) => [name, exportsOf(modules, file)])),
      doors: readdirSync(types, { recursive: true, encoding: "utf8" }).filter((name) => !name.startsWith("types")),
      entries: promised.map((entry) => {
        const lines = compile(`export * from "${moduleOf(entry)}";\n`);
        const { types: door = "" } = entries[entry] as { types: string };
        const jit = [...declarationsOf(join(modules, door.slice("./dist/".length)))].filter((path) => /\bjit\//.test(path));
        return { entry, errors: errors(lines), jit, files: lines.length };
      }),
      sample: errors(compile(sample)),
      intrusion: errors(compile(intrusion)),
    };
  });

  it.each(promised)("%s compiles with lib es2023, no types and skipLibCheck false", async (entry) => {
    const found = (await project).entries.find((one) => one.entry === entry);
    expect(found?.errors).toEqual([]);
    expect(found?.jit).toEqual([]);
    expect(found?.files).toBeGreaterThan(1);
  });
  it("are all in the reference, which is what `npm run docs` writes", async () => {
    expect(publicEntries.map(({ name }) => name).sort()).toEqual(promised.map(moduleOf).sort());
    expect(readFileSync(join(top, "docs", "reference", "api.md"), "utf8")).toBe((await project).page);
  });
  it.each(documented)("%s: each export has a docstring, each function and class an example", async (name) => {
    const exports = (await project).documented[name] as Export[];
    expect(exports.length).toBeGreaterThan(1);
    expect(exports.filter(({ doc }) => !doc?.text).map((one) => one.name)).toEqual([]);
    const active = exports.filter(({ kind }) => kind === "class" || kind === "function");
    expect(active.filter(({ doc }) => !doc?.example).map((one) => one.name)).toEqual([]);
  });
  it.each(["seccomp", "cpu"] as const)("trapgate/%s: each example runs, with the values that it shows", async (name) => {
    const library: Record<string, unknown> = await (name === "cpu" ? import("trapgate/cpu") : import("trapgate/seccomp"));
    const AsyncFunction = (async () => {}).constructor as new (...texts: string[]) => (...values: unknown[]) => Promise<void>;
    for (const { name: own, doc } of (await project).documented[`trapgate/${name}`] as Export[]) {
      if (doc?.example === undefined) continue;
      const text = doc.example.replace(shownValue, (_, expression, value) => `same(${expression}, ${value});`);
      const run = new AsyncFunction("console", "same", ...Object.keys(library), `{ ${text}\n }`);
      const same = (found: unknown, shown: unknown): void => expect(found, own).toEqual(shown);
      await expect(run({ log: () => {} }, same, ...Object.values(library)), own).resolves.toBeUndefined();
    }
  });
  it("are one file a door, and those that doors share", async () => {
    const files = Object.values(entries).map(({ types }) => types.slice("./dist/".length));
    const { doors } = await project;
    expect(doors.filter((name) => name.endsWith(".d.ts")).sort()).toEqual(files.sort());
  });
  it("serve a program that uses them", async () => {
    expect((await project).sample).toEqual([]);
  });
  it("hide the kernel, the JIT and the inputs of a machine", async () => {
    const { intrusion: errors } = await project;
    for (const name of ["kernal", "kernel", "inputs", "giveUp", "runClosed", "follow", "onRegion", "engineStats", "Expected 0-1 arguments"])
      expect(
        errors.filter((line) => line.includes(name.includes(" ") ? name : `'${name}' does not exist`)),
        name,
      ).toHaveLength(1);
  });
});
