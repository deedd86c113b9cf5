// The interface of the CPU to the kernel, a subset of src/cpu/cpu.ts. Tests drive the gate with one that runs
// no code.

import type { CodeFile } from "../../cpu/jit/cache/format.ts";
import type { Breakpoint } from "../../cpu/machine/breakpoints.ts";
import type { Deadline } from "../../cpu/machine/deadline.ts";
import type { Exit } from "../../cpu/machine/exit.ts";
import type { Mmu } from "../../cpu/machine/mmu.ts";
import type { Segments } from "../../cpu/machine/segments.ts";
import { S, type State } from "../../cpu/machine/state.ts";

/** One virtual processor. The running task's registers are in `state`. */
export interface Processor {
  readonly state: State;
  readonly segments: Segments;
  /** EFLAGS as PUSHF would store them. The arithmetic flags are lazy. */
  flags: number;
  /** Guest instructions retired before the current `run`, and until now. A read of `progress` is no call. */
  readonly instructions: number;
  readonly progress: { readonly instructions: number };
  readonly retired: number;
  /** The value of RDTSC, and CR4.TSD. */
  timeStamp: () => bigint;
  timeStampDisabled: boolean;
  /** The value of RDPID, and of RDTSCP in ecx: IA32_TSC_AUX. */
  number: number;
  /** The breakpoints of the debug registers, and DR6 after a debug exception. */
  breakpoints: readonly Breakpoint[];
  debugStatus: number;
  /** The value of RDRAND and RDSEED. */
  random: (() => bigint) | undefined;
  /** In real time: `run` ends when it expires. */
  deadline?: Deadline;
  /** Run at most `limit` guest instructions. */
  run(limit: number): Exit;
  /**
   * Calls from compiled code at a door, and their return addresses; see cpu.ts. Absent without compiled code.
   */
  serve?: ((why: Exit) => number | undefined) | undefined;
  landing?: ((why: Exit) => number | undefined) | undefined;
  /** The files whose code the current address space has mapped, for the code cache. */
  codeFiles?: (() => readonly CodeFile[]) | undefined;
  setAddressSpace(mmu: Mmu): void;
  /** The word at a direct-mapped address; see cpu.ts. */
  directWord?(address: number): number;
}

/** The facts about the processor's model that the kernel uses. */
export interface ProcessorModel {
  readonly vendor: "amd" | "intel";
  /** AT_HWCAP (CPUID.1:EDX) and AT_HWCAP2. */
  readonly hwcap: number;
  readonly hwcap2: number;
  /**
   * XCR0: the components that XSAVE saves. 0 for a model without XSAVE; its signal frames have FXSAVE's 512
   * bytes.
   */
  readonly xfeatures: number;
  /** The lines of /proc/cpuinfo after the vendor. */
  readonly cpuinfo?: {
    readonly family: number;
    readonly model: number;
    readonly stepping: number;
    readonly brand: string;
    readonly features: readonly string[];
  };
}

/**
 * Length of `int $0x80`, `sysenter` and `syscall`, in bytes. Prefixes before them have no effect and are not
 * counted.
 */
export const DOOR_LENGTH = 2;

/**
 * Load a segment register as a far transfer or `mov` would. False: the selector is invalid and nothing has
 * changed.
 */
export const loadSegment = (cpu: Processor, segment: number, selector: number): boolean => {
  const { segments } = cpu;
  if (segment !== S.cs) return segments.load(segment, selector) < 0;
  if (segments.checkCode(selector) >= 0) return false;
  segments.loadCode(selector);
  return true;
};
