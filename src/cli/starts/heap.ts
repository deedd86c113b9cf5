// The option --guarded-heap of a program that does not load the heap: a warning, because its children may.

import { withoutHeap } from "../../host/guarded-heap.ts";
import { writeLine } from "../../host/node-sink.ts";
import type { BootOptions } from "../../machine/boot.ts";
import type { ProgramOptions } from "../../machine/options.ts";
import { color } from "../text/color.ts";
import { shown } from "../text/print.ts";

/**
 * Warns if the program of a root starts without the heap that was requested for it. `searched`: the folders
 * for a name without a slash. `content`: its bytes, if they are from standard input.
 */
export const warnWithoutHeap = (
  { root }: BootOptions,
  path: string,
  { cwd, env }: ProgramOptions,
  { searched, content }: { readonly searched: string; readonly content?: Uint8Array },
): void => {
  const why = root && withoutHeap(root, { path, content, cwd, searched: env?.["PATH"] ?? searched });
  if (why === undefined) return;
  const line = `${path} ${why}: --guarded-heap has no effect on it (the heap is loaded by glibc's ld.so)`;
  writeLine(2, shown(`${color.yellow("warning")}: ${line}`));
};
