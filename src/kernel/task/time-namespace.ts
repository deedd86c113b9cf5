// Time namespaces: offsets of the clocks that count from the start of the machine. man 7 time_namespaces;
// Linux kernel/time/namespace.c.

import { E } from "../../abi/errno.ts";
import { PAGE_SIZE } from "../../memory/frames.ts";
import { ofBytes } from "../base/byte-string.ts";
import { plus, type Timespec, UPTIME } from "../base/time.ts";
import type { Task } from "../core/task.ts";
import { CAP, capableIn } from "../cred/cred.ts";
import type { UserNamespace } from "../cred/user-namespace.ts";

/** The clocks with an offset, with the numbers that timens_offsets takes too. */
const CLOCKS = { monotonic: "1", boottime: "7" } as const;
/** A clock that a time namespace shifts. */
export type OffsetClock = keyof typeof CLOCKS;

/** The greatest offset, and the greatest time that a clock may have then, in seconds. Linux KTIME_SEC_MAX. */
const MOST = 9_223_372_036;
const NSEC = 1_000_000_000;

/** The offset of a clock in the initial namespace. */
export const NO_OFFSET: Timespec = { sec: 0, nsec: 0 };

/** A time namespace. */
export class TimeNamespace {
  readonly owner: UserNamespace | undefined;
  readonly offsets: Record<OffsetClock, Timespec>;
  /** True from its first task on: the offsets do not change any more. */
  frozen: boolean;
  constructor(owner: UserNamespace | undefined, from?: TimeNamespace) {
    this.owner = owner;
    this.offsets = { monotonic: from?.offsets.monotonic ?? NO_OFFSET, boottime: from?.offsets.boottime ?? NO_OFFSET };
    this.frozen = from === undefined;
  }
  /** The clock minus the time since the first program's start. */
  total(clock: OffsetClock): Timespec {
    return plus(UPTIME, this.offsets[clock]);
  }
  /** The same in nanoseconds, rounded to a double. */
  nanoseconds(clock: OffsetClock): number {
    const { sec, nsec } = this.total(clock);
    return sec * 1e9 + nsec;
  }
  /** The same in nanoseconds, exact. */
  exact(clock: OffsetClock): bigint {
    const { sec, nsec } = this.total(clock);
    return BigInt(sec) * 1_000_000_000n + BigInt(nsec);
  }
}

/** A task enters the namespace of its children: fork(2) and execve(2). Linux timens_on_fork(). */
export const enterTime = (t: Task): void => {
  const { timeForChildren: time } = t.namespaces;
  if (t.namespaces.time === time) return;
  time.frozen = true;
  t.namespaces = { ...t.namespaces, time };
};

/** The text of /proc/PID/timens_offsets. Linux proc_timens_show_offsets(). */
export const offsetsText = (t: Task): string =>
  (Object.keys(CLOCKS) as OffsetClock[])
    .map((clock) => {
      const { sec, nsec } = t.namespaces.timeForChildren.offsets[clock];
      return `${clock.padEnd(10)} ${String(sec).padStart(10)} ${String(nsec).padStart(9)}\n`;
    })
    .join("");

const parseLine = (line: string): { readonly clock: OffsetClock; readonly offset: Timespec } | undefined => {
  const [, name = "", sec = "", nsec = ""] = /^(\S{1,9}) +(-?\d+) +(\d+)$/.exec(line) ?? [];
  const clock = (Object.keys(CLOCKS) as OffsetClock[]).find((c) => c === name || CLOCKS[c] === name);
  if (!clock || Number(nsec) >= NSEC) return undefined;
  return { clock, offset: { sec: Number(sec), nsec: Number(nsec) } };
};
/**
 * Sets offsets of a task's children: the number of bytes or -errno. Linux timens_offsets_write(),
 * proc_timens_set_offset().
 */
export const writeOffsets = (writer: Task, target: Task, bytes: Uint8Array): number => {
  if (bytes.length >= PAGE_SIZE) return -E.EINVAL;
  const text = ofBytes(bytes);
  // One line for each clock at most; later ones are for the next write.
  const taken = /^[^\n]*\n?[^\n]*\n?/.exec(text)?.[0] ?? "";
  const changes = taken.replace(/\n$/, "").split("\n").map(parseLine);
  if (changes.includes(undefined)) return -E.EINVAL;
  const namespace = target.namespaces.timeForChildren;
  if (!capableIn(writer.cred, namespace.owner, CAP.SYS_TIME)) return -E.EPERM;
  const now = plus(UPTIME, { sec: Math.floor(target.kernel.now / 1e9), nsec: target.kernel.now % 1e9 });
  for (const change of changes) {
    const { sec } = change?.offset ?? NO_OFFSET;
    if (Math.abs(sec) > MOST) return -E.ERANGE;
    const then = plus(now, change?.offset ?? NO_OFFSET).sec;
    if (then < 0 || then > Math.floor(MOST / 2)) return -E.ERANGE;
  }
  if (namespace.frozen) return -E.EACCES;
  for (const change of changes) if (change) namespace.offsets[change.clock] = change.offset;
  return taken.length;
};
