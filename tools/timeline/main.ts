// `npm run anywhere -- [NAME…]`: every guest of the repository and six programs of Debian, at random moments,
// with random steps forward and back, under each engine: is each state that of a straight run?
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { hostTree } from "trapgate/node";
import { type Engine, engines } from "../../src/cpu/engine.ts";
import { frozenTree } from "../../src/machine/snapshot/exact/frozen-tree.ts";
import { Problem } from "../../src/problem.ts";
import { guestFile, guestNames } from "../campaign/guests.ts";
import { goAnywhere, type Subject } from "./anywhere.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: "boolean", short: "h" },
    moments: { type: "string", default: "20" },
    steps: { type: "string", default: "50" },
    engine: { type: "string", multiple: true },
    minutes: { type: "string", default: "120" },
    seed: { type: "string", default: "1" },
    slice: { type: "string" },
    seconds: { type: "string", default: "5" },
  },
});
if (values.help) {
  console.log(`usage: npm run anywhere -- [--moments 20] [--steps 50] [--engine NAME]… [--minutes 120] [--seed 1] [--slice 1/1]
  [--seconds 5] [NAME…]
  NAME   a part of the name of a guest (guest/bin, test/kernel/native) or of a Debian program: all by default
  --slice K/N  each Nth program, from the Kth on
  --seconds N  of a run, at most: moments come from them`);
  process.exit(0);
}
const top = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const folder = mkdtempSync(join(tmpdir(), "trapgate-anywhere-"));
const FLAGS = "-O1 -static -nostdlib -fno-pie -no-pie -fno-stack-protector -mgeneral-regs-only -fno-asynchronous-unwind-tables".split(" ");

/** A guest in C; undefined: it is not for this width. */
const compiled = (name: string, mode: string): Subject | undefined => {
  const program = join(folder, "guest");
  try {
    execFileSync("gcc", [mode, ...FLAGS, "-o", program, join(top, "test/kernel/native", `${name}.c`)], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  return { program: "/guest", boot: { files: { "/guest": { content: readFileSync(program), mode: 0o755 } } } };
};
const root = frozenTree(hostTree("/"));
const debian = (program: string, ...args: string[]): Subject => ({ program, boot: { root }, options: { args } });
const programs: readonly (readonly [name: string, make: () => Subject | undefined])[] = [
  ["debian sh", () => debian("/bin/sh", "-c", "i=0; while [ $i -lt 300 ]; do i=$((i+1)); done; echo $i | cat; kill -0 $$")],
  ["debian bash", () => debian("/bin/bash", "-c", "for i in 1 2 3; do echo $i; done | sort -r; (sleep 0.01; echo x) & wait")],
  [
    "debian python3",
    () =>
      debian(
        "/usr/bin/python3",
        "-c",
        "import threading as t; a=[t.Thread(target=print,args=(i,)) for i in range(3)]; [x.start() for x in a]; [x.join() for x in a]",
      ),
  ],
  ["debian perl", () => debian("/usr/bin/perl", "-e", "my %h; $h{$_ % 97} += $_ for 1..5000; print scalar(keys %h), qx(echo a)")],
  ["debian sort", () => debian("/usr/bin/sort", "-R", "/etc/passwd")],
  ["debian tar", () => debian("/usr/bin/tar", "cf", "/dev/null", "/etc/apt")],
];
const guests = guestNames().map((name) => [name, (): Subject => ({ program: guestFile(name), boot: {} })] as const);
const native = readdirSync(join(top, "test/kernel/native"))
  .filter((file) => file.endsWith(".c"))
  .flatMap((file) => ["-m64", "-m32"].map((mode) => [`${file.slice(0, -2)} ${mode}`, () => compiled(file.slice(0, -2), mode)] as const));
// A program has the same seed alone as among all.
const all = [...programs, ...guests, ...native]
  .map(([name, make], i) => [name, make, Number(values.seed) + i] as const)
  .filter(([name]) => positionals.length === 0 || positionals.some((part) => name.includes(part)));

const kindOf = (name: string): string => (name.startsWith("debian") ? "Debian" : name.includes(" -m") ? "in C" : "in assembly");
const [part = 1, parts = 1] = (values.slice ?? "1/1").split("/").map(Number);
const until = Date.now() + Number(values.minutes) * 60_000;
const effort = { moments: Number(values.moments), steps: Number(values.steps) };
const used = (values.engine ?? engines) as readonly Engine[];
/** Programs, moments, moments with a difference, refused programs and those that were not tried. */
const table = new Map<string, [programs: number, moments: number, wrong: number, refused: number, left: number]>();
const rowOf = (name: string, engine: Engine) => {
  const key = `${kindOf(name)} | ${engine}`;
  const row = table.get(key) ?? [0, 0, 0, 0, 0];
  table.set(key, row);
  return row;
};
for (const [i, [name, make, seed]] of all.entries()) {
  if (i % parts !== part - 1) continue;
  for (const engine of used) {
    const row = rowOf(name, engine);
    if (Date.now() > until) {
      row[4]++;
      continue;
    }
    if (name.startsWith("debian") && !existsSync((make()?.program as string) ?? "")) continue;
    const subject = make();
    if (!subject) continue;
    try {
      const wrong = await goAnywhere({ ...subject, boot: { ...subject.boot, engine } }, seed, effort, Number(values.seconds));
      row[0]++;
      row[1] += effort.moments;
      row[2] += wrong.length;
      for (const line of wrong) console.log(`${name} (${engine}): ${line}`);
    } catch (problem) {
      if (!(problem instanceof Problem)) console.log(`${name} (${engine}): ${problem instanceof Error ? problem.stack : problem}`);
      else console.log(`${name} (${engine}): ${problem.message}`);
      if (problem instanceof Problem) row[3]++;
      else row[2]++;
    }
  }
}
rmSync(folder, { recursive: true });
console.log(`${effort.moments} moments, ${effort.steps} steps from each
guests | engine | programs | moments | differences | no timeline | not tried`);
for (const [key, row] of table) console.log(`${key} | ${row.join(" | ")}`);
process.exitCode = [...table.values()].every(([, , wrong]) => wrong === 0) ? 0 : 1;
