// `npm run conformance:qemu -- [NAME…]`: QEMU's own scripts for its gdb server against `trapgate debug`,
// beside QEMU itself. The sources come from Debian at run time. Their own makefile builds the programs and
// runs the scripts; a program named qemu says QEMU's option -g in words of trapgate. Nothing of QEMU is part
// of this repository.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { demand, sourcesOf, template } from "./sources.ts";

const top = fileURLToPath(new URL("../..", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: "boolean", short: "h" }, seconds: { type: "string", default: "90" } },
});
if (values.help) {
  console.log("usage: npm run conformance:qemu -- [--seconds N] [NAME…]\n  --seconds N   time of one script on one side (90)");
  process.exit(0);
}
/** Names of the architecture: QEMU's, and gcc's option. */
const architectures = [
  { name: "x86_64", option: "-m64" },
  { name: "i386", option: "-m32" },
] as const;
demand(
  "conformance:qemu",
  ["gdb", "gcc", "make", "python3", ...architectures.map(({ name }) => `qemu-${name}`)],
  "gdb, gcc-multilib, make, qemu-user",
);
const folder = join(top, ".cache", "qemu");
mkdirSync(join(folder, "bin"), { recursive: true });
const source = sourcesOf("qemu", folder, ["*/tests/tcg/*", "*/tests/guest-debug/*", "*/configs/targets/*"]);
const places = { NODE: process.execPath, TRAPGATE: join(top, "bin", "trapgate.js") };
const shim = join(folder, "bin", "qemu");
const gdb = join(folder, "bin", "gdb");
writeFileSync(shim, template("qemu.py", places), { mode: 0o755 });
writeFileSync(gdb, template("qemu-gdb.sh", places), { mode: 0o755 });

const rules = readFileSync(join(source, "tests", "tcg", "multiarch", "Makefile.target"), "utf8");
const scripts = [...rules.matchAll(/^run-gdbstub-([\w-]+):/gm)].map(([, name = ""]) => name);
const wanted = scripts.filter((name) => positionals.length === 0 || positionals.includes(name));

/** What a script has said on a side: its checks, or why it made none. */
const run = (script: string, { name, option }: (typeof architectures)[number], program: string, side: string): string => {
  const at = join(folder, name);
  mkdirSync(at, { recursive: true });
  const words = [
    ...["-f", join(source, "tests", "tcg", "Makefile.target"), "--no-print-directory"],
    ...[`SRC_PATH=${source}`, `TARGET=${name}-linux-user`, `TARGET_NAME=${name}`, "BUILD_STATIC=y"],
    ...[`CC=gcc ${option}`, `GDB=${gdb}`, `QEMU=${program}`, `TIMEOUT=${values.seconds}`],
    `run-gdbstub-${script}`,
  ];
  const { stdout, stderr, status } = spawnSync("make", words, { cwd: at, encoding: "utf8", timeout: (Number(values.seconds) + 60) * 1000 });
  const said = `${stdout}${stderr}`;
  const output = join(at, `run-gdbstub-${script}.out`);
  const log = said + readFileSync(output, "utf8");
  writeFileSync(join(folder, `${script}.${name}.${side}.log`), log);
  const passed = log.match(/^PASS: /gm)?.length ?? 0;
  const failed = log.match(/^FAIL: /gm)?.length ?? 0;
  if (/^SKIP: /m.test(log)) return "skipped";
  return `${status === 0 && failed === 0 && passed > 0 ? "passed" : "FAILED"} ${passed}/${failed}`;
};

console.log(`${"script".padEnd(30)} ${"QEMU".padStart(14)}   trapgate debug   (checks passed/failed)`);
let [all, mine] = [0, 0];
for (const architecture of architectures)
  for (const script of wanted) {
    const theirs = run(script, architecture, `qemu-${architecture.name}`, "qemu");
    const own = run(script, architecture, shim, "trapgate");
    all++;
    if (own.startsWith("passed")) mine++;
    console.log(`${`${script} ${architecture.name}`.padEnd(30)} ${theirs.padStart(14)} ${own.padStart(16)}`);
  }
console.log(`passed: ${mine} of ${all}`);
