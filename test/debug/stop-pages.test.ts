// Pages without a stop are decoded as if there was no debugger: by the dispatcher's routine.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Cpu } from "../../src/cpu/cpu.ts";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Debugger } from "../../src/debug/debugger.ts";
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
