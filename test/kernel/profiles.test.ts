// Differences between kernels are visible at the gate.
import { describe, expect, test } from "vitest";
import { type Exit, exit } from "../../src/cpu/machine/exit.ts";
import { at, R, vector } from "../../src/cpu/machine/state.ts";
import { type KernelProfile, kernelProfile, type Switches } from "../../src/kernel/base/profile.ts";
import { strictState } from "../../src/kernel/base/seccomp-state.ts";
import { encodeProgram, jump, type Program, seccompProfileNames, stmt } from "../../src/seccomp/index.ts";
import { fixture, STACK } from "./fixture.ts";

const profile = (name: string, switches: Partial<Switches> = {}): KernelProfile => kernelProfile(name, switches) as KernelProfile;

type World = ReturnType<typeof fixture>;
/** One call; its result as a signed number. */
const call = (world: World, nr: number, args: readonly number[] = [], why: Exit = exit.syscall): number => {
  const { kernel, task, state } = world;
  const registers = why === exit.syscall ? [R.di, R.si, R.dx, R.r10, R.r8, R.r9] : [R.bx, R.cx, R.dx, R.si, R.di, R.bp];
  state.setGpr(R.ax, nr);
  registers.forEach((r, i) => state.setGpr(r, args[i] ?? 0));
  kernel.scheduler.gate.enter(task, why);
  return state.i32[2 * R.ax] as number;
};

const NR = { prctl: 157, seccomp: 317, getppid: 110, ioctl: 16 } as const;
const [EINVAL, EACCES, ENOSYS, EBADF] = [-22, -13, -38, -9];
const FPROG = STACK - 8192;

/** struct sock_fprog for the program, in the guest's memory. */
const put = (world: World, insns: Program): number => {
  const bytes = encodeProgram(insns);
  const { mem } = world.task;
  mem.write(FPROG + 64, bytes);
  mem.setU16(FPROG, insns.length);
  mem.setLong(FPROG + 8, FPROG + 64, 8);
  return FPROG;
};
const [LD_ABS, JEQ_K, RET_K, LDH_ABS] = [0x20, 0x15, 0x06, 0x28];
const ret = (value: number): Program => [stmt(RET_K, value)];
/** If the word of seccomp_data is the value, the first result, else the second. */
const when = (offset: number, value: number, then: number, otherwise: number): Program => [
  stmt(LD_ABS, offset),
  jump(JEQ_K, value, 0, 1),
  stmt(RET_K, then),
  stmt(RET_K, otherwise),
];
const ALLOW = 0x7fff_0000;

describe("every name of the history", () => {
  test.each(seccompProfileNames)("%s is a kernel that runs a call", (name) => {
    expect(call(fixture({ profile: profile(name) }), 39)).toBeGreaterThan(0);
  });
  test("other names are none", () => expect(kernelProfile("2.4")).toBeUndefined());
  test("uname tells the version", () => {
    expect(profile("4.14").release).toMatch(/^4\.14\./);
    expect(profile("v6").release).toMatch(/^3\.3\./);
    expect(profile("upstream").release).toMatch(/^6\.12\./);
  });
});

describe("prctl(2)'s numbers", () => {
  test.each([
    ["patch:v6", 35, 0],
    ["patch:v12", 35, 0],
    ["patch:v13", 36, 0],
    ["3.5", 38, 0],
    ["6.12", 38, 0],
  ])("%s sets no_new_privs by %i", (name, number, result) => {
    const world = fixture({ profile: profile(name) });
    expect(call(world, NR.prctl, [number, 1])).toBe(result);
    expect(world.task.noNewPrivs).toBe(true);
  });
  test("37 attaches a filter on v6 and does not on the merged kernel, which reports success all the same", () => {
    const old = fixture({ profile: profile("v6") });
    expect(call(old, NR.prctl, [37, put(old, ret(0xffff_ffff))])).toBe(0);
    expect(old.task.seccomp?.mode).toBe(2);
    const merged = fixture({ profile: profile("3.5") });
    expect(call(merged, NR.prctl, [37, put(merged, ret(0xffff_ffff))])).toBe(0);
    expect(merged.task.seccomp).toBeUndefined();
  });
});

