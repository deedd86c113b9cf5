// /proc/PID/limits. Linux fs/proc/base.c proc_pid_limits().
import type { Process } from "../../core/process.ts";

// biome-ignore format: table
const rows: readonly (readonly [string, string])[] = [
  ["Max cpu time", "seconds"], ["Max file size", "bytes"], ["Max data size", "bytes"], ["Max stack size", "bytes"], ["Max core file size", "bytes"],
  ["Max resident set", "bytes"], ["Max processes", "processes"], ["Max open files", "files"], ["Max locked memory", "bytes"],
  ["Max address space", "bytes"], ["Max file locks", "locks"], ["Max pending signals", "signals"], ["Max msgqueue size", "bytes"],
  ["Max nice priority", ""], ["Max realtime priority", ""], ["Max realtime timeout", "us"],
];
const value = (n: number): string => (n === Infinity ? "unlimited" : String(n));

/** The text of /proc/PID/limits: one line for each resource limit, in the order of RLIMIT numbers. */
export const limitsText = ({ limits }: Process): string =>
  `${"Limit".padEnd(25)} ${"Soft Limit".padEnd(20)} ${"Hard Limit".padEnd(20)} ${"Units".padEnd(10)}\n${rows
    .map(
      ([name, unit], i) =>
        `${name.padEnd(25)} ${value(limits[i]!.soft).padEnd(20)} ${value(limits[i]!.hard).padEnd(20)} ${unit === "" ? "" : unit.padEnd(10)}\n`,
    )
    .join("")}`;
