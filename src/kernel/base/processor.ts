// What the kernel asks of a CPU: a part of src/cpu/cpu.ts. Tests drive the gate with one that runs no code.

import type { Deadline } from "../../cpu/machine/deadline.ts";
import type { Exit } from "../../cpu/machine/exit.ts";
import type { Mmu } from "../../cpu/machine/mmu.ts";
import type { Segments } from "../../cpu/machine/segments.ts";
import { S, type State } from "../../cpu/machine/state.ts";

export interface Processor {
  readonly state: State;
  readonly segments: Segments;
  /** EFLAGS as PUSHF would store them (the arithmetic flags are kept lazily). */
  flags: number;
  /** Guest instructions retired before the current `run`, and up to now. */
  readonly instructions: number;
  readonly retired: number;
  /** What RDTSC reads, and whether it may (CR4.TSD). */
  timeStamp: () => bigint;
  timeStampDisabled: boolean;
  /** What RDRAND and RDSEED read. */
  random: (() => bigint) | undefined;
  /** In real time: `run` ends when it comes. */
  deadline?: Deadline;
  /** Run at most `limit` guest instructions of the task whose registers are in `state`. */
  run(limit: number): Exit;
  /** For compiled code: calls at a door, and where they come back to; see cpu.ts. A processor that runs none has no use for them. */
  serve?: ((why: Exit) => number | undefined) | undefined;
  landing?: ((why: Exit) => number | undefined) | undefined;
  setAddressSpace(mmu: Mmu): void;
  /** See cpu.ts. */
  directWord?(address: number): number;
}

/** What the kernel has to know of the processor's model. */
export interface ProcessorModel {
  readonly vendor: "amd" | "intel";
  /** AT_HWCAP (CPUID.1:EDX) and AT_HWCAP2. */
  readonly hwcap: number;
  readonly hwcap2: number;
  /** XCR0: which parts XSAVE would save; 0 for a model without XSAVE, whose signal frames hold FXSAVE's 512 bytes. */
  readonly xfeatures: number;
  /** What /proc/cpuinfo shows beside the vendor. */
  readonly cpuinfo?: {
    readonly family: number;
    readonly model: number;
    readonly stepping: number;
    readonly brand: string;
    readonly features: readonly string[];
  };
}

/** Load a segment register as a far transfer or `mov` would. False: the selector is not loadable, nothing has changed. */
export const loadSegment = (cpu: Processor, segment: number, selector: number): boolean => {
  const { segments } = cpu;
  if (segment !== S.cs) return segments.load(segment, selector) < 0;
  if (segments.checkCode(selector) >= 0) return false;
  segments.loadCode(selector);
  return true;
};
