// The events of a run as data, for `hooks.event`. Objects are plain, so that they can be copied to another
// thread.
import type { DoorName } from "../../abi/door.ts";
import type { End } from "./status.ts";

/**
 * The general registers, the instruction pointer and the flags by name: `rax`, `rip`, `eflags`; `eax`, `eip`
 * outside of 64-bit mode.
 */
export type Registers = Readonly<Record<string, bigint>>;

interface Happened {
  /** Virtual nanoseconds since boot. */
  readonly at: number;
  /** The thread's id. */
  readonly tid: number;
}

/** A task begins: the first program, or one that fork, vfork or clone made. */
export interface StartEvent extends Happened {
  readonly kind: "start";
  /** The process of the thread. */
  readonly pid: number;
  /** The thread that made it. Undefined: the machine's owner did. */
  readonly parent: number | undefined;
  readonly comm: string;
}

/** A system call has come through a door. */
export interface CallEvent extends Happened {
  readonly kind: "call";
  /** Counts calls from 0; the events that follow name it. */
  readonly id: number;
  readonly door: DoorName;
  /** The table of the number. */
  readonly abi: "x64" | "i386" | "x32";
  readonly nr: number;
  readonly name: string;
  /** The call in strace's words, as far as it is known: `read(0`. */
  readonly text: string;
  readonly before: Registers;
}

/** A filter that a task is seen to have for the first time. */
export interface FilterEvent extends Happened {
  readonly kind: "filter";
  /** Counts filters from 0. */
  readonly filter: number;
  /** The one that was attached before it. */
  readonly older: number | undefined;
  /** AUDIT_ARCH_* of the door through which it was attached. */
  readonly arch: number;
  /** An array of struct sock_filter. */
  readonly program: Uint8Array;
}

/** The filters, or strict mode, have decided about a call. */
export interface VerdictEvent extends Happened {
  readonly kind: "verdict";
  readonly id: number;
  /** As in the kernel's headers: `ALLOW`, `ERRNO(1)`, `KILL_PROCESS`; `strict mode`. */
  readonly action: string;
  /** The call runs. A tracer or a listener may still decide otherwise. */
  readonly allowed: boolean;
  /** Undefined in strict mode. */
  readonly evaluation:
    | {
        /** The kernel's struct seccomp_data: 64 bytes, or 56 in the first versions of the patch. */
        readonly data: Uint8Array;
        /** The newest filter; `older` leads to the others. */
        readonly newest: number;
        /** The filter whose value won. Undefined: all allow. */
        readonly winner: number | undefined;
        /** No filter ran: the newest one belongs to the other ABI's door (patch of 2012). */
        readonly locked: boolean;
      }
    | undefined;
}

/** A call has ended. */
export interface ReturnEvent extends Happened {
  readonly kind: "return";
  readonly id: number;
  /** The whole line in strace's words: `getppid() = 1 [i386]`. */
  readonly text: string;
  /** 0 or more, or -errno. Undefined: the task ended in the call. */
  readonly result: number | undefined;
  readonly after: Registers | undefined;
}

/** A signal is delivered. */
export interface SignalEvent extends Happened {
  readonly kind: "signal";
  /** `--- SIGSYS {si_signo=SIGSYS, …} ---` */
  readonly text: string;
}

/** A task has ended. */
export interface EndEvent extends Happened {
  readonly kind: "end";
  readonly end: End;
}

/** The schedule preferred another task here. */
export interface RemarkEvent extends Omit<Happened, "tid"> {
  readonly kind: "remark";
  readonly text: string;
}

/** An event for `hooks.event`. Events come in the order of the run. */
export type TraceEvent = StartEvent | CallEvent | FilterEvent | VerdictEvent | ReturnEvent | SignalEvent | EndEvent | RemarkEvent;
