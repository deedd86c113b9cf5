// `-c`: a table of calls, errors and times. Times are virtual. man 1 strace, "Statistics"; strace
// src/count.c.
import { Problem } from "../../../problem.ts";

interface Count {
  calls: number;
  errors: number;
  nanoseconds: number;
}

const sorts = {
  time: (a: Row, b: Row) => b.nanoseconds - a.nanoseconds,
  calls: (a: Row, b: Row) => b.calls - a.calls,
  errors: (a: Row, b: Row) => b.errors - a.errors,
  name: (a: Row, b: Row) => (a.name < b.name ? -1 : 1),
  nothing: () => 0,
} as const;
const aliases: Readonly<Record<string, keyof typeof sorts>> = {
  "time-total": "time",
  total_time: "time",
  count: "calls",
  error: "errors",
  "syscall-name": "name",
  syscall: "name",
  none: "nothing",
};
interface Row extends Count {
  readonly name: string;
}

/** A key of `-S`: time, calls, errors, name, nothing. */
export type SummarySort = keyof typeof sorts;
/** The sort of a key or of one of strace's other names for it. */
export const sortOf = (text: string): SummarySort => {
  const key = aliases[text] ?? text;
  if (Object.hasOwn(sorts, key)) return key as SummarySort;
  throw new Problem("unknown-name", `-S knows ${Object.keys(sorts).join(", ")}, not "${text}"`);
};

const RULE = ["------", "-----------", "-----------", "---------", "---------", "----------------"].join(" ");
const HEAD = `% time     seconds  usecs/call     calls    errors syscall`;

/** Counts calls by name. */
export class Summary {
  private readonly _counts = new Map<string, Count>();

  /** `nanoseconds`: virtual time of the kernel in the call. */
  add(name: string, failed: boolean, nanoseconds: number): void {
    const count = this._counts.get(name) ?? { calls: 0, errors: 0, nanoseconds: 0 };
    this._counts.set(name, count);
    count.calls++;
    if (failed) count.errors++;
    count.nanoseconds += nanoseconds;
  }
  /** The number of calls by name. */
  get calls(): number {
    return this._counts.size;
  }
  /** The lines of the table. */
  lines(sort: SummarySort = "time"): string[] {
    const rows = [...this._counts].map(([name, count]): Row => ({ name, ...count })).sort(sorts[sort]);
    const total: Row = { name: "total", calls: 0, errors: 0, nanoseconds: 0 };
    for (const row of rows) {
      total.calls += row.calls;
      total.errors += row.errors;
      total.nanoseconds += row.nanoseconds;
    }
    const line = (r: Row): string => {
      const percent = total.nanoseconds === 0 ? (r === total ? 100 : 0) : (100 * r.nanoseconds) / total.nanoseconds;
      return [
        percent.toFixed(2).padStart(6),
        (r.nanoseconds / 1e9).toFixed(6).padStart(11),
        String(r.calls === 0 ? 0 : Math.round(r.nanoseconds / r.calls / 1000)).padStart(11),
        String(r.calls).padStart(9),
        (r.errors === 0 ? "" : String(r.errors)).padStart(9),
        r.name,
      ].join(" ");
    };
    return [HEAD, RULE, ...rows.map(line), RULE, line(total)];
  }
}
