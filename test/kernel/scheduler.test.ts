// Time, slices and sleep, on a processor that does what a script says.
import { expect, test } from "vitest";
import { exit } from "../../src/cpu/machine/exit.ts";
import { R } from "../../src/cpu/machine/state.ts";
import { WaitQueue, wait } from "../../src/kernel/base/wait.ts";
import { Task } from "../../src/kernel/task/task.ts";
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
  const other = new Task(kernel, kernel.newPid(), process, { mem, files, fs, cred });
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
  // Nobody else could have run when its first slices were over, and the last one is not.
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
    const others = [0, 1].map(() => new Task(kernel, kernel.newPid(), process, { mem, files, fs, cred }));
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

test("a task that waits for the world outside makes run idle, with the next deadline", () => {
  const { kernel, task } = fixture();
  const input = new WaitQueue(true);
  kernel.scheduler.sleep(task, wait([input], { until: 700 }));
  expect(kernel.run(1000)).toEqual({ reason: "idle", until: 700 });
  input.wake();
  expect(task.state).toBe("runnable");
});

test("when nothing can ever wake anybody, run says so", () => {
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