describe("seccomp(2)", () => {
  test.each(["v6", "3.5", "3.8", "3.15"])("is not there on %s", (name) => {
    expect(call(fixture({ profile: profile(name) }), NR.seccomp, [1, 0, 0])).toBe(ENOSYS);
  });
  test.each(["3.17", "4.8", "6.12"])("attaches a filter on %s", (name) => {
    const world = fixture({ profile: profile(name) });
    expect(call(world, NR.seccomp, [1, 0, put(world, ret(ALLOW))])).toBe(0);
  });
  test.each([
    ["3.17", 1, 0, 0],
    ["3.17", 1, 2, EINVAL],
    ["4.14", 1, 2, 0],
    ["4.14", 1, 4, EINVAL],
    ["4.17", 1, 4, 0],
    ["4.17", 1, 8, EINVAL],
    ["5.0", 1, 16, EINVAL],
    ["5.7", 1, 16, 0],
  ])("%s: operation %i with flags %i gives %i", (name, operation, flags, result) => {
    const world = fixture({ profile: profile(name) });
    expect(call(world, NR.seccomp, [operation, flags, put(world, ret(ALLOW))])).toBe(result);
  });
  test.each([
    ["4.8", 2, EINVAL],
    ["4.14", 2, 0],
    ["4.14", 3, EINVAL],
    ["5.0", 3, 0],
  ])("%s: operation %i gives %i", (name, operation, result) => {
    const world = fixture({ profile: profile(name) });
    world.task.mem.setU32(FPROG, 0x7fff0000);
    expect(call(world, NR.seccomp, [operation, 0, FPROG])).toBe(result);
  });
});

describe("actions", () => {
  const judged = (name: string, value: number): World & { readonly result: number } => {
    const world = fixture({ profile: profile(name) });
    const filter = put(world, when(0, NR.getppid, value, ALLOW));
    expect(call(world, NR.prctl, [22, 2, filter])).toBe(0);
    return { ...world, result: call(world, NR.getppid) };
  };
  test("ERRNO is capped since 4.0", () => {
    expect(judged("3.17", 0x0005ffff).result).toBe(-0xffff);
    expect(judged("4.0", 0x0005ffff).result).toBe(-4095);
  });
  test("LOG allows since 4.14; before, an unknown action kills", () => {
    expect(judged("4.14", 0x7ffc0000).task.state).toBe("runnable");
    expect(judged("4.8", 0x7ffc0000).result).not.toBe(1);
  });
  test("a kill is do_exit before the forced SIGSYS of 5.17, and leaves mode DEAD after", () => {
    expect(judged("3.5", 0).task.seccomp?.mode).toBe(2);
    expect(judged("6.12", 0).task.seccomp?.mode).toBe(3);
  });
});

test("the order of checks: an unprivileged caller with a bad program gets EACCES since v14, EINVAL before", () => {
  const attach = (name: string): number => {
    const world = fixture({ profile: profile(name) });
    world.task.cred = { ...world.task.cred, effective: 0n };
    return call(world, NR.prctl, [22, 2, put(world, [stmt(LDH_ABS, 1000)])]);
  };
  expect(attach("patch:v13")).toBe(EINVAL);
  expect(attach("patch:v14")).toBe(EACCES);
  expect(attach("6.12")).toBe(EACCES);
});

describe("x32", () => {
  const X32 = 0x4000_0000;
  test("is ENOSYS unless asked for", () => expect(call(fixture(), X32 | 39)).toBe(ENOSYS));
  test("has numbers of its own from 512, whose structures are 32-bit ones", () => {
    const world = fixture({ profile: profile("6.12", { x32: true }) });
    // struct iovec { u32 base, length }[1]: readv(2) of a descriptor that is not there.
    expect(call(world, X32 | 515, [99, FPROG, 1])).toBe(EBADF);
    // rt_sigaction(SIGUSR1, 0, &old, 8): struct compat_sigaction is 20 bytes long.
    world.task.mem.setU32(FPROG + 20, 0x5a5a5a5a);
    expect(call(world, X32 | 512, [10, 0, FPROG, 8])).toBe(0);
    expect(world.task.mem.u32(FPROG + 20)).toBe(0x5a5a5a5a);
  });
  test("keeps the tables apart since 5.4", () => {
    const world = fixture({ profile: profile("6.12", { x32: true }) });
    expect(call(world, X32 | NR.ioctl, [0, 0x5401])).toBe(ENOSYS);
    expect(call(world, 514, [0, 0x5401])).toBe(ENOSYS);
  });
  test("shares the table before: 64-bit numbers with the bit, its own without", () => {
    const world = fixture({ profile: profile("5.0", { x32: true }) });
    expect(call(world, X32 | NR.ioctl, [0, 0x5401])).toBe(EBADF);
    expect(call(world, 514, [0, 0x5401])).toBe(EBADF);
  });
});

