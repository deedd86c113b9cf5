// Results: a file of JSON lines for each shard, named by the hash of its content. The first line says which
// part of which work it is, the others are one record a seed, in the order of seeds. The same work gives the
// same file, so a shard that runs twice does no harm.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../../src/problem.ts";
import { sha256 } from "./digest.ts";
import type { KindName } from "./kinds.ts";

export interface SeedRecord {
  readonly seed: number;
  readonly inputs: number;
  readonly digest: string;
  /** The law that the seed's input breaks. */
  readonly finding?: string;
}
export interface Work {
  readonly kind: KindName;
  /** First and last seed. */
  readonly seeds: readonly [number, number];
}
/** `shard` is absent where a merge made the file. */
interface Header extends Work {
  readonly shard?: readonly [number: number, of: number];
}
interface ResultFile {
  readonly header: Header;
  readonly records: readonly SeedRecord[];
}

const textOf = ({ header, records }: ResultFile): string =>
  [header, ...[...records].sort((a, b) => a.seed - b.seed)].map((line) => `${JSON.stringify(line)}\n`).join("");

/** Writes the file and returns its path. A rename puts it into place, so that no reader sees half a file. */
export const writeResults = (folder: string, file: ResultFile): string => {
  mkdirSync(folder, { recursive: true });
  const text = textOf(file);
  const path = join(folder, `${sha256(text)}.jsonl`);
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, text);
  renameSync(fresh, path);
  return path;
};

const NAME = /^([0-9a-f]{64})\.jsonl$/;

const readResults = (path: string, hash: string): ResultFile => {
  const text = readFileSync(path, "utf8");
  if (sha256(text) !== hash) throw new Problem("host", `${path} is damaged: its content has another hash than its name`);
  const [header, ...records] = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line)) as [Header, ...SeedRecord[]];
  return { header, records };
};

export interface Merged {
  readonly work: Work;
  readonly records: readonly SeedRecord[];
  /** `3/16`, in order. */
  readonly missingShards: readonly string[];
  readonly missingSeeds: readonly number[];
  /** Seeds of which two files say different things. */
  readonly contradictions: readonly number[];
}

const keyOf = ({ kind, seeds }: Work): string => JSON.stringify([kind, seeds]);

const filesOf = (folders: readonly string[]): readonly ResultFile[] =>
  folders.flatMap((folder) => {
    if (!existsSync(folder)) throw new Problem("usage", `there is no folder ${folder}`);
    return readdirSync(folder).flatMap((name) => {
      const hash = NAME.exec(name)?.[1];
      return hash === undefined ? [] : [readResults(join(folder, name), hash)];
    });
  });

const mergeOne = (work: Work, files: readonly ResultFile[]): Merged => {
  const bySeed = new Map<number, SeedRecord>();
  const contradictions = new Set<number>();
  for (const record of files.flatMap((f) => f.records)) {
    const known = bySeed.get(record.seed);
    if (known && JSON.stringify(known) !== JSON.stringify(record)) contradictions.add(record.seed);
    bySeed.set(record.seed, record);
  }
  const [first, last] = work.seeds;
  const missingSeeds: number[] = [];
  for (let seed = first; seed <= last; seed++) if (!bySeed.has(seed)) missingSeeds.push(seed);
  const of = Math.max(1, ...files.map(({ header }) => header.shard?.[1] ?? 1));
  const lacking = new Set(missingSeeds.map((seed) => (seed - first) % of));
  return {
    work,
    records: [...bySeed.values()].sort((a, b) => a.seed - b.seed),
    missingShards: [...lacking].sort((a, b) => a - b).map((i) => `${i + 1}/${of}`),
    missingSeeds,
    contradictions: [...contradictions].sort((a, b) => a - b),
  };
};

/** Everything that lies in the folders, by its work. Files that a merge wrote may be among them. */
export const merge = (folders: readonly string[]): readonly Merged[] => {
  const files = filesOf(folders);
  const works = new Map(files.map(({ header: { kind, seeds } }) => [keyOf({ kind, seeds }), { kind, seeds }]));
  return [...works].map(([key, work]) =>
    mergeOne(
      work,
      files.filter(({ header }) => keyOf(header) === key),
    ),
  );
};
