// Limits of work on input that comes from outside: policies, images, journals, names of a root. The parsers
// are synchronous, so no timer and no signal handler runs meanwhile: each reader charges its work here.
import { Problem } from "./problem.ts";
import { aText, check, optional, optionsOf, wants } from "./wants.ts";

/** The members of AbortSignal that a run uses. Every AbortSignal of Node.js and of browsers has them. */
export interface AbortSignalLike {
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Limits of one piece of work. What is left out has no limit. */
export interface WorkLimits {
  /** Time of the host in seconds, from now on. */
  readonly seconds?: number | undefined;
  /** Memory in bytes, as the readers estimate it. */
  readonly bytes?: number | undefined;
  /**
   * Ends the work by its reason. A synchronous reader cannot see an abort of its own thread before its next
   * pause: only `seconds` ends it earlier.
   */
  readonly signal?: AbortSignalLike | undefined;
  /** The subject of messages, such as "the policy". Default: "the input". */
  readonly subject?: string | undefined;
}

const aLimit = wants("a number, at least 0", (value) => typeof value === "number" && value >= 0);
const aSignal = wants("an AbortSignal", (value) => {
  return typeof value === "object" && value !== null && "throwIfAborted" in value && typeof value.throwIfAborted === "function";
});
const someLimits = optionsOf<WorkLimits>({
  seconds: optional(aLimit),
  bytes: optional(aLimit),
  signal: optional(aSignal),
  subject: optional(aText),
});

/** Charges between two looks at the clock: at most a few microseconds each. */
const CHARGES = 1024;
const UNITS = [
  [2 ** 30, "GB"],
  [2 ** 20, "MB"],
  [2 ** 10, "kB"],
] as const;
const sizeText = (bytes: number): string => {
  const [unit, name] = UNITS.find(([size]) => bytes >= size) ?? [1, "bytes"];
  return `${Math.round((bytes / unit) * 10) / 10} ${name}`;
};

/**
 * The limits that one command or one call of the library has for all that it reads, and what is used of
 * them. One value is handed to all readers.
 *
 * - `spend(bytes)` wherever a reader keeps something: a token, a node, a name. It is cheap (an addition, and
 *   each 1024th time a look at the clock), so it stands in the innermost loops. `spend(0)` charges a step of
 *   work that keeps nothing.
 * - `release(bytes)` where memory is given back.
 * - `check()` before a long step, and after each pause of an asynchronous reader: it looks at once.
 * - `secondsLeft` is the time for the work that is next, such as the guest's run.
 *
 * Each throws a Problem when a limit is reached: `memory-limit` (status 125) or `time-limit` (status 124); an
 * aborted signal throws its reason. The state is then that of an interrupted reader: throw it away.
 *
 * @example
 * const budget = new WorkBudget({ seconds: 10, bytes: 2 ** 29, subject: "the image" });
 * for (const name of ["etc", "etc/passwd"]) budget.spend(100 + name.length * 2);
 * budget.spent;   // 226
 */
export class WorkBudget {
  readonly #limits: WorkLimits;
  #end: number;
  readonly #most: number;
  #spent = 0;
  #charges = CHARGES;

  constructor(limits: WorkLimits = {}, end?: number) {
    check("new WorkBudget", { limits: someLimits, end: optional(aLimit) }, [limits, end]);
    this.#limits = limits;
    this.#end = end ?? (limits.seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + limits.seconds * 1000);
    this.#most = limits.bytes ?? Number.POSITIVE_INFINITY;
  }

  /** Bytes that are charged and not released. */
  get spent(): number {
    return this.#spent;
  }
  /** Bytes that may still be charged. */
  get bytesLeft(): number {
    return this.#most - this.#spent;
  }
  /** Time left, at least 0; undefined: no limit. */
  get secondsLeft(): number | undefined {
    return this.#end === Number.POSITIVE_INFINITY ? undefined : Math.max(0, (this.#end - performance.now()) / 1000);
  }
  /** A part of the work: the same end, at most so many bytes of what is left, an account of its own. */
  part({ bytes, subject = this.#limits.subject }: Pick<WorkLimits, "bytes" | "subject">): WorkBudget {
    return new WorkBudget({ ...this.#limits, bytes: Math.min(bytes ?? Number.POSITIVE_INFINITY, this.bytesLeft), subject }, this.#end);
  }

  /**
   * `what`: the things that take the memory, for the message.
   *
   * @throws {Problem} The memory or the time is used up.
   */
  spend(bytes: number, what?: () => string): void {
    this.#spent += bytes;
    if (this.#spent > this.#most) this.#full(what);
    if (--this.#charges <= 0) this.check();
  }
  /** Other work with limits of its own, such as a guest's run: its time is not counted. */
  async outside<T>(work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.#end += performance.now() - began;
    }
  }
  release(bytes: number): void {
    this.#spent -= bytes;
  }
  /** @throws {Problem} The time is over. An aborted signal throws its reason. */
  check(): void {
    this.#charges = CHARGES;
    this.#limits.signal?.throwIfAborted();
    if (performance.now() < this.#end) return;
    const { seconds, subject = "the input" } = this.#limits;
    throw new Problem("time-limit", `${subject} was not read and answered within ${seconds} s`);
  }
  #full(what?: () => string): never {
    const { bytes = 0, subject = "the input" } = this.#limits;
    const needs = what ? `${what()}, and` : "it needs";
    throw new Problem("memory-limit", `${subject} is too large: ${needs} more than ${sizeText(bytes)} of memory`);
  }
}

/** The limits where the caller gives none: a hostile text ends, an honest one needs a hundredth of them. */
export const DEFAULT_LIMITS = { seconds: 10, bytes: 2 ** 29 } as const;
