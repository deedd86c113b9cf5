// The vDSO: small shared objects that the kernel maps into every program, and the page of time parameters they read.
import type { Frames } from "../../memory/frames.ts";

/** Absolute addresses in one address space; 0 where the ABI has no such symbol. */
export interface VdsoAddresses {
  /** Start of the ELF image: AT_SYSINFO_EHDR. */
  readonly base: number;
  /** i386: AT_SYSINFO, the sigreturn trampolines, and where sysenter and syscall return to (int80_landing_pad). */
  readonly kernelVsyscall: number;
  readonly sigreturn: number;
  readonly rtSigreturn: number;
  readonly landingPad: number;
}

/** How the virtual time stamp counter becomes time: ns = monotonicNs + (tsc - tscBase) * tscMult / 2^tscShift. */
export interface TimeParameters {
  readonly tscBase: bigint;
  readonly tscMult: number;
  readonly tscShift: number;
  /** CLOCK_MONOTONIC at tscBase, in ns since boot. */
  readonly monotonicNs: bigint;
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC, in ns. */
  readonly realtimeOffsetNs: bigint;
}

/** One per machine. */
export class Vdso {
  readonly frames: Frames;
  constructor(frames: Frames) { this.frames = frames; }
  /** Publish new parameters to every process. Call when the relation between TSC and time changes (a clock_settime, an idle jump). */
  setTime(p: TimeParameters): void { throw new Error(`not yet ${p}`); }
}
