// `-c`: a table of calls, errors, instructions and times. man 1 strace, "Statistics"; strace src/count.c.
// Differs from strace: most calls take a fraction of a virtual microsecond, so that instructions come first.
import { Problem } from "../../../problem.ts";
import { durationText } from "./duration.ts";

/** The cost of one call. */
export interface Cost {
  /** Instructions of the task since its call before. */
  readonly instructions: number;
  /** Virtual nanoseconds of the kernel in the call. */
  readonly time: number;
  /** Nanoseconds of the host from the begin of the call to its end. */
  readonly real: number;
}
interface Count {
  calls: number;
  errors: number;
  instructions: number;
  time: number;
  real: number;
}

const sorts = {
  instructions: (a: Row, b: Row) => b.instructions - a.instructions,
  time: (a: Row, b: Row) => b.time - a.time,
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

/** A key of `-S`: instructions, time, calls, errors, name, nothing. */
export type SummarySort = keyof typeof sorts;
/** The sort of a key or of one of strace's other names for it. */
export const sortOf = (text: string): SummarySort => {
  const key = aliases[text] ?? text;
  if (Object.hasOwn(sorts, key)) return key as SummarySort;
  throw new Problem("unknown-name", `-S knows ${Object.keys(sorts).join(", ")}, not "${text}"`);
};

interface Column {
  readonly head: string;
  readonly width: number;
  readonly text: (row: Row, total: Row) => string;
}
const per = (n: number, calls: number): number => (calls === 0 ? 0 : n / calls);
const columns: readonly Column[] = [
  { head: "% instr", width: 7, text: (r, all) => (all.instructions === 0 ? 0 : (100 * r.instructions) / all.instructions).toFixed(2) },
  { head: "instructions", width: 12, text: (r) => String(r.instructions) },
  { head: "per call", width: 9, text: (r) => String(Math.round(per(r.instructions, r.calls))) },
  { head: "time", width: 8, text: (r) => durationText(r.time) },
];
const realColumns: readonly Column[] = [
  { head: "real", width: 8, text: (r) => durationText(r.real) },
  { head: "per call", width: 8, text: (r) => durationText(per(r.real, r.calls)) },
];
const counts: readonly Column[] = [
  { head: "calls", width: 9, text: (r) => String(r.calls) },
  { head: "errors", width: 9, text: (r) => (r.errors === 0 ? "" : String(r.errors)) },
];

/** Counts calls by name. */
export class Summary {
  private readonly _counts = new Map<string, Count>();

  add(name: string, failed: boolean, cost: Cost): void {
    const count = this._counts.get(name) ?? { calls: 0, errors: 0, instructions: 0, time: 0, real: 0 };
    this._counts.set(name, count);
    addTo(count, { ...cost, calls: 1, errors: failed ? 1 : 0 });
  }
  /** The number of calls by name. */
  get calls(): number {
    return this._counts.size;
  }
  /** The lines of the table. `real`: with times of the host. */
  lines(sort: SummarySort = "instructions", real = false): string[] {
    const rows = [...this._counts].map(([name, count]): Row => ({ name, ...count })).sort(sorts[sort]);
    const total: Row = { name: "total", calls: 0, errors: 0, instructions: 0, time: 0, real: 0 };
    for (const row of rows) addTo(total, row);
    const all = [...columns, ...(real ? realColumns : []), ...counts];
    const line = (r: Row): string => [...all.map(({ width, text }) => text(r, total).padStart(width)), r.name].join(" ");
    const head = [...all.map((c) => c.head.padStart(c.width)), "syscall"].join(" ");
    const rule = [...all.map(({ width }) => "-".repeat(width)), "-".repeat(16)].join(" ");
    return [head, rule, ...rows.map(line), rule, line(total)];
  }
}
const addTo = (sum: Count, more: Count): void => {
  for (const key of ["calls", "errors", "instructions", "time", "real"] as const) sum[key] += more[key];
};
