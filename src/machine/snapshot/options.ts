// The options of runs in steps and of copies of machines.
import type { HostTree } from "../../kernel/fs/types/host-tree.ts";
import type { UpperStore } from "../../kernel/fs/types/upper-store.ts";
import type { HostNetwork } from "../../kernel/net/host-network.ts";
import type { FileOptions, ProgramOptions } from "../options.ts";

/**
 * A condition at which a run stops. A text is a moment: INSTRUCTIONS:STEPS, as `Snapshot.moment` has it.
 * INSTRUCTIONS alone is the first moment after so many instructions.
 *
 * - `call`: the next call of this name has been made: it has returned, or waits.
 * - `output`: standard output or error has got this text.
 * - `idle`: all tasks sleep and only input could wake one: a program waits for its input, a server for a
 *   client.
 * - `time`: so many seconds of virtual time have passed since boot.
 * - `instructions`: so many instructions have been executed since boot.
 * - `address`: the code at this address comes next. `main`: the function main of a 64-bit program. `exit`:
 * the call
 *   that ends the program. A copy runs ahead to find the moment, so these take twice the time.
 */
export type Until =
  | string
  | { readonly call: string }
  | { readonly output: string }
  | { readonly idle: true }
  | { readonly time: number }
  | { readonly instructions: number }
  | { readonly address: number }
  | { readonly main: true }
  | { readonly exit: true };

/** Limits of one piece of a run, in real time, as in `ProgramOptions`. */
export type RunLimits = Pick<ProgramOptions, "timeout" | "signal">;

/**
 * The options of a program that runs in steps. With `stdin` the input is these bytes and then ends; without
 * it
 * the input stays open until `finish`.
 */
export type StartOptions = Omit<ProgramOptions, "timeout" | "signal">;

/** What the owner of a copy gives and allows. */
export interface SlotOptions {
  /**
   * "accept": files of the host and an overlay that have changed since are used as they are. Default
   * "refuse".
   */
  readonly changed?: "refuse" | "accept";
  /**
   * "reset": the connections with the outside world that the original had are reset in the copy. Default
   * "refuse".
   */
  readonly connections?: "refuse" | "reset";
}

/** The options of a copy. The program is that of the snapshot. */
export interface ForkOptions extends Pick<ProgramOptions, "hooks" | "trace" | "maxOutput">, SlotOptions {
  /**
   * Other arguments behind `argv[0]`, and another environment, for a snapshot at main (`runUntil({ main: true
   * })`) of
   * a 64-bit program. A program that runs longer has read them: then they are refused.
   */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The rest of standard input, which ends then. Default: it stays open until `finish`. */
  readonly stdin?: string | Uint8Array;
  /** More files, or other ones, by their absolute paths. The program sees them when it opens them next. */
  readonly files?: Readonly<Record<string, string | Uint8Array | FileOptions>>;
  /**
   * Another source of all that is random from now on. Default: the copy goes on exactly as its original
   * would.
   * Numbers that the program has drawn before, its addresses among them, stay.
   */
  readonly seed?: number;
}

/** What the host gives to a snapshot from a file. */
export interface ReadOptions {
  /** The root directory, if the machine had one of the host. */
  readonly root?: HostTree;
  /** The trees of its mounts, by their places in the guest. */
  readonly mounts?: Readonly<Record<string, HostTree>>;
  /** The overlay, if the machine had one: its folder, or a copy of it from that time. */
  readonly overlay?: UpperStore;
  /**
   * A network, if the machine had one; it must reach what the original one did. "none": programs reach
   * nothing, and no port is published.
   */
  readonly network?: HostNetwork | "none";
  /** "accept": files of the host that have changed since are used as they are now. Default "refuse". */
  readonly changed?: SlotOptions["changed"];
}
