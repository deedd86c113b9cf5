// The memory system calls against the host's own kernel: the same script, the same program, the same address
// space.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Bits, build, canJudge, runNatively, scratch, write } from "./native.ts";
import { randomScript } from "./random-script.ts";
import { interpret } from "./script.ts";
import { exec, started, TestFile, world } from "./world.ts";

const judge = canJudge();
const dir = judge ? scratch() : "";
const DATA = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
const program: Record<Bits, string> = judge ? { 32: build(dir, "memcalls.c", 32), 64: build(dir, "memcalls.c", 64) } : { 32: "", 64: "" };

/** Device and inode numbers are not ours to predict; the mode of a comparison is line by line. */
const comparable = (text: string): string => text.replace(/ [0-9a-f]+:[0-9a-f]+ \d+ +/g, " ");

/** The host's lines and ours, each with the command that it answers. */
const both = (bits: Bits, script: string): { native: string; ours: string } => {
  const path = write(dir, "data", DATA);
  const native = runNatively(dir, program[bits], script);
  const bytes = readFileSync(program[bits]);
  const image = started(exec(world(), bytes, { path: program[bits] }));
  const ours = interpret(image.space, new TestFile(DATA), path, bits, script);
  return {
    native: comparable(annotate(script, native.trimEnd().split("\n"))),
    ours: comparable(annotate(script, ours.join("\n").split("\n"))),
  };
};

/** Put each command before its answer; /proc/self/maps answers with many lines. */
const annotate = (script: string, answers: string[]): string => {
  const out: string[] = [];
  let at = 0;
  for (const [n, line] of script.trimEnd().split("\n").entries()) {
    while (line === "maps" && /^[0-9a-f]+-/.test(answers[at] ?? "")) out.push(answers[at++] as string);
    out.push(`${n.toString(16)}: ${line}: ${answers[at++]}`);
  }
  return out.join("\n");
};

const scripts = new URL("scripts/", import.meta.url);
const named = (name: string): string =>
  readFileSync(new URL(name, scripts), "latin1")
    .split("\n")
    .filter((l) => l !== "" && !l.startsWith("#"))
    .join("\n")
    .concat("\n");

describe.skipIf(!judge).each([64, 32] as const)("%i-bit memory calls", (bits) => {
  test.each([
    ["mmap places, refuses and replaces as Linux does", "mmap.txt"],
    ["munmap and mprotect split, merge and refuse as Linux does", "protect.txt"],
    ["mremap grows, shrinks, moves and refuses as Linux does", "remap.txt"],
    ["the break moves as Linux moves it", "brk.txt"],
    ["madvise, msync, mincore and mlock answer as Linux does", "advise.txt"],
    ["files are seen through mappings as Linux shows them", "files.txt"],
  ])("%s", (_name, file) => {
    const { native, ours } = both(bits, named(file));
    expect(ours).toBe(native);
  });

  test.each(Array.from({ length: 60 }, (_, seed) => seed))("random script %i gives what Linux gives", (seed) => {
    const { native, ours } = both(bits, randomScript(seed * 2 + (bits === 32 ? 1 : 0)));
    expect(ours).toBe(native);
  });
});
