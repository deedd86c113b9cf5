// Races of seccomp that explore finds, and does not find where the kernel or the program is mended.
import { type ExploreOptions, explore, Machine, replay } from "trapgate";
import { describe, expect, it } from "vitest";
import { guest } from "../landmines/guest.ts";
import "trapgate/vitest";

/** Bounds of the systematic search. */
const search = "systematic";
const found = async (program: string, options: ExploreOptions, departures: number): Promise<string> => {
  const { violation, complete } = await explore(guest(program), { search, ...options });
  expect(complete).toBe(departures - 1);
  expect(violation?.schedule.split(",")).toHaveLength(departures);
  return violation?.what as string;
};

describe("explore", { timeout: 120_000 }, () => {
  const zero: ExploreOptions = { never: ['openat(*, "/dev/zero"*)'] };
  it("finds the path that changes behind a supervisor's back", async () => {
    const what = await found("race-notify", zero, 2);
    expect(what).toBe('task 3 ran openat(AT_FDCWD, "/dev/zero", O_RDONLY)');
  });
  it("finds none when the supervisor hands over what it has opened", async () => {
    expect(await explore(guest("race-notify"), { ...zero, search, args: ["fixed"] })).toHoldInEverySchedule();
  });

  it.each(["3.5", "4.5"] as const)("finds the tracer that changes the number after the check: %s", async (kernel) => {
    expect(await found("race-tracer", { kernel, never: ["getppid"] }, 2)).toBe("task 3 ran getppid()");
  });
  it.each(["4.8", "upstream"] as const)("does not find it when the filter looks last: %s", async (kernel) => {
    expect(await explore(guest("race-tracer"), { kernel, search, never: ["getppid"] })).toHoldInEverySchedule();
  });

  it("finds the thread that is born before its maker is confined", async () => {
    expect(await found("race-thread", { never: ["getppid"] }, 1)).toBe("task 4 ran getppid()");
  });
  it("does not find it under TSYNC", async () => {
    expect(await explore(guest("race-thread"), { search, never: ["getppid"], args: ["tsync"], departures: 1 })).toHoldInEverySchedule();
  });

  it("finds a lost addition when slices are short", async () => {
    expect(await explore(guest("race-counter"), { search })).toHoldInEverySchedule();
    expect((await explore(guest("race-counter"), { search, slice: 2 })).violation?.what).toBe("the program exited with 1, not 0");
  });
  it("takes turns by default: a search that draws finds the lost addition, and says so", async () => {
    const { violation, parts = [], schedules } = await explore(guest("race-counter"));
    expect([violation?.what, violation?.search]).toEqual(["the program exited with 1, not 0", parts.at(-1)?.search]);
    expect(violation?.search).not.toBe("systematic");
    expect(parts.reduce((sum, part) => sum + part.schedules, 0)).toBe(schedules);
  });
  it("ends after one drawn schedule if no schedule can differ", async () => {
    const exploration = await explore(guest("hello-syscall"), { departures: 1 });
    expect(exploration).toHoldInEverySchedule();
    expect(exploration.parts).toEqual(["systematic", "feedback"].map((name) => ({ search: name, schedules: name === "feedback" ? 1 : 2 })));
  });
  it("makes a drawn schedule of two departures one, where one suffices", async () => {
    const { violation } = await explore(guest("race-notify"), { ...zero, search: "feedback" });
    expect(violation?.schedule).toMatch(/^[^,]+$/);
    const { schedule = "" } = violation ?? {};
    expect(replay(guest("race-notify"), { ...zero, schedule })).toBe(violation?.what);
  });
});

describe("a shard", () => {
  const options: ExploreOptions = { search, never: ["getppid"], args: ["tsync"], departures: 1 };
  it("has its part of the schedules: all parts together are the whole, the default schedule of each level apart", async () => {
    const whole = await explore(guest("race-thread"), options);
    const parts = await Promise.all([1, 2, 3].map((number) => explore(guest("race-thread"), { ...options, shard: { number, of: 3 } })));
    for (const part of parts) expect(part).toHoldInEverySchedule();
    const levels = whole.bound + 1;
    expect(parts.reduce((n, { schedules }) => n + schedules, 0)).toBe(whole.schedules + 2 * levels);
  });
  it("finds what is in its part, and the same each time", async () => {
    const find = async (number: number) =>
      (await explore(guest("race-thread"), { search, never: ["getppid"], departures: 1, shard: { number, of: 2 } })).violation?.schedule;
    const found = [await find(1), await find(2)];
    expect(found.filter((schedule) => schedule !== undefined)).not.toEqual([]);
    expect([await find(1), await find(2)]).toEqual(found);
  });
});

describe("a schedule", () => {
  it("runs the same again with and without observers, in used memory and in fresh", async () => {
    const options = { search, never: ["getppid"] } as const;
    const { violation } = await explore(guest("race-thread"), options);
    const { schedule = "", run } = violation ?? {};
    expect(replay(guest("race-thread"), { ...options, schedule })).toBe(violation?.what);
    const traced = await Machine.run(guest("race-thread"), { schedule, trace: { follow: true } });
    expect(traced.trace).toEqual(run?.trace);
    const { stats } = await Machine.run(guest("race-thread"), { schedule });
    expect(stats).toEqual(run?.stats);
  });
  it("is refused when it is another program's", async () => {
    await expect(Machine.run(guest("race-counter"), { schedule: "90:3" })).rejects.toThrow("the run has no point 90");
    expect(() => replay(guest("race-counter"), { schedule: "0:9" })).toThrow("at point 0 there is no task 9");
  });
  it.each(["", "7", "7:3,5:2", "7:3,", "default,7:3", "7:3/0", "a:b"])("is refused when it is none: %j", (schedule) => {
    expect(() => replay(guest("race-counter"), { schedule })).toThrow(`"${schedule}" is no schedule`);
  });
});

describe("a property", () => {
  it.each([
    [["openat(*, 0)"], undefined],
    [["getppid"], "task 4 ran getppid()"],
    [["x64:getppid()"], "task 4 ran getppid()"],
    [["i386:getppid"], undefined],
    [["getppid@4"], "task 4 ran getppid()"],
    [["getppid@program", "exit_group"], "task 4 ran getppid()"],
    [["getppid@2", "exit_group(?)"], undefined],
    [["exit_group(0)"], "task 2 ran exit_group(0)"],
  ])("of calls: %j", (never, what) => {
    expect(replay(guest("race-thread"), { never, schedule: "0:3" })).toBe(what);
  });
  it("of the end and of what is written", () => {
    const run = (name: string, options: ExploreOptions) => replay(guest(name), { ...options, schedule: "default" });
    expect(run("d1", { neverOutput: ["older thread"] })).toBe('the program wrote "older thread"');
    expect(run("d1", { neverOutput: ["no such text"] })).toBeUndefined();
    expect(run("d1", { exit: 0 })).toBeUndefined();
    expect(run("d1", { exit: 3 })).toBe("the program exited with 0, not 3");
    expect(run("a1-fixed", {})).toBe("the program was killed by SIGSYS");
  });
  it.each([
    ["opnat", 'there is no system call "opnat"'],
    ["arm:open", 'there is no ABI "arm"'],
    ["open it", '"open it" names no call'],
  ])("is refused when it means nothing: %s", (call, message) => {
    expect(() => replay(guest("d1"), { never: [call], schedule: "default" })).toThrow(message);
  });
});
