// Points between the reads of one call (src/kernel/entry/split-reads.ts): what they find, that a schedule
// with one repeats, and that a call which gives way at each of its reads has the result that it always has.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Machine as PublicMachine } from "trapgate";
import { hostTree } from "trapgate/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Kernel } from "../../src/kernel/core/kernel.ts";
import type { PointKind } from "../../src/kernel/core/scheduling.ts";
import type { Task } from "../../src/kernel/core/task.ts";
import { SplitReads } from "../../src/kernel/entry/split-reads.ts";
import { explore, replay } from "../../src/machine/explore/explore.ts";
import { Machine } from "../../src/machine/machine.ts";
import { parseSchedule, scheduleText } from "../../src/machine/schedule.ts";
import { endOfRun } from "../support/guest.ts";
import { gcc, missing, top } from "../support/host.ts";
import { guestsFromC, nativeGuest, nativeGuests } from "../support/native-guest.ts";

const root = hostTree("/");

describe.skipIf(missing("schedules of C programs", gcc))("points between the reads of a call", { timeout: 120_000 }, () => {
  let folder = "";
  let program = new Uint8Array();
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "trapgate-reads-"));
    const file = join(folder, "two-arguments");
    execFileSync("gcc", ["-O1", "-pthread", "-o", file, join(top, "test/explore/programs/two-arguments.c")]);
    program = readFileSync(file);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("find what no schedule with whole calls shows", async () => {
    for (const search of ["systematic", "random"] as const)
      expect((await explore(program, { root, search, schedules: 200, seconds: 600 })).violation).toBeUndefined();
    for (const search of ["random", "pct", "pos", "surw", "feedback", "go-explore", "portfolio"] as const) {
      const { violation } = await explore(program, { root, search, splitReads: true, schedules: 400, seconds: 600 });
      expect(violation?.what).toBe("the program was killed by SIGABRT");
      expect(violation?.schedule).toMatch(/^2@\d+m2:3$/);
      expect(violation?.order.join("\n")).toMatch(/\* read how .*\* write how.*\* write path.*\* read path/s);
    }
  });
  it("are repeated by the text of their schedule, also under a trace", async () => {
    const { violation } = await explore(program, { root, search: "feedback", splitReads: true, seconds: 600 });
    const schedule = violation?.schedule as string;
    expect(scheduleText(parseSchedule(schedule))).toBe(schedule);
    expect(replay(program, { root, schedule })).toBe("the program was killed by SIGABRT");
    const run = await PublicMachine.run(program, { root, schedule, trace: { follow: true } });
    expect(endOfRun(run)).toBe("SIGABRT");
    expect(run.trace.join("\n")).toContain("task 3 runs before task 2, whose call is about to read more of its arguments");
    expect(() => replay(program, { root, schedule: "2@5m2:3" })).toThrow("the run has no point 2@5m2");
  });
  it("are refused by searches without them", async () => {
    for (const search of ["systematic", "dpor"] as const)
      await expect(explore(program, { root, search, splitReads: true })).rejects.toThrow(`the search ${search} has no points between`);
  });
});

/** The reads of a call at which it gives way: execve may have thousands, and begins anew each time. */
const MOST = 100;
/** The reads of calls in a kernel that has no frame for copies. */
const withoutFrame = (kernel: Kernel): SplitReads => {
  const { frames } = kernel;
  const full = Object.create(frames, { alloc: { value: () => 0 } }) as Kernel["frames"];
  const reads = new SplitReads(Object.create(kernel, { frames: { value: full } }) as Kernel);
  frames.kernelReads = reads;
  return reads;
};
/** Runs a program. `splits`: each call gives way once at each of its reads; the number of times. */
const outcome = (name: string, program: Uint8Array, splits: boolean, readsOf = (kernel: Kernel) => new SplitReads(kernel)) => {
  const here = `/${name}`;
  const machine = new Machine({ files: { [here]: { content: program, mode: 0o755 } }, cpu: "x86-64-v3" });
  let times = 0;
  if (splits) {
    machine.follow(
      () => ({
        choose: (_kind: PointKind, [usual]: readonly Task[]) => usual as Task,
        splitReads: readsOf,
      }),
      undefined,
    );
    const { scheduler } = machine.kernel;
    const { givesWay } = scheduler;
    // One task alone would have no reason.
    scheduler.givesWay = (task, kind, read) =>
      kind === "read" ? (read ?? 0) < MOST && ++times > 0 : givesWay.call(scheduler, task, kind, read);
  }
  const { run, end } = machine.runClosed(here, {}, 60e9);
  return { end, stdout: run.stdout.text, stderr: run.stderr.text, status: endOfRun(run), times };
};

/** Of these no call reads its arguments in more than one step. */
const single: ReadonlySet<string> = new Set(["breakpoints", "logged", "netfilter", "queues", "sixth"]);

describe.skipIf(missing("programs in C", guestsFromC))("a call that gives way at each read", { timeout: 60_000 }, () => {
  it.each(nativeGuests)("has the same result: %s", async (name) => {
    const program = await nativeGuest(name, "-m64");
    const { times: none, ...usual } = outcome(name, program, false);
    const { times, ...split } = outcome(name, program, true);
    expect(split).toEqual(usual);
    expect([none, usual.end]).toEqual([0, "ended"]);
    expect(times > 0).toBe(!single.has(name));
  });
  it("does not give way without a frame for what it has read", async () => {
    const program = await nativeGuest("sockets", "-m64");
    const usual = outcome("sockets", program, false);
    expect(outcome("sockets", program, true, withoutFrame)).toEqual(usual);
  });
});
