// The matchers' types. A value that a matcher cannot judge is a type error whose text says the remedy.
import type { ErrnoName } from "../abi/errno.ts";
import type { Exploration } from "../machine/explore/options.ts";
import type { SignalName } from "../machine/tracing/status.ts";
import type { Severity } from "../policy/audit/finding.ts";
import type { CallText } from "../policy/call.ts";
import type { Meaningful, ViaOptions } from "../policy/explain/matching.ts";
import type { TraceLine } from "./trace-lines.ts";

/** The verdict on a denied call, as `Denial.verdict` has it, or its beginning: `"ERRNO(EPERM)"`, `"KILL"`. */
export type DeniedVerdict =
  | "KILL"
  | "KILL_PROCESS"
  | "KILL_THREAD"
  | "ERRNO"
  | `ERRNO(${ErrnoName | number})`
  | "TRAP"
  | `TRAP(${number})`
  | "TRACE"
  | `TRACE(${number})`
  | "USER_NOTIF"
  | `0x${string}`;

/** A text that is known to the compiler must be a call; one of the type `string` is checked at run time. */
type Checked<C extends string> = C extends CallText ? C : string extends C ? C : CallText;

/** Conditions on a denied call. */
export interface DeniedOptions {
  /** The ABI of the call's number. */
  readonly abi?: "x64" | "i386" | "x32";
  /** The door through which it came. */
  readonly via?: "syscall" | "int80" | "sysenter" | "vsyscall";
  /** The verdict: `"ERRNO(EPERM)"`, or its beginning: `"KILL"`. */
  readonly verdict?: DeniedVerdict;
}

/** What a search must have tried, so that a program counts as holding. */
export interface HoldOptions {
  /** At least one of the two. */
  readonly within: {
    /** Every schedule with at most so many departures from the default one: the systematic search. */
    readonly departures?: number;
    /** So many schedules, of any search. No proof, but a bound that a test can state. */
    readonly schedules?: number;
  };
}

/**
 * A matcher for values of one type. For others a function of the advice: a call of it is an error whose text
 * has the advice. vitest demands a function of each member of its interface.
 */
type For<T, Wanted, Matcher, Advice extends string> = 0 extends 1 & T
  ? Matcher
  : T extends Wanted
    ? Matcher
    : T extends PromiseLike<unknown>
      ? (advice: "await the promise first: expect(await …)", ...more: never[]) => never
      : (advice: Advice, ...more: never[]) => never;
/** By its shape: results that a test keeps as data have wider types. */
type RunLike = { readonly status: object; readonly trace: readonly string[] };
type ForRun<T, Matcher> = For<T, RunLike, Matcher, "expect(…) wants the result of Machine.run">;
type ForPolicy<T, Matcher> = For<T, Meaningful, Matcher, "expect(…) wants a policy: of readPolicy or policy">;

/**
 * The matchers that an import of `trapgate/vitest` adds to `expect`. A failure shows the end of the guest and
 * its last system calls. A value of another type, such as a promise that was not awaited, is a type error,
 * and a Problem at run time.
 */
export interface GuestMatchers<T = unknown> {
  /** The run ended by exit(2) or exit_group(2) with this status. */
  readonly toExitWith: ForRun<T, (status: number) => void>;
  /** The run was killed by this signal: `"SIGSYS"`. */
  readonly toBeKilledBy: ForRun<T, (signal: SignalName) => void>;
  /** The trace has these lines in this order, with any others between. The run needs the option `trace`. */
  readonly toTrace: ForRun<T, (...lines: readonly TraceLine[]) => void>;
  /**
   * A filter denied this call in the run: `"getppid"`, or with decoded arguments `'openat(AT_FDCWD,
   * "/etc/passwd"'`.
   */
  readonly toBeDenied: ForRun<T, <C extends string>(call: Checked<C>, options?: DeniedOptions) => void>;
  /**
   * `explore` found no violation and tried all schedules up to its bound, or what `within` says.
   * @example
   * const result = await explore(program, { search: "pos", schedules: 2000 });
   * expect(result).toHoldInEverySchedule({ within: { schedules: 2000 } });
   */
  readonly toHoldInEverySchedule: For<T, Exploration, (options?: HoldOptions) => void, "expect(…) wants the result of explore">;
  /** The policy means the same as another policy or filter, for every call. */
  readonly toBeEquivalentTo: ForPolicy<T, (other: Meaningful) => void>;
  /**
   * The policy allows a call: with all arguments, or with the given ones: `"socket(1, 2)"`, `"i386.getppid"`.
   */
  readonly toAllow: ForPolicy<T, <C extends string>(call: Checked<C>, options?: ViaOptions) => void>;
  /** The policy never allows a call: with no arguments at all, or not with the given ones. */
  readonly toDeny: ForPolicy<T, <C extends string>(call: Checked<C>, options?: ViaOptions) => void>;
  /** The audit of the policy finds nothing, or nothing of this severity and above. */
  readonly toHaveNoFindings: ForPolicy<T, (options?: { readonly severity?: Severity }) => void>;
}
