// gdb's non-stop mode: a thread counts as running until gdb has read its stop by vStopped.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Packets.html (vCont)
// gdb.threads/next-fork-other-thread.exp
import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { assembleProgram } from "../../src/cpu/index.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import { programCounter } from "../../src/debug/registers.ts";
import type { Task } from "../../src/kernel/core/task.ts";
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
.stop:  nop
        die 4
.child: die 3
 end_elf`,
  { include },
);
/** Waits for the run between packets. */
const until = async (isThere: () => boolean): Promise<void> => {
  for (let n = 0; n < 500 && !isThere(); n++) await new Promise((done) => setTimeout(done, 5));
  expect(isThere()).toBe(true);
};

it("an action for all threads does not resume one whose stop gdb has not read", { timeout: 60_000 }, async () => {
  const debug = new Debugger(new Timeline(new Machine(), program, { stdin: "" }));
  await debug.restart();
  const { ask } = serve(debug);
  await ask("qSupported:multiprocess+;fork-events+");
  await ask("QPassSignals:14");
  expect(await ask("QNonStop:1")).toBe("OK");
  expect(await ask("?")).toMatch(/^T/);
  expect(await ask("vStopped")).toBe("OK");
  expect(await ask("vCont;c")).toBe("OK");
  await until(() => debug.stop?.why.kind === "child");
  const { moment } = debug.timeline;
  // Neither the parent nor the new child goes on, and no stop is told twice.
  for (const action of ["vCont;c", "vCont;t", "vCont;c:p2.-1"]) expect(await ask(action)).toBe("OK");
  await new Promise((done) => setTimeout(done, 50));
  expect([debug.timeline.moment, debug.stop?.why.kind]).toEqual([moment, "child"]);
  expect(await ask("vStopped")).toBe("OK");
  debug.addBreakpoint(2, labels.get("_start.stop") as number, "swbreak");
  expect(await ask("vCont;c")).toBe("OK");
  await until(() => programCounter(debug.task(2) as Task) === labels.get("_start.stop"));
});
// The first child spins, the second one ends at once.
const { bytes: family } = assembleProgram(
  `%include "guest.inc"
 elf64
_start: call64 57
        test eax, eax
        jz .spins
        call64 57
        test eax, eax
        jz .ends
        die 4
.spins: mov ecx, 100000
.turn:  dec ecx
        jnz .turn
.ends:  die 3
 end_elf`,
  { include },
);
it("a thread that stands still gets no signal that its process ignores", { timeout: 60_000 }, async () => {
  const debug = new Debugger(new Timeline(new Machine(), family, { stdin: "" }));
  await debug.restart();
  const { ask } = serve(debug);
  await ask("qSupported:multiprocess+;fork-events+");
  await ask("QNonStop:1");
  expect([(await ask("?"))?.[0], await ask("vStopped"), await ask("vCont;c")]).toEqual(["T", "OK", "OK"]);
  await until(() => debug.stop?.why.kind === "child");
  expect([await ask("vStopped"), await ask("vCont;c:p2.2")]).toEqual(["OK", "OK"]);
  await until(() => debug.task(4) !== undefined);
  expect([await ask("vStopped"), await ask("D;4"), await ask("vCont;c:p3.3")]).toEqual(["OK", "OK", "OK"]);
  await until(() => debug.stop?.why.kind === "ended");
  // The one stop is the end of the first child: its parent has not got SIGCHLD from the second one.
  expect(await ask("vStopped")).toBe("OK");
});

// It sleeps for 40 ms again and again.
const { bytes: sleeper, labels: sleeps } = assembleProgram(
  `%include "guest.inc"
 elf64
_start: call64 35, time, 0
.stop:  nop
        jmp _start
