// The examples as a user's project compiles them: --strict, skipLibCheck off, with vitest's own declarations.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { emitTypes } from "../../tools/api.ts";
import { inFolder } from "../support/guest.ts";
import { top } from "../support/host.ts";

const tsc = join(top, "node_modules", "typescript", "bin", "tsc");

/** Uses that must not compile, each on a line of its own. */
const mistakes = `
import { Machine } from "trapgate";
import { arg, errno, policy, readPolicy } from "trapgate/policy";
import "trapgate/vitest";
import { expect } from "vitest";
const run = await Machine.run("/bin/true");
const sandbox = policy({ default: errno("EPERM") });
expect(run).toBeDenied("write", { verdict: "EPERM" });
expect(run).toBeDenied("opnat");
expect(sandbox).toAllow("opnat");
expect(sandbox).toDeny("i386.opnat(1)");
expect(Machine.run("/bin/true")).toExitWith(0);
expect(7).toDeny("read");
expect(run).toBeKilledBy("SIGSYSS");
sandbox.allow("opnat");
errno("EPREM");
policy({ default: "EPERM" });
policy({ default: errno(1), arch: ["x86_64"] });
arg(6).eq(1);
arg(0).in();
readPolicy("name", "text");
`;
/** Uses that compile. */
const right = `
import { Machine } from "trapgate";
import { arg, errno, policy } from "trapgate/policy";
import "trapgate/vitest";
import { expect } from "vitest";
const run = await Machine.run("/bin/true", { trace: true, hooks: { stdout: async () => {} } });
const sandbox = policy({ default: errno("EPERM") }).allow("socket", arg(0).in(1, 2n));
expect(run).toExitWith(0);
expect(run).not.toBeDenied('openat(AT_FDCWD, "/etc/passwd"', { verdict: "ERRNO(EPERM)", via: "int80" });
expect(run).toBeDenied("i386.socketcall(1)", { verdict: "KILL" });
expect(sandbox).toAllow("socket(1, 2)", { via: "syscall" });
expect(sandbox).toDeny("x64.1000");
expect(sandbox).toDeny("setxattrat");
expect(sandbox).toHaveNoFindings({ severity: "high" });
const anything: any = run;
expect(anything).toExitWith(0);
`;

it("the examples and matchers compile with --strict and skipLibCheck off", { timeout: 240_000 }, () =>
  inFolder(async (folder) => {
    const modules = join(folder, "node_modules");
    mkdirSync(modules);
    for (const name of readdirSync(join(top, "node_modules")))
      if (!name.startsWith(".") && name !== "trapgate") symlinkSync(join(top, "node_modules", name), join(modules, name));
    mkdirSync(join(modules, "trapgate"));
    cpSync(join(top, "package.json"), join(modules, "trapgate", "package.json"));
    emitTypes(join(modules, "trapgate", "dist"));
    cpSync(join(top, "examples"), join(folder, "examples"), { recursive: true });
    writeFileSync(join(folder, "right.ts"), right);
    writeFileSync(join(folder, "mistakes.ts"), mistakes);
    const compilerOptions = {
      ...{ strict: true, skipLibCheck: false, noEmit: true, module: "nodenext", target: "es2023", lib: ["es2023", "dom"], types: ["node"] },
      ...{ allowImportingTsExtensions: true, exactOptionalPropertyTypes: true },
    };
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts", "examples/**/*.ts"] }));
    const { stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { cwd: folder, encoding: "utf8" });
    const errors = stdout.split("\n").filter((line) => /error TS/.test(line));
    expect(errors.filter((line) => !line.startsWith("mistakes.ts"))).toEqual([]);
    const lines = mistakes.split("\n");
    const wrong = lines.flatMap((line, i) => (i > 6 && line !== "" ? [i + 1] : []));
    expect([...new Set(errors.map((line) => Number(/^mistakes\.ts\((\d+),/.exec(line)?.[1])))]).toEqual(wrong);
    const advice = errors.find((line) =>
      line.startsWith(`mistakes.ts(${lines.findIndex((line) => line.includes("Machine.run") && line.includes("toExitWith")) + 1},`),
    );
    expect(advice).toContain("await the promise first");
  }),
);
