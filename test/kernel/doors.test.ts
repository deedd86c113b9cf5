// The measured table of docs: the hand-over of a call by each door, and the state that user code sees
// afterwards.
import { describe, expect, test } from "vitest";
import { exit } from "../../src/cpu/machine/exit.ts";
import { R, S } from "../../src/cpu/machine/state.ts";
import { loadSegment } from "../../src/kernel/base/processor.ts";
import { profiles } from "../../src/kernel/base/profiles.ts";
import { ExecutedProgram } from "../../src/kernel/task/program.ts";
import { fixture, register, STACK, setRegisters } from "./fixture.ts";

const ENOSYS = -38n & 0xffff_ffff_ffff_ffffn;
const PATTERN = 0xe1e1_e1e1_0000_0000n;
const halves = (value: bigint): [number, number] => [Number(value & 0xffff_ffffn), Number(value >> 32n)];

describe("SYSCALL in 64-bit code", () => {
  test("takes rdi rsi rdx r10 r8 r9", () => {
    const { task, kernel, state } = fixture();
    setRegisters(state, { [R.ax]: 39n, [R.di]: 1n, [R.si]: PATTERN | 2n, [R.dx]: 3n, [R.r10]: 4n, [R.r8]: 5n, [R.r9]: 6n });
    kernel.scheduler.gate.enter(task, exit.syscall);
    expect([...task.args]).toEqual([1, 0, 2, 0xe1e1e1e1, 3, 0, 4, 0, 5, 0, 6, 0]);
    expect(register(state, R.ax)).toBe(BigInt(task.pid));
    expect(task.compat).toBe(false);
  });

  test("ignores the upper half of rax", () => {
    const { task, kernel, state } = fixture();
    setRegisters(state, { [R.ax]: (1n << 32n) | 39n });
    kernel.scheduler.gate.enter(task, exit.syscall);
    expect(register(state, R.ax)).toBe(BigInt(task.pid));
  });

  test.each([
    ["-1", -1n],
    ["0xffffffff", 0xffff_ffffn],
    ["an unknown number", 1000n],
    ["an x32 number", 0x4000_0027n],
  ])("gives ENOSYS for %s", (_name, rax) => {
    const { task, kernel, state } = fixture();
    setRegisters(state, { [R.ax]: rax });
    kernel.scheduler.gate.enter(task, exit.syscall);
    expect(register(state, R.ax)).toBe(ENOSYS);
  });

  test("serves x32 numbers where the profile has them", () => {
    const { task, kernel, state } = fixture({ profile: { ...profiles.upstream, x32: true } });
    setRegisters(state, { [R.ax]: 0x4000_0027n });
    kernel.scheduler.gate.enter(task, exit.syscall);
    expect(register(state, R.ax)).toBe(BigInt(task.pid));
    expect(task.origAx).toBe(0x4000_0027);
  });
});

describe("INT 0x80", () => {
  test("from 64-bit code shows all 64 bits of the registers, and changes only rax", () => {
    const { task, kernel, state } = fixture();
    const values = {
      [R.ax]: 20n,
      [R.bx]: PATTERN | 0x11n,
      [R.cx]: PATTERN | 0x22n,
      [R.dx]: PATTERN,
      [R.si]: 4n,
      [R.di]: 5n,
      [R.bp]: PATTERN | 6n,
      [R.r11]: 77n,
    };
    setRegisters(state, values);
    kernel.scheduler.gate.enter(task, exit.int80);
    expect([...task.args]).toEqual([PATTERN | 0x11n, PATTERN | 0x22n, PATTERN, 4n, 5n, PATTERN | 6n].flatMap(halves));
    expect(task.compat).toBe(true);
    for (const [r, value] of Object.entries(values)) {
      if (Number(r) !== R.ax) expect(register(state, Number(r))).toBe(value);
    }
    expect(register(state, R.ax)).toBe(BigInt(task.pid));
  });

  test("uses the 32-bit table: 39 is mkdir, 20 is getpid", () => {
    const { task, kernel, state } = fixture();
    setRegisters(state, { [R.ax]: 39n, [R.bx]: 0n });
    kernel.scheduler.gate.enter(task, exit.int80);
    expect(register(state, R.ax)).toBe(-14n & 0xffff_ffff_ffff_ffffn);
  });
});

describe("SYSCALL in 32-bit code", () => {
  const enter = (sp: number) => {
    const f = fixture({ bits: 32 });
    f.task.program = new ExecutedProgram(f.task.program.abi, { ...f.task.program.vdso, landingPad: 0x5000 }, undefined);
    setRegisters(f.state, { [R.ax]: 20n, [R.bx]: 1n, [R.cx]: 99n, [R.bp]: 2n, [R.dx]: 3n, [R.si]: 4n, [R.di]: 5n, [R.sp]: BigInt(sp) });
    f.task.mem.setU32(STACK - 64, 6);
    f.kernel.scheduler.gate.enter(f.task, exit.syscall);
    return f;
  };

  test("takes the second argument from ebp and the sixth from the stack, and returns to the landing pad", () => {
    const { task, state } = enter(STACK - 64);
    expect([...task.args]).toEqual([1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]);
    expect(state.rip).toBe(0x5000);
    expect(register(state, R.bp)).toBe(6n);
    expect(register(state, R.ax)).toBe(BigInt(task.pid));
    expect(task.compat).toBe(true);
  });

  test("is EFAULT with a bad stack pointer, before filters and tracers see the call", () => {
    const { state } = enter(16);
    expect(register(state, R.ax)).toBe(-14n & 0xffff_ffff_ffff_ffffn);
    expect(state.rip).toBe(0x5000);
  });
});

test("SYSENTER takes esp from ebp", () => {
  const { task, kernel, state } = fixture({ bits: 32 });
  task.mem.setU32(STACK - 64, 6);
  setRegisters(state, { [R.ax]: 20n, [R.cx]: 2n, [R.bp]: BigInt(STACK - 64), [R.sp]: 0n });
  kernel.scheduler.gate.enter(task, exit.sysenter);
  expect(register(state, R.sp)).toBe(BigInt(STACK - 64));
  expect([...task.args].slice(2, 4)).toEqual([2, 0]);
  expect(register(state, R.bp)).toBe(6n);
});

test("a call through another code segment comes back in the flat one", () => {
  const { task, kernel, state, cpu } = fixture();
  task.ldt.table = new Uint8Array([0xff, 0xff, 0, 0, 0, 0xfb, 0xaf, 0]);
  kernel.scheduler.loadTables(task);
  expect(loadSegment(cpu, S.cs, 7)).toBe(true);
  setRegisters(state, { [R.ax]: 39n });
  kernel.scheduler.gate.enter(task, exit.syscall);
  expect(state.selector(S.cs)).toBe(0x33);
});
