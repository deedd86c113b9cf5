// The kernel answers a system call with any arguments: it never throws, and it never loses the task.
import { expect, test } from "vitest";
import { type SyscallName, syscallNumbers } from "../../src/abi/numbers.ts";
import { exit } from "../../src/cpu/machine/exit.ts";
import { R } from "../../src/cpu/machine/state.ts";
import { SeededRandom } from "../../src/kernel/base/random.ts";
import { leaveKernel } from "../../src/kernel/entry/leave.ts";
import { fixture, STACK, setRegisters } from "./fixture.ts";

const MAPPED = STACK - 65536;
const SEED = 0x7261_6e64;
const CALLS = 8_000;

/**
 * Values that meet checks: small numbers, flags, pointers good, bad, misaligned and huge, all ones, sign
 * bits.
 */
const value = (random: SeededRandom): bigint => {
  const r = random.u32();
  const pick = r % 10;
  if (pick < 3) return BigInt(random.u32() % 20);
  if (pick < 6) return BigInt(MAPPED + (random.u32() % 65536));
  if (pick === 6) return 1n << BigInt(random.u32() % 64);
  if (pick === 7) return (BigInt(random.u32()) << 32n) | BigInt(random.u32());
  return [0n, -1n, 0x8000_0000n, 0x7fff_ffff_f000n, 4095n, 16n, -100n, -4096n][random.u32() % 8] as bigint;
};

/**
 * A task with one descriptor of many kinds: a directory, a file, a memfd, both ends of a pipe, event, timer,
 * signal and epoll descriptors.
 */
const equipped = (bits: 32 | 64, random: SeededRandom) => {
  const machine = fixture({ bits });
  const { task, kernel, state } = machine;
  task.mem.write(MAPPED, new TextEncoder().encode("/\0/f\0"));
  const setup: readonly (readonly [name: SyscallName, ...args: number[]])[] = [
    ["open", MAPPED, 0, 0],
    ["open", MAPPED + 2, 0o102, 0o600],
    ["memfd_create", MAPPED, 2],
    ["pipe2", MAPPED + 64, 0o4000],
    ["eventfd2", 1, 0o4000],
    ["timerfd_create", 1, 0o4000],
    ["signalfd4", -1, MAPPED + 64, 8, 0o4000],
    ["epoll_create1", 0],
  ];
  for (const [name, ...args] of setup) {
    const registers = [R.di, R.si, R.dx, R.r10];
    setRegisters(state, {
      ...Object.fromEntries(args.map((a, i) => [registers[i], BigInt(a)])),
      [R.ax]: BigInt(syscallNumbers[name][0] as number),
    });
    kernel.scheduler.gate.enter(task, exit.syscall);
  }
  task.mem.write(MAPPED + 8, random.bytes(65528));
  return machine;
};

test.each([
  ["syscall", exit.syscall, 64, 0],
  ["int 0x80", exit.int80, 64, 1],
  ["int 0x80 of 32-bit code", exit.int80, 32, 1],
] as const)("random calls through %s are all answered", { timeout: 60_000 }, (_name, door, bits, column) => {
  const random = new SeededRandom(SEED + column + bits);
  const numbers = Object.values(syscallNumbers).flatMap((row) => (row[column] === null ? [] : [row[column] as number]));
  let machine = equipped(bits, random);
  for (let i = 0; i < CALLS; i++) {
    const { task, state, kernel } = machine;
    const nr = random.u32() % 20 === 0 ? random.u32() : (numbers[random.u32() % numbers.length] as number);
    const registers = [R.di, R.si, R.dx, R.r10, R.r8, R.r9, R.bx, R.cx, R.bp];
    const args = registers.map((r) => [r, value(random)] as const);
    setRegisters(state, { ...Object.fromEntries(args), [R.ax]: BigInt(nr), [R.sp]: BigInt(STACK - 4096) });
    try {
      kernel.scheduler.gate.enter(task, door);
      for (let n = 0; n < 100 && task.exitWork !== 0 && task.state === "runnable"; n++) leaveKernel(task);
    } catch (cause) {
      throw new Error(`call ${nr} with ${args.map(([r, v]) => `r${r}=${v}`).join(" ")}`, { cause });
    }
    expect(["runnable", "sleeping", "stopped", "dead"]).toContain(task.state);
    if (task.state === "runnable" && i % 500 !== 499) continue;
    machine = equipped(bits, random);
  }
});
