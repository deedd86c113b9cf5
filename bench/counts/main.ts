// `npm run bench:counts [-- --against REV | --update] [NAME…]`: counts that a busy machine does not change,
// beside those of bench/counts/table.json or of a commit. Exit status 1 if one differs by more than 2 %,
// upwards or downwards.
//
// The table has the counts of versions of Node.js, each with the programs that were counted. Counts of
// another
// version, or of programs of another compiler, say nothing about ours. There the commit that wrote the table
// last is built and counted. With --seconds, rows that the time does not suffice for are named and left out.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { works } from "../compile.ts";
import { compare, heads, tolerance } from "./compare.ts";
import { type Counts, count, host } from "./count.ts";
import { type Row, rows } from "./rows.ts";
import { enter, leave, type Tree, top, treeOf } from "./tree.ts";

/** By version of Node.js, then by row. */
type Table = Record<string, Record<string, { readonly program: string; readonly counts: Counts }>>;

/** The part by which counts of `node -e 0` differ between runs on one host, many times over. */
const SAME_HOST = 0.01;
const file = join(top, "bench", "counts", "table.json");
const version = process.versions.node;
const { values: options, positionals: wanted } = parseArgs({
  options: { against: { type: "string" }, update: { type: "boolean" }, seconds: { type: "string" } },
  allowPositionals: true,
});
const inCi = Boolean(process.env["CI"]);
const skip = (why: string): never => {
  console.log(`SKIPPED: ${why}`);
  process.exit(inCi ? 1 : 0);
};

if (!works("valgrind", "--version")) skip("valgrind is not installed: apt-get install valgrind");
const table = JSON.parse(readFileSync(file, "utf8")) as Table;
const found = rows();
for (const why of found.missing) {
  console.log(`SKIPPED: ${why}`);
  if (inCi) process.exitCode = 1;
}
const chosen = found.there.filter(({ name }) => wanted.length === 0 || wanted.some((w) => name.includes(w)));
const signal = options.seconds === undefined ? new AbortController().signal : AbortSignal.timeout(Number(options.seconds) * 1000);

/** Rows of a tree, as many at a time as there are processors: load does not change counts. */
const countAll = async (tree: string): Promise<ReadonlyMap<Row, Counts | undefined>> => {
  const command = enter(tree);
  const results = new Map<Row, Counts | undefined>(chosen.map((row) => [row, undefined]));
  const left = [...chosen];
  const work = async (): Promise<void> => {
    for (let row = left.shift(); row; row = left.shift()) results.set(row, await count(row, command, signal));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  leave();
  return results;
};

/** The last commit that changed the table, by which counts of another environment are judged. */
const writtenBy = (): string => {
  const { stdout } = spawnSync("git", ["-C", top, "log", "-1", "--format=%H", "--", file], { encoding: "utf8" });
  return stdout.trim() || skip("the commit that wrote the table is unknown here (a shallow clone?)");
};

const known = (row: Row): Counts | undefined => {
  const entry = table[version]?.[row.name];
  return entry?.program === row.program ? entry.counts : undefined;
};
/** True if Node.js itself, which no commit of ours changes, has another count than in the table. */
const isElsewhere = (results: ReadonlyMap<Row, Counts | undefined>): boolean =>
  [...results].some(([row, now]) => {
    const before = row.options ? undefined : known(row)?.[host];
    const here = now?.[host];
    if (!here || !before) return false;
    return Math.abs(here / before - 1) > SAME_HOST;
  });
const revision =
  options.against ?? (options.update || chosen.every((row) => known(row) || row.long || !row.options) ? undefined : writtenBy());
const other: Tree | undefined =
  revision === undefined ? undefined : (treeOf(revision) ?? skip(`${revision} is not here, or does not build`));
try {
  const results = await countAll(top);
  const others = other && (await countAll(other.top));
  const differ: string[] = [];
  const elsewhere = !other && isElsewhere(results);
  console.log(`Node.js ${version}\n${heads(revision?.slice(0, 10) ?? "table")}`);
  for (const [row, now] of results) {
    if (!now) {
      console.log(`${row.name}: ${signal.aborted ? "left out, the time did not suffice" : "not counted: the run failed"}`);
      if (!signal.aborted) process.exitCode = 1;
      continue;
    }
    const compared = compare(row, now, others ? others.get(row) : known(row));
    console.log(compared.lines.join("\n"));
    differ.push(...compared.differ);
  }
  if (options.update) {
    const counted = [...results].flatMap(([row, counts]) => (counts ? [[row.name, { program: row.program, counts }] as const] : []));
    table[version] = { ...table[version], ...Object.fromEntries(counted) };
    writeFileSync(file, `${JSON.stringify(table, undefined, 2)}\n`);
  } else if (elsewhere) {
    console.log("`node -e 0` itself has another count here (another processor or C library): nothing is judged by the table");
  } else if (differ.length > 0) {
    console.log(`differ by more than ${100 * tolerance} % (host instructions where regions vary: 5 %): ${differ.join("; ")}`);
    if (!options.against) console.log("A deliberate change updates the table in its commit: npm run bench:counts -- --update");
    process.exitCode = 1;
  }
} finally {
  other?.remove();
}
