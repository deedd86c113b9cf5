// The questions and answers of `trapgate/query`, as data.
import type { DoorName } from "../../abi/door.ts";
import type { Frame } from "../../machine/stack/frame.ts";

/** Which calls. All conditions must hold. */
export interface CallQuery {
  /** Names as strace's `-e trace=`: `openat,read`, `%file`, `/^open/`, `!futex`. */
  readonly name?: string | undefined;
  /** Calls with this descriptor as an argument. */
  readonly fd?: number | undefined;
  /** Calls that name this path or have a descriptor of it. */
  readonly path?: string | undefined;
  /** `denied`: by a filter; `allowed`; or a part of the verdict, such as `ERRNO` or `ERRNO(1)`. */
  readonly verdict?: string | undefined;
  readonly door?: DoorName | undefined;
  readonly pid?: number | undefined;
  /** `failed`, `successful`, or an errno such as ENOENT. */
  readonly result?: string | undefined;
}

/** Where in the run an answer is: the moment before what it says. */
export interface QueryAnswer {
  /** INSTRUCTIONS:STEPS, as `trapgate debug --at` takes it. */
  readonly moment: string;
  readonly pid: number | undefined;
  readonly tid: number | undefined;
  /** The task's name, as /proc/PID/comm has it. */
  readonly comm: string | undefined;
  /** The instruction pointer. */
  readonly pc: number | undefined;
  /** `main+0x1c`; undefined: no file has a symbol for it. */
  readonly symbol: string | undefined;
  /** The next instruction in Intel syntax. */
  readonly instruction: string | undefined;
  /** The callers, the innermost function first, if `stack` is set. */
  readonly stack: readonly Frame[];
}
/** A system call. */
export interface CallAnswer extends QueryAnswer {
  readonly name: string;
  readonly door: DoorName;
  /** As strace writes it, with its result. */
  readonly text: string;
  /** Undefined: it has not returned. */
  readonly result: number | undefined;
  /** Of the filters; undefined: the task had none. */
  readonly verdict: string | undefined;
}
/** A write of a range of memory. */
export interface WriteAnswer extends QueryAnswer {
  /** The call or signal in which the kernel wrote; undefined: an instruction. */
  readonly by: string | undefined;
  /** The bytes of the range; undefined: no memory was there. */
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
}
/** A step of a byte's way back. */
export interface OriginAnswer extends QueryAnswer {
  /** Where the byte was after it. */
  readonly address: number;
  /** `read(3, …): byte 17 of /etc/passwd`. */
  readonly what: string;
  /** The call, for the kernel. */
  readonly call: string | undefined;
}
/** A change of a descriptor. */
export interface DescriptorAnswer extends QueryAnswer {
  readonly kind: "opened" | "closed" | "replaced";
  readonly by: string;
  /** The file behind it, before and after. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}
/** A condition has become true. */
export interface WhenAnswer extends QueryAnswer {
  /** The call, signal or output; undefined: an instruction. */
  readonly by: string | undefined;
}
/** From when on a run could only fail. */
export interface InevitableAnswer {
  readonly failure: string;
  /** All moments that were tried, in order, with the copies that failed. */
  readonly shares: readonly { readonly moment: string; readonly failed: number; readonly copies: number }[];
  /** The first moment from which on no copy has escaped; undefined: copies escape until the end. */
  readonly inevitable: string | undefined;
  /** The last moment at which a copy has escaped; undefined: none has. */
  readonly escaped: string | undefined;
  /** The greatest share of copies that may escape from there on, at 95 % confidence. */
  readonly mayEscape: number;
}
