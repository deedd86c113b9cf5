// `npm run conformance:gdb -- [FILE…]`: gdb's own testsuite against `trapgate debug`, beside native gdbserver
// or gdb's `record full`. The sources come from Debian at run time, in the version of the installed gdb; a
// board file and a program named gdbserver are made beside them. Nothing of theirs is part of this
// repository.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { demand, sourcesOf, template } from "./sources.ts";

const top = fileURLToPath(new URL("../..", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: "boolean", short: "h" },
    seconds: { type: "string" },
    total: { type: "string" },
    every: { type: "string" },
    from: { type: "string" },
  },
});
if (values.help) {
  console.log(
    "usage: npm run conformance:gdb -- [OPTION…] [gdb.reverse/NAME.exp … | gdb.reverse | gdb.server | gdb.threads | gdb.base]\n" +
      "  --seconds N   time of one file on one side (120)\n" +
      "  --total N     no file begins after so many seconds (7200)\n" +
      "  --every N     each Nth file of a folder: a sample (1); --from K: from the Kth on (0)",
  );
  process.exit(0);
}
const limit = Number(values.seconds ?? 120);
const total = Number(values.total ?? 7200);
const every = Number(values.every ?? 1);
const from = Number(values.from ?? 0);
/** Results of a side without its program would be kept as if all had failed there. */
const isBesideServer = positionals.some((name) => !name.startsWith("gdb.reverse"));
demand("conformance:gdb", ["gdb", "runtest", "gcc", ...(isBesideServer ? ["gdbserver"] : [])], "gdb, dejagnu, gdbserver, gcc");
const folder = join(top, ".cache", "gdb");
mkdirSync(folder, { recursive: true });

const testsuite = join(sourcesOf("gdb", folder), "gdb", "testsuite");
const wanted = positionals.length > 0 ? positionals : ["gdb.reverse"];
const files = wanted.flatMap((name) =>
  name.endsWith(".exp")
    ? [name]
    : readdirSync(join(testsuite, name))
        .filter((file) => file.endsWith(".exp"))
        .sort()
        .filter((_, i) => i % every === from)
        .map((file) => `${name}/${file}`),
);
const isReverse = files.every((file) => file.startsWith("gdb.reverse/"));

mkdirSync(join(folder, "boards"), { recursive: true });
const places = {
  NODE: process.execPath,
  TRAPGATE: join(top, "bin", "trapgate.js"),
  MODE: isReverse ? "--stay" : "--real-time",
  FOLDER: folder,
  TESTSUITE: testsuite,
};
/** A process in a namespace of its own knows no number of a process of the host. */
const apart = ["--pid", "--fork", "--mount-proc", "--kill-child"];
const canBeApart = spawnSync("unshare", [...apart, "true"]).status === 0;
writeFileSync(join(folder, "gdbserver"), template("gdbserver.sh", places), { mode: 0o755 });
writeFileSync(join(folder, "record.py"), template("record.py", places));
writeFileSync(join(folder, "boards", "trapgate.exp"), template(isReverse ? "reverse.exp" : "trapgate.exp", places));
writeFileSync(join(folder, "boards", "beside.exp"), template("beside.exp", places));
writeFileSync(join(folder, "site.exp"), template("site.exp", places));

interface Counts {
  passed: number;
  failed: number;
  /** The time of the file was up. */
  isCut?: boolean;
}
/** Counts of one file on a board. */
const result = (target: string | undefined, file: string): Counts => {
  const at = join(folder, target ?? "native");
  rmSync(at, { recursive: true, force: true });
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, "site.exp"), template("site.exp", places));
  const args = ["--tool", "gdb", "--srcdir", testsuite, ...(target ? [`--target_board=${target}`] : []), file];
  const words = ["timeout", "--kill-after=5", `${limit}`, "runtest", ...args];
  const [command = "", ...rest] = canBeApart ? ["unshare", ...apart, ...words] : words;
  const { status } = spawnSync(command, rest, {
    cwd: at,
    stdio: "ignore",
    env: { ...process.env, DEJAGNU: join(folder, "site.exp") },
  });
  const summary = join(at, "gdb.sum");
  const text = existsSync(summary) ? readFileSync(summary, "utf8") : "";
  const counts: Counts = { passed: 0, failed: 0, ...(status === 124 || status === 137 ? { isCut: true } : {}) };
  for (const [, verdict] of text.matchAll(/^(PASS|FAIL|UNRESOLVED): /gm)) counts[verdict === "PASS" ? "passed" : "failed"]++;
  const logs = join(folder, "logs", target ?? "native");
  mkdirSync(logs, { recursive: true });
  if (existsSync(join(at, "gdb.log"))) renameSync(join(at, "gdb.log"), join(logs, `${file.replace("/", ".")}.log`));
  return counts;
};

/** The other side does not change: its results are kept between runs. */
const keptIn = join(folder, "beside.json");
const kept = new Map<string, Counts>(existsSync(keptIn) ? JSON.parse(readFileSync(keptIn, "utf8")) : []);
const other = isReverse ? undefined : "beside";
const besideOf = (file: string): Counts => {
  const name = `${other ?? "record full"} ${file}`;
  const known = kept.get(name);
  if (known) return known;
  const counts = result(other, file);
  kept.set(name, counts);
  writeFileSync(keptIn, JSON.stringify([...kept]));
  return counts;
};

const beside = isReverse ? "record full" : "gdbserver";
const countText = ({ passed, failed, isCut }: Counts): string => `${passed}/${failed}${isCut ? "+" : ""}`;
console.log(`${"file".padEnd(50)} ${beside.padStart(16)}   trapgate debug   (passed/failed; +: the time was up)`);
let [all, mine, shared] = [0, 0, 0];
const begun = Date.now();
let skipped = 0;
for (const file of files) {
  if (Date.now() - begun > total * 1000) {
    skipped++;
    continue;
  }
  const theirs = besideOf(file);
  // The guest's numbers of processes are numbers of other processes on the host. The board keeps kills of the
  // target, and the namespace has no process of the host.
  const [, where] = /remote_exec (\w+) "kill [^"]*\$(?!\{?gdb_pid)/.exec(readFileSync(join(testsuite, file), "utf8")) ?? [];
  const kills = where !== undefined && !(canBeApart && where === "target");
  const own = kills ? { passed: 0, failed: 0 } : result("trapgate", file);
  all += theirs.passed;
  mine += own.passed;
  shared += Math.min(theirs.passed, own.passed);
  const mark = kills ? "  not run: it kills processes of the host by their numbers" : own.passed < theirs.passed ? "  fewer" : "";
  console.log(`${file.padEnd(50)} ${countText(theirs).padStart(16)} ${countText(own).padStart(16)}${mark}`);
}
const part = all === 0 ? "" : `, ${((100 * shared) / all).toFixed(1)} % of what passes there, by file`;
console.log(
  `passed: ${beside} ${all}, trapgate debug ${mine}${part}${skipped > 0 ? `; not tried, the time was up: ${skipped} files` : ""}`,
);