describe("without IA32 emulation", () => {
  const bare = () => fixture({ profile: profile("6.12", { ia32: false }) });
  test("int $0x80 is #GP at the instruction", () => {
    const world = bare();
    call(world, 20, [], exit.int80);
    expect(world.task.trap).toMatchObject({ vector: vector.GP, error: 0x402 });
    expect(world.state.rip).toBe(0x40_1000 - 2);
    expect(world.task.exitWork).not.toBe(0);
  });
  test("SYSCALL from 32-bit code comes back with -ENOSYS", () => {
    const world = fixture({ profile: profile("6.12", { ia32: false }), bits: 32 });
    expect(call(world, 20)).toBe(ENOSYS);
    expect(world.state.rip).toBe(0x40_1000);
    expect(world.task.exitWork).toBe(0);
  });
});

describe("bugs of earlier kernels", () => {
  test("strict-wrong-table: the program's table judges a call through the other ABI's door", () => {
    const allowed = (switches: Partial<Switches>, why: Exit, nr: number): boolean => {
      const world = fixture({ profile: profile("6.12", switches) });
      world.task.seccomp = strictState;
      world.task.entryWork = 1;
      call(world, nr, [0, 0, 0], why);
      return world.task.state === "runnable" && (world.task.exitWork & 2) === 0;
    };
    const bug = { bugs: ["strict-wrong-table"] } as const;
    // 4 is write(2) for int $0x80; 1 is write(2) in the 64-bit table and exit(2) here; 15 is chmod(2) and
    // rt_sigreturn(2).
    expect(allowed({}, exit.int80, 4)).toBe(true);
    expect(allowed(bug, exit.int80, 4)).toBe(false);
    expect(allowed({}, exit.int80, 15)).toBe(false);
    expect(allowed(bug, exit.int80, 15)).toBe(true);
  });
  test("ts-compat-sticks: the first call of a child forked by int $0x80 looks compat to filters", () => {
    const firstTwo = (switches: Partial<Switches>): readonly number[] => {
      const world = fixture({ profile: profile("6.12", switches) });
      expect(call(world, NR.prctl, [22, 2, put(world, when(4, 0x4000_0003, 0x0005_0007, ALLOW))])).toBe(0);
      // The filter would refuse the fork: it is allowed by being attached to the child alone.
      const { seccomp, entryWork } = world.task;
      world.task.seccomp = undefined;
      world.task.entryWork = 0;
      call(world, 2, [], exit.int80);
      const child = [...world.kernel.tasks.values()].find((t) => t !== world.task) as typeof world.task;
      child.seccomp = seccomp;
      child.entryWork |= entryWork;
      world.kernel.scheduler.switchTo(child);
      const inChild = { ...world, task: child };
      return [call(inChild, 39), call(inChild, 39)];
    };
    expect(firstTwo({})).toEqual([3, 3]);
    expect(firstTwo({ bugs: ["ts-compat-sticks"] })).toEqual([-7, 3]);
  });
  test("reciprocal-divide: division by 1 gives 0", () => {
    expect(profile("3.5", { bugs: ["reciprocal-divide"] }).seccomp.reciprocalDivision).toBe(true);
    expect(profile("3.5").seccomp.reciprocalDivision).toBe(false);
  });
});

test("the vsyscall page is there, or not", () => {
  const jump = (vsyscall: "none" | "xonly"): number => {
    const world = fixture({ profile: profile("6.12", { vsyscall }) });
    world.task.mem.setLong(STACK - 4096, 0x40_2000, 8);
    world.cpu.script.push(() => {
      world.state.rip = -0x60_0000 - 0x40_0000 + 0x400;
      world.state.u32[at.exitVector >> 2] = vector.PF;
      world.state.u32[at.exitError >> 2] = 0x14;
      world.state.u64[at.exitAddress >> 3] = 0xffff_ffff_ff60_0400n;
      return exit.fault;
    });
    world.kernel.scheduler.start(world.task);
    world.kernel.run(1);
    return world.state.rip;
  };
  expect(jump("xonly")).toBe(0x40_2000);
  expect(jump("none")).not.toBe(0x40_2000);
});
