// A run or a way that fails: the outside world is gone, or the run has no such moment. The program stands
// then where it was, and gdb gets a message and a stop there.
import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import { hex, latin1, unhex } from "../../src/debug/gdb/packet.ts";
import { readAll } from "../../src/debug/registers.ts";
import type { Task } from "../../src/kernel/core/task.ts";
import { Machine } from "../../src/machine/machine.ts";
import type { Moment } from "../../src/machine/moment.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { Problem } from "../../src/problem.ts";
import { top } from "../support/host.ts";
import { serve } from "./serve.ts";

const { bytes: program, labels } = assembleProgram(
  `%include "guest.inc"
 elf64
_start: mov ecx, 100000
.early: dec ecx
        jnz .early
        lea rsi, [text]
        lea rdi, [rsp - 64]
        mov ecx, 9
.copy:  rep movsb
        call64 1, 1, text, 9
        mov ecx, 100000
.late:  dec ecx
        jnz .late
        die 0
text:   db "some text"
 end_elf`,
  { include: (name) => readFileSync(`${top}/guest/src/${name}`, "utf8") },
);
const COPY = labels.get("_start.copy") as number;
const gone = (): never => {
  throw new Problem("host", "the host is gone");
};
const at = (instructions: number): Moment => ({ instructions, steps: 0 });

/** A debugger at the beginning. `fail`: the program's next output, or the next turn of its owner, fails. */
const begun = async () => {
  let [output, turn] = [(): void => {}, async (): Promise<void> => {}];
  const hooks = { stdout: () => output() };
  const timeline = new Timeline(new Machine(), program, { stdin: "", hooks }, { every: 1e9 });
  timeline.turn = () => turn();
  const debug = new Debugger(timeline);
  await debug.restart();
  const heal = (): void => void ([output, turn] = [() => {}, async () => {}]);
  const fail = {
    output: () => void (output = gone),
    turn: () =>
      void (turn = async () => {
        heal();
        gone();
      }),
  };
  const state = () => [timeline.moment, timeline.branches.length, debug.iterations, hex(readAll(debug.current as Task))];
  return { debug, timeline, fail, heal, state };
};
/** Each look at the clock is a turn of the owner. */
const slowly = (timeline: Timeline): void => {
  const { clock: real } = timeline.kernel.deadline;
  let more = 0;
  const clock = (): number => real() + (more += 31);
  const set = () => void Object.assign(timeline.kernel.deadline, { clock });
  timeline.onRestored = set;
  set();
};

it("leaves the program where it was, forward and backward", async () => {
  const { debug, timeline, fail, heal, state } = await begun();
  await debug.goTo(at(50_000));
  const first = state();
  fail.output();
  await expect(debug.continue()).rejects.toThrow(/the host is gone/);
  expect(state()).toEqual(first);
  heal();
  debug.addBreakpoint(2, COPY, "swbreak");
  expect((await debug.continue()).why.kind).toBe("breakpoint");
  // In the midst of the instruction, whose iterations no moment has.
  for (let i = 0; i < 3; i++) await debug.step(2);
  const inside = state();
  expect(inside[2]).toBe(3);
  fail.output();
  await expect(debug.continue()).rejects.toThrow(/the host is gone/);
  expect(state()).toEqual(inside);
  heal();
  await expect(debug.goTo(at(9e9))).rejects.toThrow(/this run has no moment 9000000000:0/);
  expect(state()).toEqual(inside);
  debug.removeBreakpoint(2, COPY, "swbreak");
  slowly(timeline);
  fail.turn();
  await expect(debug.continueBack()).rejects.toThrow(/the host is gone/);
  // The way back begins before the instruction.
  expect(state()).toEqual(inside);
  expect((await debug.continueBack()).why).toEqual({ kind: "history", end: "begin" });
});

it("gdb gets the message, and a stop where the program was", async () => {
  const { debug, fail, heal, state } = await begun();
  const { ask, replies } = serve(debug);
  await ask("qSupported:multiprocess+");
  await debug.goTo(at(50_000));
  const before = state();
  fail.output();
  expect(await ask("vCont;c")).toMatch(/^T00thread:p2.2;/);
  const text = replies.flatMap((reply) => (reply.startsWith("O") ? [Buffer.from(unhex(reply.slice(1)) as Uint8Array).toString()] : []));
  expect(text).toEqual(["the host is gone [TG0900]\nThe program stands where it was.\n"]);
  expect(state()).toEqual(before);
  heal();
  const goto = `qRcmd,${hex(latin1("goto 9000000000:0"))}`;
  expect(Buffer.from((await ask(goto)) ?? "", "hex").toString()).toMatch(/^this run has no moment 9000000000:0 \(its last one is /);
  expect(state()).toEqual(before);
  expect(await ask("vCont;c")).toMatch(/^W00/);
});

it("threads stand where they were in non-stop mode, and the server serves", async () => {
  const { debug, fail, heal, state } = await begun();
  const { server, ask } = serve(debug);
  const log: string[] = [];
  server.onLog = (line) => void log.push(line);
  await ask("qSupported:multiprocess+");
  await ask("QNonStop:1");
  await ask("?");
  await ask("vStopped");
  await debug.goTo(at(50_000));
  const before = state();
  fail.output();
  expect(await ask("vCont;c")).toBe("OK");
  await vi.waitFor(() => expect(log).toEqual([expect.stringMatching(/^the host is gone/)]));
  expect(state()).toEqual(before);
  expect(await ask("vStopped")).toBe("OK");
  heal();
  expect(await ask("vCont;c")).toBe("OK");
  await vi.waitFor(() => expect(debug.stop?.why.kind).toBe("ended"));
});
