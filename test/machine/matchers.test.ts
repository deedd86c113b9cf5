// trapgate/vitest: passes, failures, and the messages of failures and misuse. Misuse is a type error too:
// each `@ts-expect-error` is a test of the types.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { explore, Machine, type Problem, type Run } from "trapgate";
import { errno, killProcess, policy } from "trapgate/policy";
import { guest, maskTrace } from "trapgate/vitest";
import { describe, expect, it } from "vitest";
import { guest as landmine } from "../landmines/guest.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, gcc32, missing } from "../support/host.ts";

const killed = {
  status: { signal: "SIGSYS", core: true },
  trace: [
    'execve("/program", ["/program"], 0x7ffd0000 /* 1 var */) = 0',
    'openat(AT_FDCWD, "/etc/passwd", O_RDONLY)   = 3',
    "getppid() = ? (seccomp: SECCOMP_RET_KILL_PROCESS)",
    "+++ killed by SIGSYS (core dumped) +++",
  ],
};
const exited = { status: { exit: 3 }, trace: [] };
const message = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("it passed");
};
const problem = (call: () => unknown): readonly unknown[] => {
  try {
    call();
  } catch (error) {
    const { name, kind, sentence, help } = error as Problem;
    return [name, kind, sentence, help];
  }
  throw new Error("it passed");
};

describe("the matchers of runs", () => {
  it("know how a run ended", () => {
    expect(killed).toBeKilledBy("SIGSYS");
    expect(killed).not.toBeKilledBy("SIGKILL");
    expect(killed).not.toExitWith(0);
    expect(exited).toExitWith(3);
    expect(exited).not.toExitWith(0);
  });
  it("find lines of the trace in order", () => {
    expect(killed).toTrace('openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3', /^getppid\(\)/, "killed by SIGSYS");
    expect(killed).not.toTrace("killed by SIGSYS", "openat");
  });
  it("say how the guest ended and what it did last", () => {
    expect(() => expect(killed).toExitWith(0)).toThrowErrorMatchingInlineSnapshot(`
      [Error: expected the guest to exit with 0, but it was killed by SIGSYS
        last system calls:
          execve("/program", ["/program"], 0x7ffd0000 /* 1 var */) = 0
          openat(AT_FDCWD, "/etc/passwd", O_RDONLY)   = 3
          getppid() = ? (seccomp: SECCOMP_RET_KILL_PROCESS)
          +++ killed by SIGSYS (core dumped) +++]
    `);
  });
  it("show the nearest lines for a line that is absent", () => {
    expect(message(() => expect(killed).toTrace("getppid() = 1 EPERM"))).toBe(
      [
        "expected the trace to have the line",
        "    -       getppid() = 1 EPERM",
        "    +    3  getppid() = ? (seccomp: SECCOMP_RET_KILL_PROCESS)",
        "  The guest was killed by SIGSYS",
        "  last system calls:",
        ...killed.trace.map((line) => `    ${line}`),
      ].join("\n"),
    );
    expect(message(() => expect(killed).toTrace(/^getpid\(\)/))).not.toContain("    + ");
    expect(message(() => expect(killed).toTrace("getppid", "openat(AT_FDCWD"))).toContain(
      "which is there, but not after line 3:\n    +    2  openat(AT_FDCWD",
    );
  });
  it("show the lines that should not be there", () => {
    expect(message(() => expect(killed).not.toTrace(/getppid/))).toBe(
      "expected the trace not to have these lines, but it has\n         3  getppid() = ? (seccomp: SECCOMP_RET_KILL_PROCESS)",
    );
  });
});

