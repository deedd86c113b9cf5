// A moment of a run. The machine starts again and stops at a virtual time. This is exact, because runs are
// repeatable.
import { describe, disassemble } from "../cpu/index.ts";
import { R, S } from "../cpu/machine/state.ts";
import type { Kernel } from "../kernel/core/kernel.ts";
import type { BootOptions } from "../machine/boot.ts";
import { Machine } from "../machine/machine.ts";
import type { ProgramOptions } from "../machine/options.ts";
import { registersOf } from "../machine/tracing/recorder.ts";
import { procMaps } from "../memory/show/maps.ts";
import type { AddressSpace } from "../memory/space.ts";
import type { Moment } from "./protocol.ts";

/** Bytes of code and of memory that a moment shows, and instructions. */
const CODE = 96;
const MEMORY = 128;
const INSTRUCTIONS = 9;
/**
 * The search for the previous moment starts so many nanoseconds earlier and steps by instructions. A system
 * call takes less time.
 */
const BACK = 200_000;

type Options = BootOptions & ProgramOptions;

/** The readable bytes from an address on. */
const readable = (mem: AddressSpace, at: number, most: number): Uint8Array => {
  const bytes = new Uint8Array(most);
  return bytes.subarray(0, Math.max(0, mem.peek(at, bytes)));
};

/** Memory of the last machine: the next one starts more quickly in it. */
let spare: WebAssembly.Memory | undefined;
const withMachine = <T>(options: Options, use: (machine: Machine) => T): T => {
  const machine = new Machine(options, spare);
  spare = undefined;
  const result = use(machine);
  spare = machine.giveUp();
  return result;
};

/** The last time before this one at which a run can stop: an instruction earlier. */
export const timeBefore = (program: Uint8Array | string, options: Options, nanoseconds: number): number =>
  withMachine(options, (machine) => {
    const { kernel } = machine;
    if (!machine.runTo(program, options, Math.max(0, nanoseconds - BACK))) return kernel.now;
    let last = kernel.now;
    for (let n = 0; kernel.now < nanoseconds && n <= BACK; n++) {
      last = kernel.now;
      if (kernel.run(1).reason !== "limit") break;
    }
    return last;
  });

/**
 * The running task of a machine that rests. `memory`: an address to show, by default the top of the stack.
 */
export const lookAt = (kernel: Kernel, memory?: number): Moment["task"] => {
  const task = kernel.scheduler.current;
  if (!task) return undefined;
  const { state } = kernel.processor;
  const mode = state.mode as 16 | 32 | 64;
  const { rip } = state;
  const bytes = readable(task.mem, rip + (mode === 64 ? 0 : state.segBase(S.cs)), CODE);
  const lines = [...disassemble(bytes, { mode, at: rip })].slice(0, INSTRUCTIONS);
  const [next] = lines;
  const at = memory ?? state.gpr(R.sp);
  return {
    tid: task.pid,
    registers: registersOf(kernel),
    code: lines.map(({ address, bytes: own, text }) => ({ address, bytes: own, text })),
    meaning: next?.instruction ? describe(next.instruction) : "",
    memory: { at, bytes: readable(task.mem, at, MEMORY) },
    maps: procMaps(task.mem, undefined),
  };
};
/** Starts the program, stops at a virtual time, and reads the state. `memory`: as of `lookAt`. */
export const momentOf = (program: Uint8Array | string, options: Options, nanoseconds: number, memory?: number): Moment =>
  withMachine(options, (machine) => {
    const isAlive = machine.runTo(program, options, nanoseconds);
    const { kernel } = machine;
    const task = isAlive ? lookAt(kernel, memory) : undefined;
    return { now: kernel.now, ended: !isAlive, task };
  });
