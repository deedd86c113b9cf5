// Time, slices and sleep, on a processor that follows a script.

import { expect, test } from "vitest";
import { x64 } from "../../src/abi/abi.ts";
import { exit } from "../../src/cpu/machine/exit.ts";
import { R } from "../../src/cpu/machine/state.ts";
import { SeededRandom } from "../../src/kernel/base/random.ts";
import { again, WaitQueue, wait } from "../../src/kernel/base/wait.ts";
import type { Task } from "../../src/kernel/core/task.ts";
import { newTask } from "../../src/kernel/lifecycle/new-task.ts";
import { endProcess } from "../../src/kernel/signal/send.ts";
import { syscall } from "../../src/kernel/syscall/declaration.ts";
import { fixture, STACK, setRegisters } from "./fixture.ts";

const NANOSLEEP = 35n;
const EXIT_GROUP = 231n;

test("the clock goes up by one an instruction and jumps when everybody sleeps", () => {
  const { kernel, task, cpu, state } = fixture();
  task.mem.setLong(STACK - 64, 5, 8);
  task.mem.setLong(STACK - 56, 0, 8);
  cpu.script.push(
    () => {
      setRegisters(state, { [R.ax]: NANOSLEEP, [R.di]: BigInt(STACK - 64) });
      return exit.syscall;
    },
    () => {
      setRegisters(state, { [R.ax]: EXIT_GROUP, [R.di]: 0n });
      return exit.syscall;
    },
  );
  kernel.scheduler.start(task);
  expect(kernel.run(1e12)).toEqual({ reason: "ended" });
  expect(kernel.now).toBeGreaterThan(5e9);
  expect(kernel.now).toBeLessThan(5e9 + 1000);
  expect(task.process.ended).toBe(0);
});

test("run comes back when the time asked for is used up", () => {
  const { kernel, task } = fixture();
  kernel.scheduler.start(task);
  expect(kernel.run(5_000_000)).toEqual({ reason: "limit" });
  expect(kernel.now).toBe(5_000_000);
});

test("a task that is alone runs on; who wakes later waits for the end of the slice that would be its", () => {
  const { kernel, task, process, cpu } = fixture();
  const { mem, files, fs, cred } = task;
  const other = newTask(kernel, kernel.newPid(), process, { mem, files, fs, cred });
  const runs: [who: Task | undefined, from: number, limit: number][] = [];
  cpu.run = (limit) => {
    runs.push([kernel.scheduler.current, kernel.now, limit]);
    cpu.instructions += limit;
    return exit.budget;
  };
  kernel.scheduler.start(task);
  kernel.scheduler.sleep(other, wait([], { until: 2_300_000 }));
  expect(kernel.run(5_500_000)).toEqual({ reason: "limit" });
  expect(runs).toEqual([
    [task, 0, 2_300_000],
    [task, 2_300_000, 700_000],
    [other, 3_000_000, 1_000_000],
    [task, 4_000_000, 1_000_000],
    [other, 5_000_000, 500_000],
  ]);
  // No other task could run at the end of its first slices, and the last slice has not ended.
  expect([task.usage.involuntarySwitches, other.usage.involuntarySwitches]).toEqual([2, 1]);
  runs.length = 0;
  expect(kernel.run(700_000)).toEqual({ reason: "limit" });
  expect(runs).toEqual([
    [other, 5_500_000, 500_000],
    [task, 6_000_000, 200_000],
  ]);
});

test("what guests see does not depend on how long each run may last", () => {
  const runs = [1, 7, 300_000, 999_999, 10_000_000].map((most) => {
    const { kernel, task, process, cpu } = fixture();
    const { mem, files, fs, cred } = task;
    const others = [0, 1].map(() => newTask(kernel, kernel.newPid(), process, { mem, files, fs, cred }));
    const ran: (readonly [who: number, until: number])[] = [];
    cpu.run = (limit) => {
      const who = [task, ...others].indexOf(kernel.scheduler.current!);
      const last = ran.at(-1);
      if (last?.[0] === who) ran.pop();
      ran.push([who, kernel.now + limit]);
      cpu.instructions += limit;
      return exit.budget;
    };
    kernel.scheduler.start(task);
    others.forEach((other, n) => void kernel.scheduler.sleep(other, wait([], { until: 1_200_000 + n * 500_000 })));
    for (const end = 6_000_000; kernel.now < end; ) kernel.run(Math.min(end - kernel.now, Math.max(most, (end - kernel.now) >> 12)));
    return [ran, ...[task, ...others].map(({ usage }) => usage.involuntarySwitches)];
  });
  for (const run of runs) expect(run).toEqual(runs[0]);
});

