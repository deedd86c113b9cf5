// A debugger that begins in the middle of a run has one process, as one that came there: the others run on.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import type { Followed } from "../../src/debug/follow.ts";
import { latin1, packet } from "../../src/debug/gdb/packet.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { top } from "../support/host.ts";
import { serve } from "./serve.ts";

const include = (name: string): string => readFileSync(`${top}/guest/src/${name}`, "utf8");
const { bytes: program, labels } = assembleProgram(
  `%include "guest.inc"
 elf64
_start: call64 57
        test eax, eax
        jz .child
        call64 61, -1, 0, 0, 0
        die 4
.child: mov ecx, 9000
.turn:  dec ecx
        jnz .turn
        die 3
 end_elf`,
  { include },
);

it("a debugger that begins at a moment sees its current process only", { timeout: 60_000 }, async () => {
  const debug = new Debugger(new Timeline(new Machine(), program, { stdin: "" }));
  await debug.restart();
  await debug.goTo({ instructions: 9000, steps: 0 });
  debug.detachOthers();
  const { ask } = serve(debug);
  await ask("qSupported:multiprocess+");
  expect(await ask("?")).toMatch(/thread:p3\.3;/);
  expect(await ask("qfThreadInfo")).toBe("mp3.3");
  expect(await ask("vCont;c:p3.-1")).toMatch(/^W03;process:3$/);
  expect(debug.attach(2)).toBe(true);
});

it("an interrupt behind the packet that begins a run stops it", { timeout: 60_000 }, async () => {
  const loop = assembleProgram('%include "guest.inc"\n elf64\n_start: jmp _start\n end_elf', { include }).bytes;
  const debug = new Debugger(new Timeline(new Machine(), loop, { stdin: "" }));
  await debug.restart();
  const { server, replies } = serve(debug);
  server.receive(Uint8Array.of(...packet(latin1("vCont;c")), 3));
  await server.idle;
  expect(replies.at(-1)).toMatch(/^T02/);
});

/** The debugger of one process of that program, and its first moment there. */
const following = async (followed: Followed) => {
  const debug = new Debugger(new Timeline(new Machine(), program, { stdin: "" }));
  debug.followed = followed;
  await debug.restart();
  return debug;
};
it("a debugger of a forked process has its history only", { timeout: 60_000 }, async () => {
  const debug = await following({ fork: 3 });
  const { moment } = debug.timeline;
  expect([debug.stop, debug.threads.map(({ pid }) => pid)]).toEqual([{ pid: 3, tid: 3, why: { kind: "start" } }, [3]]);
  const begin = { pid: 3, tid: 3, why: { kind: "history", end: "begin" } };
  expect([await debug.continueBack(), await debug.stepBack(3), await debug.continueBack()]).toEqual([begin, begin, begin]);
  for (let n = 0; n < 2; n++) expect((await debug.step(3)).why.kind).toBe("step");
  for (let n = 0; n < 2; n++) expect((await debug.stepBack(3)).why.kind).toBe("step");
  expect([await debug.stepBack(3), debug.timeline.moment]).toEqual([begin, moment]);
  expect(await debug.continue()).toEqual({ pid: 3, tid: 3, why: { kind: "ended", status: 3 << 8 } });
  expect([await debug.restart(), debug.timeline.moment]).toEqual([{ pid: 3, tid: 3, why: { kind: "start" } }, moment]);
});
it("a process that no run has is not followed", { timeout: 60_000 }, async () => {
  await expect(following({ fork: 9 })).rejects.toThrow("no process 9 begins");
  await expect(following({ exec: "true" })).rejects.toThrow('no process "true" executes a program');
});
it("a step back over a wait stops where another process has stopped", { timeout: 60_000 }, async () => {
  const debug = new Debugger(new Timeline(new Machine(), program, { stdin: "" }));
  await debug.restart();
  debug.events.fork = true;
  expect((await debug.continue()).why).toMatchObject({ kind: "child", child: 3 });
  // Behind wait4(2).
  while (debug.task(3)) await debug.step(2);
  const { moment } = debug.timeline;
  debug.addBreakpoint(3, labels.get("_start.turn") as number, "swbreak");
  expect(await debug.stepBack(2)).toEqual({ pid: 3, tid: 3, why: { kind: "breakpoint", how: "swbreak" } });
  debug.removeBreakpoint(3, labels.get("_start.turn") as number, "swbreak");
  await debug.goTo(moment);
  expect(await debug.stepBack(2)).toEqual({ pid: 2, tid: 2, why: { kind: "step" } });
});
it("a process that gdb follows at its fork stays when the fork happens again", { timeout: 60_000 }, async () => {
  const debug = new Debugger(new Timeline(new Machine(), program, { stdin: "" }));
  await debug.restart();
  debug.events.fork = true;
  await debug.continue();
  debug.detach(2);
  for (let n = 0; n < 3; n++) await debug.step(3);
  expect((await debug.continueBack()).why.kind).toBe("history");
  expect([debug.threads.map(({ pid }) => pid), (await debug.continue()).pid]).toEqual([[3], 3]);
});
it("children of a process that gdb has let go are not seen", { timeout: 60_000 }, async () => {
  const debug = new Debugger(new Timeline(new Machine(), program, { stdin: "" }));
  await debug.restart();
  debug.events.fork = true;
  debug.detach(2);
  while (!debug.task(3) && debug.timeline.moment.instructions < 9000) await debug.timeline.step();
  expect([debug.task(3) !== undefined, debug.threads]).toEqual([true, []]);
});
