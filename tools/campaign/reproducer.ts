// Reproducers: one finding as a small file, which replays without its seed.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../../src/problem.ts";
import { digestOf } from "./digest.ts";
import type { Finding } from "./kind.ts";
import { type KindName, kindNames, kinds } from "./kinds.ts";
import { type Answer, tried } from "./worker.ts";

export interface Reproducer extends Omit<Finding, "input"> {
  readonly kind: KindName;
  readonly seed: number;
  readonly input: unknown;
}

/** Writes the file and returns its path. The name describes the content. */
export const writeReproducer = (folder: string, reproducer: Reproducer): string => {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${reproducer.kind}-${reproducer.seed}-${digestOf(JSON.stringify(reproducer.input)).slice(0, 8)}.json`);
  writeFileSync(file, `${JSON.stringify(reproducer, null, 1)}\n`);
  return file;
};

export const readReproducer = (file: string): Reproducer => {
  try {
    const read = JSON.parse(readFileSync(file, "utf8")) as Reproducer;
    if (kindNames.includes(read.kind) && read.input !== undefined) return read;
  } catch (cause) {
    throw new Problem("usage", `cannot read a reproducer from ${file}: ${(cause as Error).message}`, { cause });
  }
  throw new Problem("usage", `${file} is no reproducer of a kind that there is`);
};

/** The law that the input breaks today, if any: in this process, without bounds. */
export const replay = async ({ kind: name, input }: Reproducer): Promise<Answer> => {
  const kind = await kinds[name]();
  kind.needs?.();
  return tried(kind, { input });
};
