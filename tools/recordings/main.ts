// `npm run recordings -- [--count 100] [--node 22,24] [--seed 1]`: makes recordings of terminal, network,
// writable, threaded and plain runs, with the trace of each run as it happened. Another version of Node.js
// then replays each in a fresh process, in an empty root directory, where no file of the host is. Output,
// exit status and trace must be equal. The npm package "node" carries the binaries.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Random } from "../oracle/random.ts";
import { kinds } from "./kinds.ts";

const { values } = parseArgs({
  options: {
    help: { type: "boolean", short: "h" },
    count: { type: "string", default: "100" },
    node: { type: "string", default: "22,24" },
    seed: { type: "string", default: "1" },
    kind: { type: "string", multiple: true },
    minutes: { type: "string", default: "30" },
  },
});
if (values.help) {
  console.log("usage: npm run recordings -- [--count 100] [--node 22,24] [--seed 1] [--kind NAME]… [--minutes 30]");
  process.exit(0);
}
const top = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const folder = mkdtempSync(join(tmpdir(), "trapgate-recordings-"));
const cli = join(top, "bin", "trapgate.js");

/** The binary of a version of Node.js. */
const nodeOf = (version: string): string =>
  execFileSync("npx", ["--yes", `node@${version}`, "--print", "process.execPath"], { encoding: "utf8" })
    .trim()
    .split("\n")
    .at(-1) as string;
/** A root directory with a Node.js, the libraries that it needs, and the package: nothing else. */
const rootOf = (version: string): string => {
  const root = join(folder, `root${version}`);
  const node = nodeOf(version);
  const put = (from: string, to: string): void => {
    mkdirSync(join(root, dirname(to)), { recursive: true });
    cpSync(from, join(root, to), { dereference: true, recursive: true });
  };
  put(node, "/node");
  for (const [, library] of execFileSync("ldd", [node], { encoding: "utf8" }).matchAll(/(\/[^\s:]*\.so[^\s:]*)/g))
    put(library as string, library as string);
  for (const part of ["bin", "package.json", "dist/bundle"]) put(join(top, part), `/package/${part}`);
  return root;
};
const inRoot = (root: string, args: readonly string[]) => {
  const command = ["chroot", root, "/node", "/package/bin/trapgate.js", ...args];
  const words = process.getuid?.() === 0 ? command : ["unshare", "--map-root-user", ...command];
  return spawnSync(words[0] as string, words.slice(1), {
    env: { PATH: "/usr/sbin:/usr/bin" },
    encoding: "utf8",
    timeout: 120_000,
    maxBuffer: 2 ** 28,
  });
};

const roots = values.node.split(",").map((version) => [version, rootOf(version)] as const);
for (const [version, root] of roots) {
  const { stdout, stderr } = inRoot(root, ["--version"]);
  console.log(`Node.js ${version} in an empty root: trapgate ${(stdout || stderr).trim()}`);
}
const chosen = values.kind ?? Object.keys(kinds);
const until = Date.now() + Number(values.minutes) * 60_000;
/** Recordings, calls in their traces, bytes, and those that differ, by kind. */
const table = new Map(chosen.map((kind) => [kind, { made: 0, calls: 0, bytes: 0, differ: 0 }]));
for (let n = 0; n < Number(values.count) && Date.now() < until; n++) {
  const kind = chosen[n % chosen.length] as string;
  const row = table.get(kind) as { made: number; calls: number; bytes: number; differ: number };
  const own = join(folder, "run");
  mkdirSync(own);
  const [file, trace] = [join(folder, "run.rec"), join(own, "trace")];
  const recorder = [cli, "trace", "-f", "-o", trace, "--record-on-failure", file];
  await kinds[kind]?.(recorder, own, new Random(Number(values.seed) + n));
  const before = existsSync(trace) ? readFileSync(trace, "latin1") : "";
  rmSync(own, { recursive: true });
  row.made++;
  row.calls += before.split("\n").length - 1;
  row.bytes += existsSync(file) ? statSync(file).size : 0;
  let isEqual = before !== "" && existsSync(file);
  for (const [version, root] of roots) {
    if (!isEqual) break;
    cpSync(file, join(root, "run.rec"));
    const { status, stderr, error } = inRoot(root, ["trace", "-f", "-o", "/trace", "/run.rec"]);
    const after = existsSync(join(root, "trace")) ? readFileSync(join(root, "trace"), "latin1") : "";
    isEqual = !error && after === before && !/replay is another run|warning/.test(stderr);
    if (!isEqual)
      console.log(
        `${kind} ${n}, Node.js ${version}: status ${status}, ${stderr.trim().split("\n").at(-1)}; ${firstDifference(before, after)}`,
      );
    rmSync(join(root, "trace"), { force: true });
  }
  if (!isEqual) {
    row.differ++;
    if (existsSync(file)) cpSync(file, join(tmpdir(), `trapgate-${kind}-${n}.rec`));
  }
  rmSync(file, { force: true });
}
rmSync(folder, { recursive: true });
console.log("runs | recordings | calls | kilobytes | differ");
for (const [kind, { made, calls, bytes, differ }] of table)
  console.log(`${kind} | ${made} | ${calls} | ${Math.round(bytes / 1000)} | ${differ}`);
process.exitCode = [...table.values()].every(({ made, differ }) => made > 0 && differ === 0) ? 0 : 1;

/** The first lines that differ. */
function firstDifference(before: string, after: string): string {
  const [a, b] = [before.split("\n"), after.split("\n")];
  const at = a.findIndex((line, i) => line !== b[i]);
  return at < 0 ? `${a.length} and ${b.length} lines` : `line ${at + 1}: ${a[at]?.slice(0, 150)} and ${b[at]?.slice(0, 150)}`;
}