describe("misuse of the matchers", () => {
  const run = (): Promise<Run> => Machine.run(landmine("hello-syscall"));
  it("is a promise that is not awaited", async () => {
    const promise = run();
    // @ts-expect-error a promise
    expect(problem(() => expect(promise).toExitWith(0))).toEqual([
      "Problem",
      "no-subject",
      "toExitWith wants the result of a run, not a promise",
      "await it first: expect(await Machine.run(…))",
    ]);
    // @ts-expect-error a promise
    expect(message(() => expect(promise).toTrace("x"))).toMatch(/not a promise .*\[TG0801\]$/);
    // @ts-expect-error a promise
    expect(message(() => expect(promise).toBeDenied("x"))).toContain("not a promise");
    // @ts-expect-error a promise
    expect(message(() => expect(promise).toHoldInEverySchedule())).toContain("await explore(…)");
    await promise;
  });
  it("is a value of another type", () => {
    // @ts-expect-error a text
    expect(message(() => expect("x").toTrace("y"))).toContain("toTrace wants the result of a run, not x");
    // @ts-expect-error nothing
    expect(message(() => expect(undefined).toExitWith(0))).toContain("not undefined");
    // @ts-expect-error a run
    expect(message(() => expect(killed).toAllow("read"))).toContain("toAllow wants a policy");
    expect(message(() => expect(killed).toBeDenied("read"))).toContain("with its denials");
  });
  it("is a run without a trace", () => {
    expect(problem(() => expect(exited).toTrace("close(3)"))).toEqual([
      "Problem",
      "no-trace",
      "toTrace wants a run with a trace, and this one has none",
      "run it with { trace: true }",
    ]);
    expect(problem(() => expect(exited).not.toTrace("close(3)"))).toContain("no-trace");
  });
  it("is an argument that cannot be", () => {
    // @ts-expect-error no signal
    expect(message(() => expect(killed).toBeKilledBy("sigsys"))).toContain(
      'toBeKilledBy: signal cannot be "sigsys" (did you mean SIGSYS?)',
    );
    // @ts-expect-error no signal
    expect(message(() => expect(killed).toBeKilledBy("SIGSYSS"))).toContain("did you mean SIGSYS?");
    expect(message(() => expect(killed).toExitWith(256))).toContain("status must be a whole number from 0 to 255, not 256");
    // @ts-expect-error a number
    expect(message(() => expect(killed).toTrace(3))).toContain("lines[0] must be a text or a pattern, not 3");
    const box = policy({ default: killProcess }).allow("read");
    // @ts-expect-error no door
    expect(message(() => expect(box).toDeny("read", { via: "int81" }))).toContain('via cannot be "int81" (did you mean int80?)');
    // @ts-expect-error no option
    expect(message(() => expect(box).toDeny("read", { door: "int80" }))).toContain(
      'toDeny: options.door is no option (its value is "int80") (there are via)',
    );
    // @ts-expect-error no severity
    expect(message(() => expect(box).toHaveNoFindings({ severity: "hihg" }))).toContain("did you mean high?");
  });
});

