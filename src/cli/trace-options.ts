// strace's options: which calls, results and signals, and how lines look. man 1 strace.
import type { TraceOptions } from "../machine/options.ts";
import { sortOf } from "../machine/tracing/strace/summary.ts";
import { Problem } from "../problem.ts";
import { integer } from "./arguments.ts";

const flag = { type: "boolean" } as const;
const repeated = { type: "boolean", multiple: true } as const;
const text = { type: "string" } as const;
const texts = { type: "string", multiple: true } as const;

/** For parseArgs: strace's letters and long names. */
export const straceOptions = {
  expression: { ...texts, short: "e" },
  trace: texts,
  status: texts,
  signal: texts,
  inject: texts,
  fault: texts,
  read: text,
  write: text,
  abbrev: texts,
  verbose: texts,
  raw: texts,
  "follow-forks": { ...repeated, short: "f" },
  follow: flag,
  "output-separately": flag,
  output: { ...text, short: "o" },
  "summary-only": { ...flag, short: "c" },
  summary: { ...flag, short: "C" },
  "summary-sort-by": { ...text, short: "S" },
  "summary-wall-clock": { ...flag, short: "w" },
  "absolute-timestamps": { ...repeated, short: "t" },
  "relative-timestamps": { ...flag, short: "r" },
  "syscall-times": { ...flag, short: "T" },
  "string-limit": { ...text, short: "s" },
  "no-abbrev": { ...flag, short: "v" },
  "strings-in-hex": { ...repeated, short: "x" },
  "decode-fds": { ...repeated, short: "y" },
  "stack-trace": { ...flag, short: "k" },
  "trace-path": { ...texts, short: "P" },
  "successful-only": { ...flag, short: "z" },
  "failed-only": { ...flag, short: "Z" },
  attach: { ...texts, short: "p" },
  "syscall-number": { ...flag, short: "n" },
  "instruction-pointer": { ...flag, short: "i" },
  "real-time": flag,
  columns: { ...text, short: "a" },
  quiet: { ...repeated, short: "q" },
  json: flag,
} as const;

/** For --help. */
export const straceHelp: readonly (readonly [string, string])[] = [
  ["-e trace=SET", "only these calls: names, %file %process %network %signal %desc %memory %ipc …, /REGEX, ! for all others"],
  ["-e status=SET", "only calls that were successful, failed or unfinished (-z: successful, -Z: failed)"],
  ["-e signal=SET", "only these signals"],
  ["-e inject=SET:…", "error=ENOENT, retval=N, signal=SIG, delay_enter=10ms, delay_exit=…, with when=FIRST[..LAST][+[STEP]]"],
  ["-e read=FDS, -e write=FDS", "also dump the bytes that are read from or written to these descriptors"],
  ["-e abbrev=SET, verbose=SET, raw=SET", "calls with brief structures (-v: none), with structures at all, with arguments as numbers"],
  ["-P PATH", "only calls that name PATH or have a descriptor of it"],
  ["-p PID", "the process with this pid in the guest, in place of the first one"],
  ["-f, --follow-forks", "also the processes and threads that it starts (-ff with -o: FILE.PID for each)"],
  ["-o, --output FILE", "write to FILE, or to a command: '|COMMAND'; without it to standard error"],
  ["-c, -C", "a table of calls, errors, instructions before a call and times, in place of the lines (-c) or after them (-C)"],
  ["-S KEY", "the order of that table: instructions (the default), time, calls, errors, name"],
  ["-t, -tt, -ttt, -r, -T", "the guest's time, time since the line before, time in the call: virtual time, where it is not 0"],
  ["--real-time", "also the host's time in -r, -T and -c, which differs from run to run"],
  ["-s N, -v, -x, -xx", "N bytes of a string (default 32); whole structures and environments; strings in hex"],
  ["-y, -yy", "descriptors with their paths; with protocols, addresses and devices"],
  ["-k", "the caller's stack, with symbols from its ELF files"],
  ["-n, -i, -a N, -qq", "numbers of calls; instruction pointers; the column of results (default 40); no line at exits (-qq)"],
  ["--json", "one JSON object for each call, on its own line"],
];

type Values = { readonly [K in keyof typeof straceOptions]?: unknown };

const QUALIFIERS = [
  "trace",
  "status",
  "signal",
  "signals",
  "inject",
  "fault",
  "read",
  "reads",
  "write",
  "writes",
  "abbrev",
  "verbose",
  "raw",
  "quiet",
  "decode-fds",
];

