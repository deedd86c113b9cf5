// The name of a core file by /proc/sys/kernel/core_pattern. man 5 core, "Naming of core dump files"; Linux
// fs/coredump.c format_corename().
import { RLIMIT } from "../base/rlimit.ts";
import type { Task } from "../core/task.ts";
import { pathName } from "../fs/vfs/dentry.ts";
import { coreSettingsOf } from "../signal/core-settings.ts";

/** A part of a name is one component of a path. */
const component = (text: string): string => text.replaceAll("/", "!");

const exePath = ({ program, fs }: Task): string => (program.exe ? pathName(program.exe.path, fs.root).name : "");
/** An unlimited resource is the greatest word. */
const limit = (bytes: number): string => (bytes === Number.POSITIVE_INFINITY ? String(2n ** 64n - 1n) : String(bytes));

/** The text of each specifier. */
const specifiers: Readonly<Record<string, (task: Task, signal: number) => string | number>> = {
  "%": () => "%",
  p: ({ process, pidNs }) => pidNs.numberOf(process.pid),
  P: ({ process }) => process.pid,
  i: ({ pid, pidNs }) => pidNs.numberOf(pid),
  I: ({ pid }) => pid,
  u: ({ cred }) => cred.uid,
  g: ({ cred }) => cred.gid,
  d: ({ dumpable }) => dumpable,
  s: (_task, signal) => signal,
  t: ({ kernel }) => kernel.realtime().sec,
  h: ({ namespaces }) => component(namespaces.uts.hostname),
  e: ({ comm }) => component(comm),
  E: (task) => component(exePath(task)),
  f: (task) => exePath(task).split("/").at(-1) ?? "",
  C: () => 0,
  c: ({ process }) => limit(process.limit(RLIMIT.CORE)),
};

/** The path of the core file, relative to the working directory unless it is absolute. */
export const coreName = (task: Task, signal: number): string => {
  const { pattern, usesPid } = coreSettingsOf(task.kernel);
  const name = pattern.replaceAll(/%(.?)/gs, (_all, letter: string) => String(specifiers[letter]?.(task, signal) ?? ""));
  return usesPid !== 0 && !/%p/.test(pattern.replaceAll("%%", "")) ? `${name}.${String(specifiers["p"]?.(task, signal))}` : name;
};
