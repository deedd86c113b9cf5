// The kernel's own nolibc-test: one tiny static program, some two hundred checks of raw system calls and
// start-up, built for both architectures from Debian's linux-source package. Every check that passes natively
// passes in the machine.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runHosted } from "../support/guest.ts";
import { debian, gcc, gcc32, missing, nativeX64, top } from "../support/host.ts";
import { runNative } from "../support/native.ts";

const source = debian("linux-source");
const build = join(top, ".cache", "nolibc");

const compile = (bits: 32 | 64): string => {
  mkdirSync(build, { recursive: true });
  const out = join(build, `nolibc-test-${bits}`);
  const tests = join(source.path, "tools", "testing", "selftests", "nolibc");
  const nolibc = join(source.path, "tools", "include", "nolibc");
  const flags = ["-Os", "-fno-ident", "-fno-asynchronous-unwind-tables", "-fno-stack-protector", "-s", "-static", "-nostdlib", "-w"];
  const files = ["nolibc-test.c", "nolibc-test-linkage.c"].map((f) => join(tests, f));
  const args = [
    ...(bits === 32 ? ["-m32"] : []),
    ...flags,
    "-include",
    join(nolibc, "nolibc.h"),
    "-I",
    nolibc,
    "-o",
    out,
    ...files,
    "-lgcc",
  ];
  const { status, stderr } = spawnSync("gcc", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return out;
};

/** "12 getpid = 1 [OK]" to the names of passed tests. */
const passed = (output: string): string[] =>
  output
    .split("\n")
    .filter((line) => line.includes("[OK]"))
    .map((line) => line.trim().split(/\s+/).slice(0, 2).join(" "));

describe.skipIf(missing("nolibc-test", source, gcc, gcc32, nativeX64))("nolibc-test", { timeout: 240_000 }, () => {
  it.each([64, 32] as const)("of %i bits passes what it passes natively", async (bits) => {
    const program = compile(bits);
    const native = passed(runNative(program).stdout);
    const run = await runHosted(build, program, { timeout: 200 });
    expect(native.length).toBeGreaterThan(150);
    expect(passed(run.stdout.text)).toEqual(native);
  });
});
