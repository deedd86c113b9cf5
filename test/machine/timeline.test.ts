// A timeline goes to any moment of a run, forward and backward. The judge is a machine that runs straight to
// that moment: the whole object graph and all pages must be equal.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostTree } from "trapgate/node";
import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/cpu/engine.ts";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Machine } from "../../src/machine/machine.ts";
import { momentText, parseMoment } from "../../src/machine/moment.ts";
import { frozenTree } from "../../src/machine/snapshot/exact/frozen-tree.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { goAnywhere, type Subject } from "../../tools/timeline/anywhere.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, missing, nativeX64, top } from "../support/host.ts";

const isWhole = process.env["TRAPGATE_TIMELINE"] === "all";
const effort = isWhole ? { moments: 20, steps: 50 } : { moments: 4, steps: 12 };

const check = (subject: Subject, seed: number): Promise<readonly string[]> => goAnywhere(subject, seed, effort);

const FLAGS = "-O1 -static -nostdlib -fno-pie -no-pie -fno-stack-protector -mgeneral-regs-only -fno-asynchronous-unwind-tables".split(" ");
const native = "signals threads waits ptrace futex2 uring".split(" ");

describe("a timeline of a landmine", () => {
  it.each(["a1", "b2", "c5", "d1"])("%s goes anywhere", { timeout: 120_000 }, async (name) => {
    expect(await check({ program: readFileSync(`${top}/guest/bin/${name}`), boot: {} }, 1)).toEqual([]);
  });
});

describe("a timeline of a program that reads the time stamp counter in the middle of its code", () => {
  const text = `%include "guest.inc"
 elf64
_start: mov ebx, 20
.again: nop
 rdtsc
 nop
 mov r8, rax
 rdtscp
 nop
 nop
 dec ebx
 jnz .again
 die 0
 end_elf`;
  const include = (name: string): string => readFileSync(`${top}/guest/src/${name}`, "utf8");
  const program = assembleProgram(text, { include }).bytes;
  it.each(["interpret", "jit"] satisfies Engine[])("goes anywhere, engine %s", { timeout: 60_000 }, async (engine) => {
    expect(await check({ program, boot: { engine } }, 5)).toEqual([]);
  });
});

describe("a timeline under a schedule of explore", () => {
  it.each(["7:3,13:2", "4@3:3"])("%s goes anywhere", { timeout: 120_000 }, async (schedule) => {
    const program = readFileSync(`${top}/guest/bin/race-notify`);
    expect(await check({ program, boot: {}, options: { schedule } }, 2)).toEqual([]);
  });
});

describe.skipIf(missing("timelines of native guests", nativeX64, gcc))("a timeline of a native guest goes anywhere:", () => {
  it.each(native.flatMap((name) => ["-m64", "-m32"].map((mode) => [name, mode] as const)))(
    "%s %s",
    { timeout: 240_000 },
    async (name, mode) => {
      await inFolder(async (at) => {
        try {
          execFileSync("gcc", [mode, ...FLAGS, "-o", `${at}/guest`, `${top}/test/kernel/native/${name}.c`], { stdio: "ignore" });
        } catch {
          // Not all of them are for 32 bits.
          expect(mode).toBe("-m32");
          return;
        }
        const boot = { files: { "/guest": { content: readFileSync(`${at}/guest`), mode: 0o755 } } };
        expect(await check({ program: "/guest", boot }, 2)).toEqual([]);
      });
    },
  );
});

describe.skipIf(missing("timelines under several engines", nativeX64, gcc))("a timeline goes anywhere under the engine", () => {
  const root = frozenTree(hostTree("/"));
  it.each(["interpret", "baseline", "jit", "auto"] satisfies Engine[])("%s", { timeout: 240_000 }, async (engine) => {
    const script = "i=0; while [ $i -lt 300 ]; do i=$((i+1)); done; echo $i | cat; kill -0 $$";
    expect(await check({ program: "/bin/sh", boot: { root, engine }, options: { args: ["-c", script] } }, 3)).toEqual([]);
  });
});

describe("moments", () => {
  it("are read strictly", () => {
    expect(parseMoment("12")).toEqual({ instructions: 12, steps: 0 });
    expect(parseMoment("12:3")).toEqual({ instructions: 12, steps: 3 });
    for (const bad of ["", "x", "1:", ":1", "-1", "1:2:3", "1e3", " 1"]) expect(() => parseMoment(bad)).toThrow("is no moment");
  });
  it("tell transitions apart that take no time", async () => {
    // A call, then the signal that it has sent to itself.
    const timeline = new Timeline(new Machine(), readFileSync(`${top}/guest/bin/a1`), { stdin: "" });
    const all: string[] = [];
    while ((await timeline.step()) === "moment") all.push(momentText(timeline.moment));
    expect(new Set(all).size).toBe(all.length);
    for (const text of [...all].reverse().slice(0, 20)) {
      await timeline.goTo(parseMoment(text));
      expect(momentText(timeline.moment)).toBe(text);
    }
  });
});
