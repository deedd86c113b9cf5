// Iterations of a repeated string instruction, as a processor steps through them: SDM Vol. 3B 18.3.1.4.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Cpu } from "../../src/cpu/cpu.ts";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { top } from "../support/host.ts";
import { serve } from "./serve.ts";

const include = (name: string): string => readFileSync(`${top}/guest/src/${name}`, "utf8");
const { bytes: program, labels } = assembleProgram(
  `%include "guest.inc"
 elf64
_start: mov ecx, 5
        lea rsi, [_start]
        lea rdi, [rsp - 64]
.copy:  rep movsb
        mov ecx, 9000
        lea rdi, [rsp - 20000]
        mov al, 7
.fill:  rep stosb
        die 3
 end_elf`,
  { include },
);
const [copy, fill] = [".copy", ".fill"].map((name) => labels.get(`_start${name}`) as number) as [number, number];
const begin = async () => {
  const debug = new Debugger(new Timeline(new Machine(), program, { stdin: "" }));
  await debug.restart();
  const state = () => (debug.kernel.processor as Cpu).state;
  const at = (): readonly [number, number] => [state().rip, state().gpr(1)];
  const to = async (address: number) => {
    debug.addBreakpoint(2, address, "swbreak");
    await debug.continue();
    debug.removeBreakpoint(2, address, "swbreak");
  };
  return { debug, state, at, to };
};

it("a step is an iteration, forward and back, and history does not change", { timeout: 60_000 }, async () => {
  const { debug, at, to } = await begin();
  await to(copy);
  const { moment } = debug.timeline;
  const seen = [at()];
  for (let n = 0; n < 5; n++) {
    expect(await debug.step(2)).toEqual({ pid: 2, tid: 2, why: { kind: "step" } });
    seen.push(at());
  }
  expect(seen).toEqual([5, 4, 3, 2, 1].map((left) => [copy, left]).concat([[copy + 2, 0]]));
  await debug.goTo(moment);
  for (let n = 0; n < 3; n++) await debug.step(2);
  expect([at(), debug.iterations, debug.write(2, 0x7fff, new Uint8Array(1))]).toEqual([[copy, 2], 3, false]);
  await debug.stepBack(2);
  expect(at()).toEqual([copy, 3]);
  for (let n = 0; n < 2; n++) await debug.stepBack(2);
  expect([at(), debug.timeline.moment]).toEqual([[copy, 5], moment]);
  await debug.step(2);
  expect((await debug.continue()).why).toEqual({ kind: "ended", status: 3 << 8 });
  const straight = await begin();
  await straight.debug.continue();
  expect(debug.timeline.moment).toEqual(straight.debug.timeline.moment);
  expect(debug.timeline.branches.length).toBe(1);
});
it("a watchpoint stops after the iteration that writes", { timeout: 60_000 }, async () => {
  const { debug, state, at, to } = await begin();
  await to(fill);
  const address = state().gpr(7) + 2;
  debug.addWatch({ pid: 2, address, length: 1, on: "write" });
  expect((await debug.continue()).why).toMatchObject({ kind: "watch", address });
  expect(at()).toEqual([fill, 9000 - 3]);
  const { ask } = serve(debug);
  expect(await ask(`m${address.toString(16)},2`)).toBe("0700");
  expect(Buffer.from((await ask("qRcmd,7768656e")) as string, "hex").toString()).toMatch(/^\d+:\d+, 3 iterations of its instruction/);
  expect(at()).toEqual([fill, 9000 - 3]);
  expect((await debug.continue()).why).toEqual({ kind: "ended", status: 3 << 8 });
});
