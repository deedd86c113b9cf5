// Pages without a stop are decoded as if there was no debugger: by the dispatcher's routine. New and removed
// stops drop the blocks and regions of their own pages, and of no others.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Cpu } from "../../src/cpu/cpu.ts";
import type { Engine } from "../../src/cpu/engine.ts";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import { programCounter, readOne } from "../../src/debug/registers.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { top } from "../support/host.ts";

const BLOCKS = 100;
const { bytes, labels } = assembleProgram(
  `%include "guest.inc"
 elf64
_start: ${Array.from({ length: BLOCKS }, (_, i) => `jmp .at${i}\n.at${i}:`).join("\n")}
.near:  nop
        die 0
        times 4096 db 0
.far:   nop
 end_elf`,
  { include: (name) => readFileSync(`${top}/guest/src/${name}`, "utf8") },
);
/** Blocks that the routine decodes until the end, or until the stop. */
const decoded = async (name?: string): Promise<readonly [number, string]> => {
  const debug = new Debugger(new Timeline(new Machine({ engine: "interpret" }), bytes, { stdin: "" }));
  await debug.restart();
  if (name !== undefined) debug.addBreakpoint(2, labels.get(`_start.${name}`) as number, "swbreak");
  const cpu = debug.kernel.processor as Cpu;
  const before = cpu.blocks.routine.blocks;
  const { why } = await debug.continue();
  return [cpu.blocks.routine.blocks - before, why.kind];
};
it("a stop in another page costs no block of the routine, one in its page all", async () => {
  const [plain, end] = await decoded();
  expect([plain > BLOCKS / 2, end]).toEqual([true, "ended"]);
  expect(await decoded("far")).toEqual([plain, "ended"]);
  expect(await decoded("near")).toEqual([0, "breakpoint"]);
});

const { bytes: loops, labels: at } = assembleProgram(
  `%include "guest.inc"
 elf64
_start: mov ebx, 40
.again: mov ecx, 30000
.turn:  dec ecx
        jnz .turn
        call .far
.back:  dec ebx
        jnz .again
.end:   die 0
        times 4096 db 0
.far:   nop
.last:  ret
 end_elf`,
  { include: (name) => readFileSync(`${top}/guest/src/${name}`, "utf8") },
);
it.each(["interpret", "baseline", "jit", "auto"] satisfies Engine[])("%s keeps the code of pages whose stops stay", async (engine) => {
  const debug = new Debugger(new Timeline(new Machine({ engine }), loops, { stdin: "" }));
  await debug.restart();
  const place = (name: string): number => at.get(`_start.${name}`) as number;
  const cpu = debug.kernel.processor as Cpu;
  /** The stop, the value of ebx there, and how often all blocks were dropped. */
  const next = async (): Promise<readonly unknown[]> => {
    const { why } = await debug.continue();
    const task = debug.current;
    return [why.kind, task && programCounter(task), task && Number(readOne(task, 1)?.[0]), cpu.blocks.flushes];
  };
  debug.addBreakpoint(2, place("back"), "swbreak");
  // The first stop drops all.
  expect((await next()).slice(0, 3)).toEqual(["breakpoint", place("back"), 40]);
  const { flushes } = cpu.blocks;
  for (let n = 39; n > 20; n--) expect(await next()).toEqual(["breakpoint", place("back"), n, flushes]);
  const { dropped } = cpu.jit.stats;
  const { decoded } = cpu.blocks;
  // A hot page gets its first stop, then another one, and loses both.
  debug.addBreakpoint(2, place("last"), "swbreak");
  expect(await next()).toEqual(["breakpoint", place("last"), 20, flushes]);
  expect([cpu.jit.stats.dropped - dropped, cpu.blocks.decoded - decoded < 5]).toEqual([0, true]);
  debug.addBreakpoint(2, place("far"), "swbreak");
  expect(await next()).toEqual(["breakpoint", place("back"), 20, flushes]);
  for (const name of ["far", "last", "back"]) expect(await next()).toEqual(["breakpoint", place(name), 19, flushes]);
  for (const name of ["far", "last", "back"]) debug.removeBreakpoint(2, place(name), "swbreak");
  debug.addBreakpoint(2, place("end"), "swbreak");
  expect(await next()).toEqual(["breakpoint", place("end"), 0, flushes]);
  debug.removeBreakpoint(2, place("end"), "swbreak");
  expect((await next())[0]).toBe("ended");
});