time:   dq 0, 40000000
 end_elf`,
  { include },
);
it("a packet does not wait while all tasks sleep in real time", { timeout: 60_000 }, async () => {
  const debug = new Debugger(new Timeline(new Machine(), sleeper, { stdin: "" }));
  await debug.restart();
  const { ask } = serve(debug);
  await ask("qSupported:multiprocess+");
  await ask("QNonStop:1");
  expect([(await ask("?"))?.[0], await ask("vStopped")]).toEqual(["T", "OK"]);
  debug.timeline.turn = async () => {};
  // No timer of this process ends any more.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    expect(await ask("vCont;c")).toBe("OK");
    for (let i = 0; i < 100; i++) expect(await ask("qC")).toBe("QCp2.2");
    expect(vi.getTimerCount()).toBe(1);
    expect(await ask("vCont;t")).toBe("OK");
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
it("time in which a debugger has stopped the program is not slept again", { timeout: 60_000 }, async () => {
  const timeline = new Timeline(new Machine(), sleeper, { stdin: "" });
  const debug = new Debugger(timeline);
  await debug.restart();
  debug.sleepsInRealTime = true;
  debug.isEachAlone = false;
  let time = 1000;
  Object.defineProperty(timeline.kernel.deadline, "clock", { value: () => time });
  timeline.turn = async () => {};
  debug.addBreakpoint(2, sleeps.get("_start.stop") as number, "swbreak");
  const waits = vi.spyOn(globalThis, "setTimeout").mockImplementation(((done: () => void, wait: number) => {
    time += Math.max(1, wait);
    queueMicrotask(done);
  }) as never);
  try {
    const slept: number[] = [];
    for (const stood of [0, 30, 1000, 0, 0, 0]) {
      time += stood;
      const before = time;
      expect((await debug.continue()).why.kind).toBe("breakpoint");
      slept.push(10 * Math.floor((time - before) / 10));
    }
    // Of a second 100 ms count: for two sleeps and a half.
    expect(slept).toEqual([40, 10, 0, 0, 0, 20]);
  } finally {
    waits.mockRestore();
  }
});

// The first process spins for ever, its child for a while.
const { bytes: spinners, labels: spins } = assembleProgram(
  `%include "guest.inc"
 elf64
_start: call64 57
        test eax, eax
        jz .child
.spin:  jmp .spin
.child: mov ecx, 100000
.turn:  dec ecx
        jnz .turn
.left:  die 3
 end_elf`,
  { include },
);
it("threads step over ranges side by side", { timeout: 60_000 }, async () => {
  const debug = new Debugger(new Timeline(new Machine(), spinners, { stdin: "" }));
  await debug.restart();
  const { ask } = serve(debug);
  await ask("qSupported:multiprocess+;fork-events+");
  await ask("QNonStop:1");
  expect([(await ask("?"))?.[0], await ask("vStopped"), await ask("vCont;c")]).toEqual(["T", "OK", "OK"]);
  await until(() => debug.stop?.why.kind === "child");
  expect(await ask("vStopped")).toBe("OK");
  const [start, child, left] = ["_start", "_start.child", "_start.left"].map((name) => (spins.get(name) as number).toString(16));
  expect(await ask(`vCont;r${start},${child}:p2.2`)).toBe("OK");
  expect(await ask(`vCont;r${start},${left}:p3.3`)).toBe("OK");
  await until(() => debug.stop?.tid === 3 && debug.stop.why.kind === "step" && programCounter(debug.task(3) as Task).toString(16) === left);
  expect(await ask("vStopped")).toBe("OK");
  // The other one has not left its range.
  expect([await ask("vCont;t:p2.2"), await ask("vStopped")]).toEqual(["OK", "OK"]);
  expect(programCounter(debug.task(2) as Task)).toBe(spins.get("_start.spin"));
});

it("an interrupt that comes after a step is for the next run", { timeout: 60_000 }, async () => {
  const debug = new Debugger(new Timeline(new Machine(), spinners, { stdin: "" }));
  await debug.restart();
  const { ask, server } = serve(debug);
  await ask("qSupported:multiprocess+");
  await ask("QPassSignals:14");
  expect(await ask("vCont;s")).toMatch(/^T05/);
  server.receive(new Uint8Array([3]));
  expect([await ask("vCont;s"), await ask("vCont;s")]).toEqual([expect.stringMatching(/^T02/), expect.stringMatching(/^T05/)]);
  server.receive(new Uint8Array([3]));
  expect(await ask("vCont;c")).toMatch(/^T02/);
});

it("gdb gets the threads after the end of the one that it has chosen", { timeout: 60_000 }, async () => {
  const debug = new Debugger(new Timeline(new Machine(), spinners, { stdin: "" }));
  await debug.restart();
  const { ask } = serve(debug);
  await ask("qSupported:multiprocess+;fork-events+");
  await ask("QNonStop:1");
  expect([(await ask("?"))?.[0], await ask("vStopped"), await ask("vCont;c")]).toEqual(["T", "OK", "OK"]);
  await until(() => debug.stop?.why.kind === "child");
  expect([await ask("vStopped"), await ask("Hgp3.3"), await ask("vCont;c:p3.3")]).toEqual(["OK", "OK", "OK"]);
  await until(() => debug.stop?.why.kind === "ended");
  expect(await ask("qXfer:threads:read::0,1000")).toMatch(/^l<\?xml.*id="p2\.2"/s);
  expect(await ask("qXfer:siginfo:read::0,1000")).toBe("E03");
});