describe("toBeDenied", () => {
  const box = policy({ default: errno("EPERM"), arch: ["x64", "i386"] }).allow("write", "exit", "exit_group", "prctl", "seccomp");
  it("knows calls that a filter denied, by ABI, door and verdict", async () => {
    const run = await Machine.run(landmine("hello-int80-32"), {
      policy: policy({ default: errno("EPERM"), arch: ["i386"] })
        .allow("exit")
        .bpf(),
    });
    expect(run).toBeDenied("write");
    expect(run).toBeDenied("i386.write", { via: "int80", verdict: "ERRNO(EPERM)" });
    expect(run).toBeDenied("write(1, ", { abi: "i386" });
    expect(run).not.toBeDenied("write", { abi: "x64" });
    expect(run).not.toBeDenied("write", { verdict: "KILL" });
    expect(run).not.toBeDenied("exit");
    expect(message(() => expect(run).toBeDenied("getppid", { abi: "i386" }))).toMatch(
      /^expected a filter to deny getppid, abi i386, but others were; the guest .*\n {2}denied calls:\n {4}write\(1, .* \[i386 by int80\] ERRNO\(EPERM\)/,
    );
    expect(message(() => expect(run).not.toBeDenied("write"))).toContain("denied calls:\n    write(1, ");
    // @ts-expect-error no ABI
    expect(message(() => expect(run).toBeDenied("write", { abi: "i387" }))).toContain("did you mean i386?");
    // @ts-expect-error no call
    expect(message(() => expect(run).toBeDenied("a b"))).toContain("toBeDenied wants a system call");
    // @ts-expect-error no call
    expect(message(() => expect(run).toBeDenied("wriet"))).toContain("did you mean write?");
    // @ts-expect-error a verdict names its action
    expect(message(() => expect(run).toBeDenied("write", { verdict: "EPERM" }))).toContain('write "ERRNO(EPERM)"');
    // @ts-expect-error no error
    expect(message(() => expect(run).toBeDenied("write", { verdict: "ERRNO(EPREM)" }))).toContain("did you mean EPERM?");
    expect(run).toBeDenied("write", { verdict: "ERRNO(1)" });
  });
  it("is empty for a run without filters", async () => {
    const run = await Machine.run(landmine("hello-syscall"));
    expect(run).not.toBeDenied("write");
    expect(message(() => expect(run).toBeDenied("write"))).toContain("but no call was denied; the guest exited with 0");
    expect(box).toAllow("write");
  });
});

describe("toHaveNoFindings and toHoldInEverySchedule", () => {
  it("report findings of the audit by severity", () => {
    const weak = policy({ default: errno("EPERM"), otherArch: { value: 0x7fff_0000 } }).allow("read", "ptrace", "io_uring_setup");
    expect(weak).not.toHaveNoFindings();
    expect(weak).not.toHaveNoFindings({ severity: "high" });
    expect(message(() => expect(weak).toHaveNoFindings())).toMatch(/^expected the audit to find nothing\nHIGH /);
    expect(policy({ default: killProcess }).allow("read", "write", "exit_group")).toHaveNoFindings({ severity: "high" });
  });
  it("judge a search", async () => {
    expect(await explore(landmine("hello-syscall"), { never: ["getppid"], departures: 0 })).toHoldInEverySchedule();
  });
  it("judge a search by what it must have tried", async () => {
    const systematic = await explore(landmine("race-notify"), { never: ["getppid"], search: "systematic", schedules: 5 });
    expect(message(() => expect(systematic).toHoldInEverySchedule())).toMatch(/tried 5 schedules: it was given up before its bound$/);
    expect(systematic).toHoldInEverySchedule({ within: { schedules: 5 } });
    expect(systematic).toHoldInEverySchedule({ within: { departures: 0 } });
    expect(systematic).not.toHoldInEverySchedule({ within: { departures: 1 } });
    const drawn = await explore(landmine("race-notify"), { never: ["getppid"], search: "pos", schedules: 20 });
    expect(drawn).toHoldInEverySchedule({ within: { schedules: 20 } });
    expect(message(() => expect(drawn).toHoldInEverySchedule())).toContain("it drew them, which is no proof");
    expect(message(() => expect(drawn).toHoldInEverySchedule({ within: { schedules: 21 } }))).toMatch(
      /tried 20 schedules \(\d+ different, of \d+ tasks with up to \d+ points, .*\): within wants 21 of them$/,
    );
    const found = await explore(landmine("race-notify"), { never: ['openat(*"/dev/zero"*)'], search: "pos", schedules: 500 });
    expect(message(() => expect(found).toHoldInEverySchedule({ within: { schedules: 1 } }))).toContain("ran openat(");
    expect(message(() => expect(drawn).toHoldInEverySchedule({ within: { depth: 3 } } as never))).toContain("depth");
  });
});

describe("maskTrace", () => {
  it("names addresses by their first appearance, and nothing else", () => {
    expect(
      maskTrace([
        "brk(NULL) = 0x2e3f1000",
        "mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f1e2a3b4000",
        "brk(0x2e3f1000) = 0x2e3f1000",
        "read(3, 0x7f1e2a3b4000, 0x1000) = 4096",
        "mmap(NULL, 1, PROT_READ, 0x20000 /* MAP_??? */, 3, 0) = 0x2e3f1000",
      ]),
    ).toEqual([
      "brk(NULL) = ADDR1",
      "mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3, 0) = ADDR2",
      "brk(ADDR1) = ADDR1",
      "read(3, ADDR2, 0x1000) = 4096",
      "mmap(NULL, 1, PROT_READ, 0x20000 /* MAP_??? */, 3, 0) = ADDR1",
    ]);
  });
});

const source = `#include "mine.h"
#include <stdio.h>
int main(void) { puts(MINE); return 0; }
`;
describe.skipIf(missing("guests from C", gcc, gcc32))("guest", { timeout: 120_000 }, () => {
  it("compiles for an ABI, and again only if the file, a header or the flags change", () =>
    inFolder(async (folder) => {
      const [file, cache] = [join(folder, "mine.c"), join(folder, "cache")];
      writeFileSync(file, source);
      writeFileSync(join(folder, "mine.h"), '#define MINE "one"\n');
      expect((await Machine.run(guest(file, { cache }))).stdout.text).toBe("one\n");
      guest(file, { cache });
      expect(readdirSync(cache)).toHaveLength(1);
      expect((await Machine.run(guest(file, { cache, abi: "i386" }), { trace: true })).trace.join("\n")).toContain("write(1");
      guest(file, { cache, flags: ["-DX"] });
      expect(readdirSync(cache)).toHaveLength(3);
      writeFileSync(join(folder, "mine.h"), '#define MINE "two"\n');
      expect((await Machine.run(guest(file, { cache }))).stdout.text).toBe("two\n");
      expect(readdirSync(cache)).toHaveLength(4);
    }));
  it("finds a file beside the test that asks", async () => {
    expect((await Machine.run(guest("./reuse.c"), { args: ["check"] })).stdout.text).toBe("10\n");
  });
  it("says what is wrong", () =>
    inFolder(async (folder) => {
      const file = join(folder, "broken.c");
      writeFileSync(file, "int main(void) { return x; }\n");
      mkdirSync(join(folder, "cache"));
      const [, kind, sentence] = problem(() => guest(file, { cache: join(folder, "cache") }));
      expect([kind, sentence]).toEqual(["not-compiled", expect.stringMatching(/broken.c does not compile:\n[\s\S]*x/)]);
      expect(readdirSync(join(folder, "cache"))).toEqual([]);
      expect(problem(() => guest("./none.c"))).toEqual(expect.arrayContaining(["cannot-read"]));
      expect(problem(() => guest(file, { compiler: "/no/such/cc" }))).toContain("not-compiled");
      // @ts-expect-error no option
      expect(problem(() => guest(file, { abu: "x64" }))).toContain("did you mean abi?");
      // @ts-expect-error no ABI
      expect(problem(() => guest(file, { abi: "x86" }))).toContain("there are x64, i386, x32");
    }));
});
