// Ctrl-C at any time: the owner gives up what the debugger does, also on a long way to a moment. The program
// stands then where it began, or at a moment behind which there is no stop; a packet ends no way.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import { hex, latin1 } from "../../src/debug/gdb/packet.ts";
import { readAll } from "../../src/debug/registers.ts";
import type { Task } from "../../src/kernel/core/task.ts";
import { Machine } from "../../src/machine/machine.ts";
import type { Moment } from "../../src/machine/moment.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { top } from "../support/host.ts";
import { serve } from "./serve.ts";

const { bytes: program, labels } = assembleProgram(
  `%include "guest.inc"
 elf64
_start: mov ecx, 300000
.early: dec ecx
        cmp ecx, 250000
        jnz .early
.stop:  nop
.late:  dec ecx
        jnz .late
        call64 39
        die 0
 end_elf`,
  { include: (name) => readFileSync(`${top}/guest/src/${name}`, "utf8") },
);
const STOP = labels.get("_start.stop") as number;
const at = (instructions: number): Moment => ({ instructions, steps: 0 });

/** A debugger at the end of the program. `onTurn` is called in each turn of the owner after that. */
const ended = async (every: number) => {
  const machine = new Machine();
  let now = 0;
  // Each look at the clock is a turn of the owner.
  const clock = (): number => (now += 31);
  Object.assign(machine.kernel.deadline, { clock });
  const timeline = new Timeline(machine, program, { stdin: "" }, { every });
  timeline.onRestored = () => void Object.assign(timeline.kernel.deadline, { clock });
  let onTurn = (): void => {};
  let n = 0;
  // The run goes on between two turns in which something happens.
  timeline.turn = async () => {
    if (n++ % 2 === 0) onTurn();
  };
  const debug = new Debugger(timeline);
  await debug.restart();
  await debug.continue();
  const state = (): string => hex(readAll(debug.current as Task));
  return { debug, timeline, state, turns: (action: () => void) => void (onTurn = action) };
};

it("a way that is given up ends where it began, and one that a packet meets at its moment", async () => {
  const { debug, timeline, state, turns } = await ended(1e9);
  await debug.goTo(at(400_000));
  const before = state();
  for (const target of [at(100_000), at(550_000), timeline.reached]) {
    turns(() => debug.giveUp());
    expect((await debug.goTo(target)).why).toEqual({ kind: "interrupt" });
    expect([timeline.moment, state()]).toEqual([at(400_000), before]);
    turns(() => debug.interrupt());
    expect((await debug.goTo(target)).why.kind).toBe("step");
    expect(timeline.moment).toEqual(target);
    await debug.goTo(at(400_000));
    expect([timeline.moment, state()]).toEqual([at(400_000), before]);
  }
});

it("a way back that is given up has left no stop behind", async () => {
  const { debug, timeline, turns } = await ended(1000);
  debug.addBreakpoint(2, STOP, "swbreak");
  const from = at(550_000);
  const ends = new Set<string>();
  for (let first = 0; first < 60; first += 3) {
    turns(() => {});
    await debug.goTo(from);
    let n = 0;
    turns(() => {
      if (n++ >= first) debug.giveUp();
    });
    const { why } = await debug.continueBack();
    turns(() => {});
    ends.add(why.kind);
    if (why.kind === "interrupt") {
      expect(timeline.moment.instructions).toBeGreaterThan(150_001);
      expect((await debug.continueBack()).why.kind).toBe("breakpoint");
    }
    expect(timeline.moment).toEqual(at(150_001));
  }
  // Some were given up, and some were not.
  expect([...ends].sort()).toEqual(["breakpoint", "interrupt"]);
});

it("a step back is done or not", async () => {
  const { debug, timeline, turns } = await ended(1e9);
  turns(() => {});
  await debug.goTo(at(400_000));
  turns(() => debug.giveUp());
  expect((await debug.stepBack(2)).why.kind).toBe("interrupt");
  expect(timeline.moment).toEqual(at(400_000));
  turns(() => debug.interrupt());
  expect((await debug.stepBack(2)).why.kind).toBe("step");
  expect(timeline.moment).toEqual(at(399_999));
});

it("gdb's Ctrl-C in reverse is a stop by SIGINT, and a command that gdb has left has no reply", async () => {
  const { debug, timeline, turns } = await ended(1e9);
  const { server, ask, replies } = serve(debug);
  await ask("qSupported:multiprocess+");
  turns(() => {});
  await debug.goTo(at(400_000));
  turns(() => server.receive(Uint8Array.of(3)));
  expect(await ask("bc")).toMatch(/^T02/);
  expect(timeline.moment).toEqual(at(400_000));
  const goto = `qRcmd,${hex(latin1("goto 100000:0"))}`;
  expect(Buffer.from((await ask(goto)) ?? "", "hex").toString()).toBe("given up: still at 400000:0\n");
  let isLeft = false;
  turns(() => {
    if (!isLeft) server.receive(latin1("$qC#b4"));
    isLeft = true;
  });
  await ask(goto);
  await server.idle;
  expect([timeline.moment, replies]).toEqual([at(400_000), ["QCp2.2"]]);
  turns(() => {});
  expect(await ask("bc")).toMatch(/replaylog:begin/);
});
