// Processor exceptions become signals. Linux arch/x86/kernel/traps.c, arch/x86/mm/fault.c.

import { DR6_STEP } from "../../cpu/machine/breakpoints.ts";
import { at, EF, PF, type State, vector } from "../../cpu/machine/state.ts";
import { TASK_SIZE_64 } from "../../memory/layout.ts";
import { takePendingFault } from "../core/pending-fault.ts";
import type { Task } from "../core/task.ts";
import { mathError, simdError } from "../signal/fp-code.ts";
import { forceSignal } from "../signal/send.ts";
import { SI, type SigInfo } from "../signal/state/info.ts";
import { SIG } from "../signal/state/set.ts";
import { logSegfault, logTrap } from "./unhandled.ts";
import { vsyscall } from "./vsyscall.ts";

interface Meaning {
  readonly signal: number;
  readonly code: number;
  readonly addr?: "rip" | "fault";
  /** The text in the kernel log; absent for exceptions that Linux does not log. */
  readonly logged?: string;
}

/** The signal of each vector. `addr`: si_addr is the instruction; SI_KERNEL has no address. */
const MEANING: Readonly<Record<number, Meaning>> = {
  [vector.DE]: { signal: SIG.SIGFPE, code: SI.FPE_INTDIV, addr: "rip", logged: "trap divide error" },
  [vector.BP]: { signal: SIG.SIGTRAP, code: SI.KERNEL, logged: "trap int3" },
  [vector.OF]: { signal: SIG.SIGSEGV, code: SI.KERNEL, logged: "trap overflow" },
  [vector.BR]: { signal: SIG.SIGSEGV, code: SI.KERNEL, logged: "trap bounds" },
  [vector.UD]: { signal: SIG.SIGILL, code: SI.ILL_ILLOPN, addr: "rip", logged: "trap invalid opcode" },
  [vector.NP]: { signal: SIG.SIGBUS, code: SI.KERNEL, logged: "trap segment not present" },
  [vector.SS]: { signal: SIG.SIGBUS, code: SI.KERNEL, logged: "trap stack segment" },
  [vector.GP]: { signal: SIG.SIGSEGV, code: SI.KERNEL, logged: "general protection fault" },
  [vector.AC]: { signal: SIG.SIGBUS, code: SI.BUS_ADRALN, logged: "trap alignment check" },
};

/** Force the signal for the exception in the state page. A page fault that memory resolves forces none. */
export const exceptionToSignal = (task: Task): void => {
  const { state } = task.kernel.processor;
  const kind = state.u32[at.exitVector >> 2] as number;
  const error = state.u32[at.exitError >> 2] as number;
  if (kind === vector.PF) {
    pageFault(task, error);
    return;
  }
  const rip = state.u64[at.rip >> 3] as bigint;
  const info = infoFor(task, kind, rip);
  if (!traps.has(kind)) resume(state);
  // A fault without error code or cr2 leaves those of an earlier fault: thread_struct is not cleared.
  task.trap = { vector: kind, error, cr2: task.trap.cr2 };
  const logged = MEANING[kind]?.logged;
  if (logged !== undefined) logTrap(task, info.signo, logged, error);
  forceSignal(task, info);
};

/**
 * Traps report the next instruction. All others are faults, which restart it with EFLAGS.RF. SDM Vol. 3B
 * 18.3.1.1.
 */
const traps = new Set<number>([vector.DB, vector.BP, vector.OF]);
const resume = (state: State): void => {
  state.u32[at.systemFlags >> 2] = (state.u32[at.systemFlags >> 2] as number) | EF.RF;
};

/** The breakpoints of DR6 that a tracer has set. Linux hw_breakpoint_handler(), get_si_code(). */
const debugCode = (task: Task): number => {
  const { processor } = task.kernel;
  const { state, debugStatus } = processor;
  // INT1 sets no bit.
  processor.debugStatus = 0;
  if (task.debug?.met(debugStatus)) resume(state);
  return (debugStatus & BREAKPOINTS) !== 0 && (debugStatus & DR6_STEP) === 0 ? SI.TRAP_HWBKPT : SI.TRAP_TRACE;
};
const BREAKPOINTS = 15;

const infoFor = (task: Task, kind: number, rip: bigint): SigInfo => {
  const { state } = task.kernel.processor;
  switch (kind) {
    case vector.DB:
      return { signo: SIG.SIGTRAP, code: debugCode(task), addr: rip };
    case vector.MF:
      return {
        signo: SIG.SIGFPE,
        code: mathError(state.u16[at.fpuControl >> 1] as number, state.u16[at.fpuStatus >> 1] as number),
        addr: rip,
      };
    case vector.XM:
      return { signo: SIG.SIGFPE, code: simdError(state.u32[at.mxcsr >> 2] as number), addr: rip };
    default: {
      const meaning = MEANING[kind];
      if (!meaning) throw new Error(`the processor raised vector ${kind}`);
      return { signo: meaning.signal, code: meaning.code, addr: meaning.addr === "rip" ? rip : 0n };
    }
  }
};

/** Kernel addresses begin after the last page of the user half, with the vsyscall page among them. */
const USER_TOP = BigInt(TASK_SIZE_64);

const pageFault = (task: Task, error: number): void => {
  const { state } = task.kernel.processor;
  const address = state.u64[at.exitAddress >> 3] as bigint;
  if (address >= USER_TOP) {
    if ((error & PF.INSTRUCTION) !== 0 && vsyscall(task)) return;
    // Kernel addresses always look mapped, so that user code cannot probe them: set_signal_archinfo().
    task.trap = { vector: vector.PF, error: error | PF.PRESENT | PF.USER, cr2: address };
    resume(state);
    logSegfault(task, SIG.SIGSEGV, address, task.trap.error);
    forceSignal(task, { signo: SIG.SIGSEGV, code: SI.SEGV_MAPERR, addr: address });
    return;
  }
  const why = task.mem.faultInfo(Number(address), error);
  task.usage.minorFaults++;
  if (!why) return;
  const waits = takePendingFault(task)?.wait(task, false);
  if (waits) {
    // The instruction begins again when the page has been served.
    task.kernel.scheduler.sleep(task, waits);
    return;
  }
  task.trap = { vector: vector.PF, error: error | PF.USER, cr2: address };
  resume(state);
  if (why.signal === SIG.SIGSEGV) logSegfault(task, why.signal, address, task.trap.error);
  forceSignal(task, { signo: why.signal, code: why.code, addr: address });
};
