// `hooks.event`: the events of a run as data. The trace of the same run is the judge of the texts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Machine, type TraceEvent } from "trapgate";
import { decodeProgram, evaluate, seccompProfile, upstream } from "trapgate/seccomp";
import { describe, expect, it } from "vitest";
import { top } from "../support/host.ts";

const program = (name: string): Uint8Array => new Uint8Array(readFileSync(join(top, "guest", "bin", name)));
type Options = Parameters<typeof Machine.run>[1];
const record = async (name: string, options: Options = {}) => {
  const events: TraceEvent[] = [];
  const run = await Machine.run(program(name), { ...options, hooks: { event: (event) => events.push(event) } });
  return { events, run };
};
const of = <K extends TraceEvent["kind"]>(events: readonly TraceEvent[], kind: K) =>
  events.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);

describe("hooks.event", () => {
  it("tells each call with its door, and the words of the trace", async () => {
    const { events, run } = await record("a1", { trace: true });
    const texts = of(events, "return").map(({ text }) => text);
    expect(texts).toEqual(run.trace.slice(1, -1));
    expect(of(events, "call").map(({ door, abi, name }) => `${door} ${abi} ${name}`)).toEqual([
      "syscall64 x64 prctl",
      "syscall64 x64 prctl",
      "int80 i386 getppid",
      "syscall64 x64 write",
      "syscall64 x64 exit_group",
    ]);
    expect(of(events, "end").map(({ end }) => end)).toEqual([{ exit: 0 }]);
  });
  it("tells registers before and after a call", async () => {
    const { events } = await record("a1");
    const call = of(events, "call")[2]!;
    expect(call.before).toMatchObject({ rax: 64n });
    expect(of(events, "return").find(({ id }) => id === call.id)?.after).toMatchObject({ rax: 1n, rip: call.before["rip"] });
  });
  it.each([
    ["a1", "upstream", "int80", "ALLOW", false],
    ["a1-fixed", "upstream", "int80", "KILL_PROCESS", false],
    ["a1-v6", "v6", "int80", "DENY", true],
  ] as const)("tells what the filters of %s say under %s", async (name, kernel, door, action, locked) => {
    const { events } = await record(name, { kernel });
    const call = of(events, "call").find((one) => one.door === door)!;
    const verdict = of(events, "verdict").find(({ id }) => id === call.id)!;
    expect(verdict.action).toBe(action);
    expect(verdict.evaluation?.locked).toBe(locked);
    const [filter] = of(events, "filter");
    const { data } = verdict.evaluation!;
    expect(new DataView(data.buffer).getInt32(0, true)).toBe(64);
    if (locked) return;
    const value = evaluate(seccompProfile(kernel) ?? upstream, decodeProgram(filter!.program), new Uint32Array(data.buffer));
    expect(value).toBe(verdict.allowed ? 0x7fff_0000 : 0x8000_0000);
  });
  it("tells strict mode, tasks and departures of a schedule", async () => {
    expect(of((await record("a8")).events, "call").length).toBeGreaterThan(1);
    const { events } = await record("race-thread", { schedule: "0:3" });
    expect(of(events, "start").map(({ tid, parent }) => `${tid} of ${parent}`)).toEqual(["2 of undefined", "3 of 2", "4 of 3"]);
    expect(of(events, "remark").map(({ text }) => text)).toEqual(["task 3 runs before task 2, whose call has returned"]);
  });
  it("changes nothing that the guest can see", async () => {
    for (const name of ["race-notify", "b10", "libc-start"]) {
      const plain = await Machine.run(program(name), { trace: { follow: true } });
      const { run } = await record(name, { trace: { follow: true } });
      expect(run).toEqual(plain);
    }
  });
});
