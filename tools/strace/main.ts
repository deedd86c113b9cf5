// `npm run conformance:strace -- [NAME] [--options TEXT] [--all]`: traces of Debian's programs beside those
// of strace(1) on this kernel.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { nodeTree } from "../../src/host/node-tree.ts";
import { Machine } from "../../src/machine/machine.ts";
import { differences } from "./compare.ts";
import { files, programs } from "./programs.ts";

const PATH = "/usr/bin:/bin:/usr/sbin:/sbin";
const env = { PATH, LC_ALL: "C", HOME: "/" };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: "boolean", short: "h" }, lines: { type: "string" } },
});
if (values.help) {
  console.log("usage: npm run conformance:strace -- [NAME…] [--lines N]\nN differing lines of each program are shown (default 5).");
  process.exit(0);
}
const shown = Number(values.lines ?? 5);

/**
 * A fresh folder with `files` in tmpfs, which lists the newest name first: it is read in the order of names,
 * as inside.
 */
const inFolder = async <T>(work: (folder: string) => T | Promise<T>): Promise<T> => {
  const folder = mkdtempSync("/dev/shm/strace-");
  try {
    for (const [name, content] of Object.entries(files).sort().reverse()) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Trace lines of the native kernel. The streams are pipes, as they are inside. */
const native = (program: string, args: readonly string[], folder: string): string[] => {
  const out = `${folder}.native`;
  const command = `true | { "$@" 2>&3 3>&- | cat >/dev/null; } 3>&1 | cat >/dev/null`;
  execFileSync("sh", ["-c", command, "sh", "strace", "-o", out, "-E", `PWD=${folder}`, "-E", "OLDPWD", "-E", "_", program, ...args], {
    cwd: folder,
    env,
  });
  const lines = readFileSync(out, "utf8").trimEnd().split("\n");
  rmSync(out);
  return lines;
};

const inside = async (program: string, args: readonly string[], folder: string): Promise<readonly string[]> => {
  const { trace } = await Machine.run(program, {
    root: nodeTree("/", { writable: false }),
    args,
    env: { ...env, PWD: folder },
    cwd: folder,
    mounts: [{ tree: nodeTree(folder, { writable: false }), at: folder, mode: "cow" }],
    timeout: 120,
    trace: { column: 40 },
    memory: 2 ** 30,
    cpus: cpus().length,
  });
  return trace;
};

const wanted = positionals.length === 0 ? programs : programs.filter(([name]) => positionals.includes(name as string));
let total = 0;
let differing = 0;
for (const [name, ...args] of wanted) {
  const program = execFileSync("sh", ["-c", `command -v ${name}`], { env, encoding: "utf8" }).trim();
  // The same folder for both: nothing is changed inside.
  const { expected, found } = await inFolder(async (folder) => {
    const real = realpathSync(folder);
    const found = await inside(program, args, real);
    return { expected: native(program, args, real), found };
  });
  const wrong = differences(expected, found);
  const lines = wrong.filter((d) => d.native !== undefined).length;
  total += expected.length;
  differing += wrong.length;
  console.log(`${[name, ...args].join(" ").slice(0, 60)}: ${expected.length} lines, ${wrong.length} differ (${lines} native)`);
  for (const d of wrong.slice(0, shown)) {
    if (d.native !== undefined) console.log(`  - ${d.native}`);
    if (d.inside !== undefined) console.log(`  + ${d.inside}`);
  }
}
console.log(
  `strace: ${total} lines of ${wanted.length} programs, ${differing} differ (${((100 * differing) / Math.max(1, total)).toFixed(2)} %)`,
);
process.exitCode = differing <= total / 100 ? 0 : 1;
