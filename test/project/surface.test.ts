// The published types: a project with the language's own library alone compiles against every entry of the package.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { top } from "../support/host.ts";

const tsc = join(top, "node_modules", "typescript", "bin", "tsc");
const { exports: entries } = JSON.parse(readFileSync(join(top, "package.json"), "utf8")) as { exports: Record<string, { types: string }> };
/** `trapgate/internal` promises nothing. */
const promised = Object.keys(entries).filter((entry) => entry !== "./internal");
const moduleOf = (entry: string): string => entry.replace(".", "trapgate");

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
/** What is not public must not compile. */
const intrusion = `
import { Machine } from "trapgate";
const machine = new Machine({ kernal: "v6" });
machine.kernel; machine.inputs; machine.giveUp; machine.runClosed; machine.follow; machine.onRegion; machine.engineStats;
new Machine({}, undefined);
`;

describe("the types of the package", { timeout: 240_000 }, () => {
  const project = inFolder(async (folder) => {
    const install = join(folder, "node_modules", "trapgate");
    mkdirSync(install, { recursive: true });
    cpSync(join(top, "package.json"), join(install, "package.json"));
    execFileSync(process.execPath, [
      tsc,
      "-p",
      join(top, "tsconfig.build.json"),
      "--emitDeclarationOnly",
      "--outDir",
      join(install, "dist"),
    ]);
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
      entries: promised.map((entry) => {
        const lines = compile(`export * from "${moduleOf(entry)}";\n`);
        return { entry, errors: errors(lines), jit: lines.filter((line) => /dist\/.*\bjit\//.test(line)), files: lines.length };
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
