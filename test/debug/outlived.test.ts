// The end of the first program in a run whose other processes outlive it.
import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { top } from "../support/host.ts";

const include = (name: string): string => readFileSync(`${top}/guest/src/${name}`, "utf8");
const program = assembleProgram(
  `%include "guest.inc"
 elf64
_start: call64 57
        test eax, eax
        jz .child
        die 3
.child: call64 110
        jmp .child
 end_elf`,
  { include },
).bytes;

it("is found by few steps, however long they run on", { timeout: 60_000 }, async () => {
  const debug = new Debugger(new Timeline(new Machine(), program, { stdin: "" }));
  await debug.restart();
  const back = vi.spyOn(Timeline.prototype, "back");
  const stop = await debug.goToEnd();
  const { timeline } = debug;
  expect(stop).toMatchObject({ pid: 2, why: { kind: "history", end: "end" } });
  expect(back.mock.calls.length).toBeLessThan(100);
  back.mockRestore();
  // The orphan made many more calls.
  expect(timeline.reached.instructions - timeline.moment.instructions).toBeGreaterThan(1000);
  const isEnding = (): boolean => {
    const process = timeline.kernel.processes.get(2);
    return !process || process.exiting !== undefined || process.ended !== undefined;
  };
  expect(isEnding()).toBe(false);
  await timeline.step(true);
  expect(isEnding()).toBe(true);
});
