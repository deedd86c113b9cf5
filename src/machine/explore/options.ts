// Options and results of `explore`.
import type { MachineOptions, ProgramOptions } from "../options.ts";
import type { Run } from "../run.ts";
import type { Shard } from "../shard.ts";
import type { DataRace } from "./races/report.ts";

/** Properties that must hold in every schedule. */
export interface Properties {
  /**
   * Calls that must not run in any task: `[ABI:]NAME[(ARGUMENTS)][@TASK]`. A call that a filter refused has
   * not run. ARGUMENTS is compared with strace's text, and `*` matches any text: `openat(*, "/etc/*"*)`. TASK
   * is a thread id or a name (man 5 proc, comm).
   */
  readonly never?: readonly string[];
  /**
   * Pairs of calls that must be atomic, as `FIRST; SECOND; OTHER`, each as in `never`: between FIRST and the
   * next SECOND of a task, no other task may run OTHER. `access(*); openat(*); rename(*)`.
   */
  readonly pairs?: readonly string[];
  /** Texts that must not be written to standard output or standard error. */
  readonly neverOutput?: readonly string[];
  /**
   * The required exit status of the program. A signal or an endless wait is then a violation too. Default 0
   * if no other property is given.
   */
  readonly exit?: number;
}

/** The searches: decision tables are in docs/explore.md. */
export const searchNames = ["systematic", "random", "pct", "pos", "surw", "feedback", "go-explore", "dpor", "portfolio"] as const;
/** The name of a search. */
export type SearchName = (typeof searchNames)[number];
/** Memory models. */
export const memoryModels = ["sc", "tso"] as const;
/** Where points are. */
export const pointsNames = ["calls", "accesses", "all"] as const;

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
  /**
   * The search. `systematic` tries all schedules with few departures, at system calls. Others draw
   * schedules at random, with points at accesses to shared memory: `random` (random walk), `pct` (PCT,
   * ASPLOS 2010), `pos` (POS, CAV 2018), `surw` (SURW, ASPLOS 2025), `feedback` (RFF, ASPLOS 2024),
   * `go-explore` (from states that were seldom seen, Nature 590, 2021), for bugs that need many schedules.
   * `dpor` runs one schedule of each Mazurkiewicz trace (source sets, POPL 2014), for small programs, and
   * proves.
   * `portfolio`, the default: `systematic` and those that draw take turns of 20 schedules, until the first is
   * complete and the others have drawn 300, or as many as `schedules` says.
   */
  readonly search?: SearchName;
  /**
   * A variable of the program, of 4 bytes. While it is not 0, the task that has set it runs alone, and its
   * accesses count as one event: the program says so that a part of it is atomic.
   */
  readonly atomic?: string;
  /** PCT's depth of a bug: the number of ordering constraints that it needs. Default 3. */
  readonly depth?: number;
  /** The seed of the drawn schedules. Default 0. */
  readonly searchSeed?: number;
  /**
   * The points of searches that draw: `calls` alone; `accesses` also to memory that tasks share and write,
   * except plain accesses of the system's libraries; `all`: theirs, too. Default accesses.
   */
  readonly points?: (typeof pointsNames)[number];
  /**
   * The order in which tasks see stores of others: `sc` (sequential consistency), or `tso`: each task has a
   * store buffer as x86-TSO says, and the search chooses when stores leave it. For searches that draw.
   * Default sc.
   */
  readonly memoryModel?: (typeof memoryModels)[number];
  /**
   * Points also between two reads of user memory by one call: what it has read so far stays, and another task
   * may change what it reads next, as on a machine with several processors. For searches that draw. Default
   * false.
   */
  readonly splitReads?: boolean;
  /**
   * Data races are looked for in each schedule, by happens-before. `ignore`: the text of a file that names
   * benign ones. The search is then `pos` and has 20 schedules, unless other options say so. Default false.
   */
  readonly races?: boolean | { readonly ignore?: string };
  /** A drawn schedule that fails is made as short as possible. Default true. */
  readonly minimise?: boolean;
  /** Instructions in a time slice: short ones also find races between system calls. Default a million. */
  readonly slice?: number;
}

/** A violated property, with the schedule under which it is violated. */
export interface Violation {
  /** The violation in words. */
  readonly what: string;
  /** For `schedule` in the options of a run, and `--schedule`. */
  readonly schedule: string;
  /** The search that has found it: of a portfolio, one of its parts. */
  readonly search: SearchName;
  /**
   * The accesses to shared memory in their order, a column for each task: empty if the search has no points
   * at accesses.
   */
  readonly order: readonly string[];
  /** Pairs of accesses in their order: with one pair in the other order the program does not fail so. */
  readonly why: readonly string[];
  /** The run under that schedule, with a trace of all tasks. */
  readonly run: Run;
}

/** What drawn schedules have covered. */
export interface Coverage {
  /** The most points with a choice in a schedule, and the most tasks. */
  readonly points: number;
  readonly tasks: number;
  /** Words of memory that tasks share and write, as far as found. */
  readonly words: number;
  /** Pairs of a writing and a reading instruction in which the read has got the write's value. */
  readonly readsFrom: number;
  /** Different schedules. */
  readonly distinct: number;
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
  /** The search that was used. */
  readonly search: SearchName;
  /** Of a portfolio: the searches in their order, with the number of schedules of each. */
  readonly parts?: readonly { readonly search: SearchName; readonly schedules: number }[];
  /** Of searches that draw schedules. */
  readonly coverage?: Coverage;
  /**
   * Of `dpor`: the number of traces, one schedule each; runs that sleep sets have cut; and true if these are
   * all traces of the program. `gap`: why they do not stand for all of its schedules.
   */
  readonly traces?: { readonly count: number; readonly blocked: number; readonly all: boolean; readonly gap?: string };
  /** Data races, if they were looked for: one for each two places in the program. */
  readonly races?: readonly DataRace[];
  readonly milliseconds: number;
}
