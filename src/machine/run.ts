// The result of a run.
import type { Denial } from "./denial.ts";
import type { End } from "./tracing/status.ts";

/**
 * The bytes that programs wrote to a stream.
 *
 * @example
 * const { stdout } = await Machine.run(readFileSync("guest/bin/hello-syscall"));
 * stdout.text;   // "hello through syscall\n"
 */
export class Output {
  declare readonly bytes: Uint8Array;
  /** There was more than `maxOutput`: the program was killed. */
  readonly truncated: boolean;
  /** A function is called at the first read of `bytes`. */
  constructor(bytes: Uint8Array | (() => Uint8Array), truncated = false) {
    let kept = bytes;
    // A property of the object's own: comparisons and structured clones read it.
    Object.defineProperty(this, "bytes", {
      enumerable: true,
      get: () => {
        if (typeof kept === "function") kept = kept();
        return kept;
      },
    });
    this.truncated = truncated;
  }
  /** As UTF-8; bytes that are none become U+FFFD. */
  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }
}

/** Counts of a run, over all processes. */
export interface Stats {
  /** Guest instructions, in all processes. */
  readonly instructions: number;
  readonly syscalls: number;
  /** Virtual nanoseconds from boot to the end. */
  readonly nanoseconds: number;
}

/** The result of a run. */
export interface Run {
  /** The end of the first process. `timeout`: it did not end within the given time. */
  readonly status: End | { readonly timeout: number };
  readonly stdout: Output;
  readonly stderr: Output;
  /** Lines in strace's format; empty unless asked for. */
  readonly trace: readonly string[];
  /** Lines as dmesg(1) prints them. */
  readonly kernelLog: readonly string[];
  /** Calls that filters kept from running, the first thousand of them. */
  readonly denials: readonly Denial[];
  readonly stats: Stats;
}
