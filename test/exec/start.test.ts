// The state of a new program after execve: addresses, mappings and the first stack, byte for byte as on the
// native kernel.
import { execFileSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { canJudge, scratch } from "../memory/native.ts";
import { world } from "../memory/world.ts";
import { buildDumper, natively, ours, processorOf, source } from "./judge.ts";

const judge = canJudge();
const dir = judge ? scratch() : "";
const dumper = judge ? buildDumper(dir) : "";

const bare = ["-nostdlib", "-O1", "-fno-stack-protector", "-fcf-protection=none"];
const builds: Record<string, readonly string[]> = {
  "a static program": ["-static", "-no-pie"],
  "a static position-independent program": ["-static-pie"],
  "a program with an interpreter": ["-no-pie", "-Wl,-dynamic-linker,INTERP"],
  "a position-independent program with an interpreter": ["-pie", "-Wl,-dynamic-linker,INTERP"],
  "a program whose segments want 2 MiB alignment": ["-pie", "-Wl,-z,max-page-size=0x200000", "-Wl,-dynamic-linker,INTERP"],
  "a static position-independent program whose segments want 2 MiB alignment": ["-static-pie", "-Wl,-z,max-page-size=0x200000"],
  "a program with an executable stack": ["-static", "-no-pie", "-Wl,-z,execstack"],
  "a program without PT_GNU_STACK": ["-static", "-no-pie", "-Wl,-z,noseparate-code", "-Wl,--no-gnu-stack"],
};
const interpreter = { 64: "/lib64/ld-linux-x86-64.so.2", 32: "/lib/ld-linux.so.2" } as const;

const compile = (bits: 32 | 64, name: string, flags: readonly string[]): string => {
  const out = join(dir, `${name.replaceAll(" ", "-")}-${bits}`);
  execFileSync("gcc", [`-m${bits}`, ...bare, ...flags.map((f) => f.replace("INTERP", interpreter[bits])), "-o", out, source("small.c")]);
  return out;
};

const compare = (path: string, args: readonly string[]): void => {
  const [native] = natively(dumper, [path], args);
  if (native === undefined) throw new Error("no answer from execdump");
  expect(native.head).toMatch(/^start/);
  expect(ours(world(), path, args, processorOf(native), realpathSync(path))).toEqual(native);
};

describe.skipIf(!judge).each([64, 32] as const)("execve of %i-bit programs", (bits) => {
  test.each(Object.entries(builds).filter(([, flags]) => !flags.includes("-Wl,--no-gnu-stack") || linkerKnows("--no-gnu-stack")))(
    "%s starts where and as Linux starts it",
    (name, flags) => compare(compile(bits, name, flags), ["one", "two"]),
  );

  test.each([
    [[]],
    [["x"]],
    [["", "a b", "x".repeat(100)]],
    [["y".repeat(5000), "z".repeat(100_000)]],
    [Array.from({ length: 1000 }, (_, i) => `argument ${i}`)],
  ])("arguments %# lie on the stack as Linux lays them", (args) => compare(compile(bits, "arguments", ["-static", "-no-pie"]), args));
});

const linkerKnows = (option: string): boolean => judge && execFileSync("ld", ["--help"], { encoding: "latin1" }).includes(option);

const systemPrograms = [
  "/bin/true",
  "/bin/sh",
  "/usr/bin/env",
  "/bin/busybox",
  "/usr/bin/python3",
  "/usr/bin/gdb",
  "/lib64/ld-linux-x86-64.so.2",
  "/lib32/ld-linux.so.2",
];
describe.skipIf(!judge)("execve of the host's own programs", () => {
  test.each(systemPrograms.filter((p) => existsSync(p)))("%s starts where and as Linux starts it", (path) =>
    compare(path, ["-c", "exit 0"]),
  );
});