/** `-e` expressions by qualifier; one without a qualifier is `trace=`. */
const expressions = (list: readonly string[]): Record<string, string[]> => {
  const found: Record<string, string[]> = {};
  for (const one of list) {
    const match = /^([a-z-]+)=(.*)$/s.exec(one);
    const isEnvironment = match === null ? /^[A-Za-z_][A-Za-z0-9_]*=/.test(one) : !QUALIFIERS.includes(match[1] as string);
    if (isEnvironment)
      throw new Problem("bad-value", `-e ${one}: there is no such expression`, {
        help: "an environment variable is --env NAME=VALUE or -E NAME=VALUE",
      });
    const key = (match?.[1] ?? "trace").replace(/^(signal|read|write)s$/, "$1");
    (found[key] ??= []).push(match?.[2] ?? one);
  }
  return found;
};

/** strace intersects nothing: the last expression of a kind holds. */
const last = (...lists: (readonly string[] | undefined)[]): string | undefined => lists.flatMap((list) => list ?? []).at(-1);
const count = (value: unknown): number => (Array.isArray(value) ? value.length : 0);
const optional = <K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]?: T });

/** strace -a. */
const COLUMN = 40;
const TIMES = ["seconds", "microseconds", "epoch"] as const;

/** The options of a trace. @throws {Problem} An expression or a number is wrong. */
export const traceOptionsOf = (values: Values): TraceOptions => {
  const v = values as Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
  const list = (name: string): readonly string[] | undefined => v[name] as readonly string[] | undefined;
  const e = expressions(list("expression") ?? []);
  const status = v["successful-only"] ? "successful" : v["failed-only"] ? "failed" : last(e["status"], list("status"));
  const inject = [
    ...(e["inject"] ?? []),
    ...(list("inject") ?? []),
    ...[...(e["fault"] ?? []), ...(list("fault") ?? [])].map((rule) => `fault=${rule}`),
  ];
  const clock = count(v["absolute-timestamps"]);
  const hex = count(v["strings-in-hex"]);
  const fds = Math.max(count(v["decode-fds"]), e["decode-fds"] ? 1 : 0);
  const follow = count(v["follow-forks"]) + (v["follow"] ? 1 : 0);
  const number = (name: string, option: string): number | undefined =>
    v[name] === undefined ? undefined : integer(v[name] as string, option);
  return {
    follow: follow > 0,
    column: number("columns", "-a") ?? COLUMN,
    ...optional("calls", last(e["trace"], list("trace"))),
    ...optional("status", status),
    ...optional("signals", last(e["signal"], list("signal"))),
    ...(inject.length > 0 ? { inject } : {}),
    ...optional("read", last(e["read"], v["read"] === undefined ? undefined : [v["read"] as string])),
    ...optional("write", last(e["write"], v["write"] === undefined ? undefined : [v["write"] as string])),
    ...optional("files", list("trace-path")),
    ...optional(
      "pids",
      list("attach")?.flatMap((pids) => pids.split(/[ ,]+/).map((pid) => integer(pid, "-p"))),
    ),
    ...optional("strings", number("string-limit", "-s")),
    ...(v["no-abbrev"] ? { verbose: true } : {}),
    ...optional("abbrev", last(e["abbrev"], list("abbrev"))),
    ...optional("structures", last(e["verbose"], list("verbose"))),
    ...optional("raw", last(e["raw"], list("raw"))),
    ...(hex > 0 ? { hex: hex > 1 ? (2 as const) : (1 as const) } : {}),
    ...(fds > 0 ? { paths: fds > 1 ? (2 as const) : (1 as const) } : {}),
    ...(clock > 0 ? { time: TIMES[Math.min(clock, TIMES.length) - 1] as (typeof TIMES)[number] } : {}),
    ...(v["relative-timestamps"] ? { relative: true } : {}),
    ...(v["syscall-times"] ? { duration: true } : {}),
    ...(v["real-time"] ? { realTime: true } : {}),
    ...(v["syscall-number"] ? { numbers: true } : {}),
    ...(v["instruction-pointer"] ? { instruction: true } : {}),
    ...(v["stack-trace"] ? { stack: true } : {}),
    ...(v["summary-only"] ? { summary: "only" as const } : v["summary"] ? { summary: "also" as const } : {}),
    ...optional("sort", v["summary-sort-by"] === undefined ? undefined : sortOf(v["summary-sort-by"] as string)),
    ...(v["json"] ? { json: true } : {}),
    ...(count(v["quiet"]) > 1 ? { quiet: true } : {}),
    ...(v["output"] !== undefined && (follow > 1 || v["output-separately"]) ? { separate: true } : {}),
    ...(v["output"] !== undefined && follow === 1 ? { everyPid: true } : {}),
  };
};
