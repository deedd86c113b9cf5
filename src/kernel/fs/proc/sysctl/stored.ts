// Settings that are stored and change nothing here, as files. Linux kernel/sysctl.c proc_dointvec_minmax(),
// proc_dostring().
import { E } from "../../../../abi/errno.ts";
import { ofBytes } from "../../../base/byte-string.ts";
import { sizes } from "../../../base/sizes.ts";
import type { Task } from "../../../core/task.ts";
import type { FixedTree } from "../tree/fixed-tree.ts";
import type { ProcContent } from "../tree/node.ts";
import { numbersWriter } from "../tree/numbers.ts";

/** A word that can be changed: to one of `among`, or to any of at most `most` bytes. */
interface Word {
  readonly word: string;
  readonly among?: readonly string[];
  readonly most?: number;
}
/**
 * A setting: the value or values at boot with the least and the greatest, and the mode; a word; or text that
 * cannot be changed.
 */
export type Stored = readonly [initial: number | readonly number[], min: number, max: number, mode?: number] | Word | string;
/** Settings by folder of /proc/sys. */
export type StoredTable = Readonly<Record<string, Readonly<Record<string, Stored>>>>;

/** Written settings by their names: those of a network namespace, or of the machine. */
export type Written = Map<string, string | readonly number[]>;
const writtenOf = (task: Task, key: string): Written => (key.startsWith("net/") ? task.net : task.kernel).sysctls;

/** Keeps a value. Those of a network namespace count as its memory: a guest may make many namespaces. */
const store = (task: Task, key: string, value: string | readonly number[]): void => {
  const written = writtenOf(task, key);
  written.set(key, value);
  if (written === task.net.sysctls) task.kernel.garbage.add(task.net, sizes.netNamespace + written.size * sizes.setting);
};

const numbers = (key: string, [initial, min, max, mode]: Exclude<Stored, string | Word>): FixedTree[string] => {
  const boot = typeof initial === "number" ? [initial] : initial;
  const now = (task: Task): readonly number[] => (writtenOf(task, key).get(key) as readonly number[] | undefined) ?? boot;
  return {
    ...(mode === undefined ? {} : { mode }),
    read: (task) => `${now(task).join("\t")}\n`,
    write: numbersWriter(boot.length, (written, task) => {
      const values = written.map(Number);
      if (values.some((value) => value < min || value > max)) return -E.EINVAL;
      store(task, key, [...values, ...now(task).slice(values.length)]);
      return 0;
    }),
  };
};

const word = (key: string, { word: boot, among, most = 64 }: Word): ProcContent => ({
  read: (task) => `${writtenOf(task, key).get(key) ?? boot}\n`,
  write: (task, bytes, at) => {
    if (at !== 0) return bytes.length;
    const [value = ""] = ofBytes(bytes.subarray(0, most)).split(/[\n\0]/, 1);
    if (among && !among.includes(value)) return -E.ENOENT;
    store(task, key, value);
    return bytes.length;
  },
});

/** The settings of one folder of /proc/sys, as files. `name`: its name if it is not that of the table. */
export const storedSettings = (table: StoredTable, folder: string, name = folder): FixedTree =>
  Object.fromEntries(
    Object.entries(table[folder] ?? {}).map(([file, stored]) => {
      const key = `${name}/${file}`;
      if (typeof stored === "string") return [file, { read: () => `${stored}\n` }];
      return [file, "word" in stored ? word(key, stored) : numbers(key, stored)];
    }),
  );
