// Denied calls as data, for `Run.denials` and the hook `denied`.
import type { DoorName } from "../abi/door.ts";
import type { Frame } from "./stack/frame.ts";

/**
 * A system call that a filter kept from running: how it came, which filter decided, and where the program
 * was.
 */
export interface Denial {
  readonly pid: number;
  /** The task's name, as /proc/PID/comm has it. */
  readonly comm: string;
  /** The instruction that entered the kernel; vsyscall: a call of the vsyscall page. */
  readonly door: DoorName | "vsyscall";
  /** The ABI of the number. */
  readonly abi: "x64" | "i386" | "x32";
  /** As filters see it, unsigned: x32's numbers have bit 30. */
  readonly number: number;
  /** Undefined: the ABI has no call of this number. */
  readonly name: string | undefined;
  /** Six registers, unsigned. */
  readonly args: readonly bigint[];
  /** The address behind the door. */
  readonly ip: bigint;
  /** With decoded arguments, as `trace` has it: `openat(AT_FDCWD, "/etc/passwd", O_RDONLY)`. */
  readonly call: string;
  /** `ERRNO(EPERM)`; of strict mode `KILL_THREAD`. */
  readonly verdict: string;
  /** The return value of the filters. */
  readonly value: number;
  /** The filter that decided: 1 is the task's oldest one, 0 strict mode. */
  readonly filter: number;
  /** It is the filter of the option `policy`. */
  readonly byPolicy: boolean;
  /** The filter as an array of struct sock_filter; undefined in strict mode. */
  readonly program: Uint8Array | undefined;
  /** The program's stack, the innermost frame first. */
  readonly stack: readonly Frame[];
}
