// Options and results of `explore`.
import type { MachineOptions, ProgramOptions } from "../options.ts";
import type { Run } from "../run.ts";
import type { Shard } from "../shard.ts";

/** Properties that must hold in every schedule. */
export interface Properties {
  /**
   * Calls that must not run in any task: `[ABI:]NAME[(ARGUMENTS)][@TASK]`. A call that a filter refused has
   * not run. ARGUMENTS is compared with strace's text, and `*` matches any text: `openat(*, "/etc/*"*)`. TASK
   * is a thread id or a name (man 5 proc, comm).
   */
  readonly never?: readonly string[];
  /** Texts that must not be written to standard output or standard error. */
  readonly neverOutput?: readonly string[];
  /**
   * The required exit status of the program. A signal or an endless wait is then a violation too. Default 0
   * if no other property is given.
   */
  readonly exit?: number;
}

/** Options of `explore`: the properties, the machine, the program, and the limits of the search. */
export interface ExploreOptions
  extends Properties,
    Omit<MachineOptions, "network" | "overlay">,
    Omit<ProgramOptions, "schedule" | "timeout" | "trace" | "hooks"> {
  /** Departures of a schedule from the default one, at most. Default 2. */
  readonly departures?: number;
  /** The search ends after this number of schedules. Default: no limit. */
  readonly schedules?: number;
  /** The search ends after this number of seconds of real time. Default 60. */
  readonly seconds?: number;
  /**
   * A part of the schedules, selected by their first departure. The default schedule belongs to all shards.
   */
  readonly shard?: Shard;
  /** Instructions in a time slice: short ones also find races between system calls. Default a million. */
  readonly slice?: number;
}

/** A violated property, with the schedule under which it is violated. */
export interface Violation {
  /** The violation in words. */
  readonly what: string;
  /** For `schedule` in the options of a run, and `--schedule`. */
  readonly schedule: string;
  /** The run under that schedule, with a trace of all tasks. */
  readonly run: Run;
}

/** The result of a search. */
export interface Exploration {
  readonly violation: Violation | undefined;
  /** Number of schedules that were tried. */
  readonly schedules: number;
  /** Every schedule with at most this number of departures was tried; -1: not even the default one. */
  readonly complete: number;
  /** The option `departures`. */
  readonly bound: number;
  readonly milliseconds: number;
}