test("what guests see does not depend on when a deadline comes, in code or in a long call", () => {
  const runs = [0, 1, 2, 3].map((seed) => {
    const random = new SeededRandom(seed);
    // The first has no deadline, for the others it is always near.
    const late = () => (seed === 0 ? false : random.u32() % 3 === 0);
    const { kernel, task, process, cpu } = fixture({ deadline: { clock: () => Number(late()), until: 1 } });
    const { mem, files, fs, cred } = task;
    const others = [0, 1].map(() => newTask(kernel, kernel.newPid(), process, { mem, files, fs, cred }));
    const seen: (readonly [who: number, what: string, now: number])[] = [];
    const who = () => [task, ...others].indexOf(kernel.scheduler.current!);
    const long = syscall("getpid", {}, (t) => {
      t.waited.data = (t.waited.data ?? 0) + 1;
      seen.push([who(), `piece ${t.waited.data}`, kernel.now]);
      kernel.charge(70_000);
      return t.waited.data < 40 ? again({ killable: true }) : 0;
    });
    cpu.run = (limit) => {
      const part = seed === 0 ? limit : Math.min(limit, 1 + (random.u32() % 200_000));
      cpu.instructions += part;
      const last = seen.at(-1);
      if (last?.[0] === who() && last[1] === "runs") seen.pop();
      seen.push([who(), "runs", kernel.now + part]);
      return exit.budget;
    };
    others[1]!.call = { entry: { syscall: long, call: long.call, decode: () => ({}) } as never, abi: x64, args: {} };
    kernel.scheduler.start(task);
    others.forEach((other, n) => void kernel.scheduler.sleep(other, wait([], { until: 1_200_000 + n * 500_000 })));
    while (kernel.now < 12_000_000) kernel.run(12_000_000 - kernel.now);
    return [seen, ...[task, ...others].map(({ usage }) => usage)];
  });
  for (const run of runs) expect(run).toEqual(runs[0]);
  const pieces = (runs[0]![0] as [number, string, number][]).filter(([, what]) => what !== "runs");
  expect(pieces).toHaveLength(40);
});

test("a task in a long call shares the processor", () => {
  const { kernel, task, process, cpu } = fixture();
  const { mem, files, fs, cred } = task;
  const other = newTask(kernel, kernel.newPid(), process, { mem, files, fs, cred });
  cpu.run = (limit) => {
    cpu.instructions += limit;
    return exit.budget;
  };
  const endless = syscall("getpid", {}, () => {
    kernel.charge(100_000);
    return again({ killable: true });
  });
  task.call = { entry: { syscall: endless, call: endless.call, decode: () => ({}) } as never, abi: x64, args: {} };
  kernel.scheduler.start(task);
  kernel.scheduler.start(other);
  kernel.run(20_000_000);
  expect(task.usage.system).toBe(10_000_000);
  expect(other.usage.user).toBe(10_000_000);
  endProcess(process, 9);
  expect(kernel.run(20_000_000)).toEqual({ reason: "ended" });
});

test("a task that waits for the world outside makes run idle, with the next deadline", () => {
  const { kernel, task } = fixture();
  const input = new WaitQueue(true);
  kernel.scheduler.sleep(task, wait([input], { until: 700 }));
  expect(kernel.run(1000)).toEqual({ reason: "idle", until: 700 });
  input.wake();
  expect(task.state).toBe("runnable");
});

test("run reports that no event can wake a task", () => {
  const { kernel, task } = fixture();
  kernel.scheduler.sleep(task, wait([]));
  expect(kernel.run(1000)).toEqual({ reason: "stuck" });
});

test("time that the machine lets pass wakes who waited for it", () => {
  const { kernel, task } = fixture();
  kernel.scheduler.sleep(task, wait([new WaitQueue(true)], { until: 700 }));
  kernel.advance(700);
  expect(task.state).toBe("runnable");
  expect(task.waited.expired).toBe(true);
});
