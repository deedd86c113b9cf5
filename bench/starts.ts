// `npm run bench:starts [-- --node NODE] [NAME…]`: processor time of starts of ordinary programs: natively,
// the first run with a code cache of its own, the second, the median of the further ones, those of runs that
// are not kept but find compiled code, and under QEMU. Then runs of the library in one process, which keeps
// code in memory. The machine must have no other work.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Machine } from "../src/index.ts";
import { hostTree } from "../src/node.ts";
import { geometricMean, type Measured, measure, median } from "./measure.ts";

const top = fileURLToPath(new URL("..", import.meta.url));
const programs: Readonly<Record<string, readonly [program: string, ...args: string[]]>> = {
  hello: [join(top, "guest/bin/hello-syscall")],
  true: ["/bin/true"],
  ls: ["/bin/ls", "/usr/bin"],
  sh: ["/bin/sh", "-c", "for i in 1 2 3; do echo $i; done | wc -l"],
  bash: ["/bin/bash", "-c", "echo hi | tr a-z A-Z"],
  perl: ["/usr/bin/perl", "-MPOSIX", "-e", "print floor(2.5)"],
  python3: ["/usr/bin/python3", "-c", "print(1)"],
  json: ["/usr/bin/python3", "-c", 'import json, re, subprocess; print(json.dumps({"a": 1}))'],
  ruby: ["/usr/bin/ruby", "-e", "puts 1"],
  git: ["/usr/bin/git", "--version"],
  sqlite3: ["/usr/bin/sqlite3", ":memory:", "select 1"],
  node: ["/usr/bin/node", "-e", "console.log(1)"],
  php: ["/usr/bin/php", "-r", "echo 1;"],
  openssl: ["/usr/bin/openssl", "version"],
  curl: ["/usr/bin/curl", "--version"],
};
const RUNS = 5;
const qemu = "/usr/bin/qemu-x86_64";

const { values, positionals } = parseArgs({ options: { node: { type: "string", default: process.execPath } }, allowPositionals: true });
const chosen = Object.entries(programs).filter(([name]) => positionals.length === 0 || positionals.includes(name));
const unknown = positionals.filter((name) => !(name in programs));
if (unknown.length > 0) throw new Error(`no such program: ${unknown.join(", ")}; there are ${Object.keys(programs).join(", ")}`);

const times = (count: number, run: () => Measured): Measured[] => Array.from({ length: count }, run);
const used = (runs: readonly Measured[]): number => median(runs.map(({ cpu }) => cpu));
const text = (seconds: number): string => seconds.toFixed(3).padStart(8);
const cache = mkdtempSync(join(tmpdir(), "trapgate-starts-"));
const ratios: number[] = [];
const alone = used(times(RUNS, () => measure(values.node, ["-e", "0"])));
console.log(
  `${values.node} -e 0: ${alone.toFixed(3)} s\n${"program".padEnd(9)}  native   first  second further  not kept    qemu  second / (qemu + node -e 0)`,
);
for (const [name, [program, ...args]] of chosen) {
  if (!existsSync(program)) {
    console.log(`${name.padEnd(9)} is not installed`);
    continue;
  }
  const options = ["--root", "/", "--memory", "1G", "--code-cache", cache, "-e", "HOME=/root", "-e", "PATH=/usr/bin:/bin"];
  const command = [join(top, "bin/trapgate.js"), "run", ...options, "--", program, ...args];
  const native = times(RUNS, () => measure(program, args));
  const [first, second, ...further] = times(RUNS, () => measure(values.node, command)) as [Measured, Measured, ...Measured[]];
  if ([first, second, ...further].some(({ stdout, status }) => stdout !== native[0]!.stdout || status !== native[0]!.status))
    throw new Error(`${name} differs from its native run`);
  const words = [command[0] as string, "run", "--no-start-cache", ...command.slice(2)];
  const ran = used(times(3, () => measure(values.node, words)));
  const emulated = existsSync(qemu) ? used(times(3, () => measure(qemu, [program, ...args]))) : Number.NaN;
  const ratio = second.cpu / (emulated + alone);
  ratios.push(ratio);
  console.log(
    `${name.padEnd(9)}${[used(native), first.cpu, second.cpu, used(further), ran, emulated].map(text).join("")}${ratio.toFixed(2).padStart(8)}`,
  );
}
console.log(`geometric mean of ${ratios.length}: ${geometricMean(ratios).toFixed(2)}`);
rmSync(cache, { recursive: true });

const root = hostTree("/");
for (const [name, count] of [
  ["hello", 20],
  ["python3", 10],
] as const) {
  const [program, ...args] = programs[name]!;
  if (!chosen.some(([other]) => other === name) || !existsSync(program)) continue;
  const seconds: number[] = [];
  for (let run = 0; run < count; run++) {
    const before = process.cpuUsage();
    const { status } = await Machine.run(program, { root, args, memory: "1G" });
    if (!("exit" in status) || status.exit !== 0) throw new Error(`${name} ended with ${JSON.stringify(status)}`);
    const { user, system } = process.cpuUsage(before);
    seconds.push((user + system) / 1e6);
  }
  console.log(
    `Machine.run of ${name}: first ${seconds[0]!.toFixed(3)} s, second ${seconds[1]!.toFixed(3)}, median of the second half ${median(seconds.slice(count / 2)).toFixed(4)}`,
  );
}
