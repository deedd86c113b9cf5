// The end of the first program in a run whose other processes outlive it.
import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import { History } from "../../src/debug/query/history.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Live } from "../../src/machine/snapshot/live.ts";
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

it("leaves others a time that the host does not decide", () => {
  const end = (cut: boolean): unknown => {
    const live = new Live(new Machine(), program, {});
    const { kernel } = live;
    for (let pieces = 0; ; pieces++) {
      kernel.deadline.until = cut ? 0 : Infinity;
      const reason = live.step(Infinity);
      if (reason !== "ended") continue;
      expect(pieces > 10).toBe(cut);
      // Nothing runs any more.
      const { moment } = live;
      expect([live.step(1e9), live.moment]).toEqual(["ended", moment]);
      return [moment, kernel.now, kernel.syscalls];
    }
  };
  expect(end(true)).toEqual(end(false));
});
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

it("is found for a followed process whose life was short", { timeout: 60_000 }, async () => {
  const { bytes } = assembleProgram(
    `%include "guest.inc"
 elf64
%macro spin 0
        mov ecx, 200000
%%turn: dec ecx
        jnz %%turn
%endmacro
_start: spin
        call64 57
        test eax, eax
        jz .child
        call64 61, -1, 0, 0, 0
        spin
        die 0
.child: die 3
 end_elf`,
    { include },
  );
  const debug = new Debugger(new Timeline(new Machine(), bytes, { stdin: "" }));
  debug.followed = { fork: 3 };
  await debug.restart();
  const { timeline } = debug;
  const begin = timeline.moment;
  expect(await debug.goToEnd()).toMatchObject({ pid: 3, tid: 3, why: { kind: "history", end: "end" } });
  const { moment } = timeline;
  expect(moment.instructions - begin.instructions).toBeGreaterThanOrEqual(0);
  expect(moment.instructions - begin.instructions).toBeLessThan(100);
  expect(timeline.reached.instructions - moment.instructions).toBeGreaterThan(100_000);
  expect(timeline.kernel.processes.get(3)?.exiting).toBeUndefined();
  await timeline.step(true);
  expect(timeline.kernel.processes.get(3)?.exiting ?? timeline.kernel.processes.get(3)?.ended).toBeDefined();
});
it("is found by few steps for a question, too", { timeout: 60_000 }, async () => {
  const history = new History((hooks) => new Timeline(new Machine(), program, { stdin: "", hooks }));
  const back = vi.spyOn(Timeline.prototype, "back");
  await history.finish();
  expect(back.mock.calls.length).toBeLessThan(100);
  back.mockRestore();
  const process = history.kernel.processes.get(history.pid);
  expect(process?.exiting ?? process?.ended).toBeUndefined();
  await history.timeline.step(true);
  expect(process?.exiting ?? process?.ended ?? history.kernel.processes.get(history.pid)?.exiting).toBeDefined();
});
