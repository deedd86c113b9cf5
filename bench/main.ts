// `npm run bench [-- WORKLOAD…]`: guest instructions and system calls a second, with native and qemu-user beside us.
// Medians of three runs, in turn, so that a busy machine slows all of them alike.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { type Bits, type Workload, workloads } from "./workloads.ts";

const bench = dirname(fileURLToPath(import.meta.url));
const top = dirname(bench);
const cache = join(top, ".cache");
const RUNS = 3;

const works = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: "ignore" }).status === 0;

/** Compile a program of bench/src for a width; undefined where the compiler cannot. */
const compile = (program: string, bits: Bits): string | undefined => {
  const folder = join(cache, "bench", String(bits));
  const file = join(folder, program);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  const width = bits === 32 ? ["-m32", "-msse2", "-mfpmath=387"] : [];
  const built = works("gcc", ...width, "-O2", "-static", "-no-pie", "-pthread", "-o", file, join(bench, "src", `${program}.c`), "-lm");
  return built ? file : undefined;
};

interface Command {
  readonly program: string;
  /** A folder that is the program's root; absent: it needs none. */
  readonly root?: string;
}
const locate = (workload: Workload, bits: Bits): Command | undefined => {
  if (workload.program) {
    const program = compile(workload.program, bits);
    return program === undefined ? undefined : { program };
  }
  const packaged = workload.packaged?.[bits];
  const root = packaged && join(cache, "debian", packaged.set);
  return root && existsSync(join(root, packaged.command)) ? { program: packaged.command, root } : undefined;
};

interface Measured {
  readonly seconds: number;
  readonly stdout: string;
  readonly instructions: number;
  readonly syscalls: number;
}
const measure = (command: string, args: readonly string[]): Measured => {
  const from = performance.now();
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  const seconds = (performance.now() - from) / 1000;
  const stat = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(stderr)?.[1] ?? Number.NaN);
  return { seconds, stdout, instructions: stat("instructions"), syscalls: stat("syscalls") };
};
const median = (list: readonly Measured[]): Measured => list.toSorted((a, b) => a.seconds - b.seconds)[list.length >> 1] as Measured;

/** Files that workloads read, put where every peer finds them: in /tmp, and in /tmp of a root. */
const scratch = mkdtempSync(join(tmpdir(), "trapgate-bench-"));
const files = (): string[] => {
  writeFileSync(
    join(scratch, "ten-mebibytes"),
    new Uint8Array(10 << 20).map((_, i) => (i * 2654435761) >>> 13),
  );
  for (const file of ["b.lua", "b.py"]) copyFileSync(join(bench, "src", file), join(scratch, file));
  return ["ten-mebibytes", "b.lua", "b.py"];
};

const peers = (command: Command, bits: Bits, args: readonly string[]): Record<string, readonly [string, readonly string[]]> => {
  const here = args.map((a) => a.replace(/^\/tmp\//, `${scratch}/`));
  const onHost = join(command.root ?? "", command.program);
  const trapgate = [join(top, "bin", "trapgate.js"), "run", "--stats", "--mount", `${scratch}:${scratch}`];
  const qemu = bits === 64 ? "qemu-x86_64" : "qemu-i386";
  const loader = bits === 64 ? "lib64/ld-linux-x86-64.so.2" : "lib/ld-linux.so.2";
  const dynamic = command.root !== undefined && existsSync(join(command.root, loader));
  // Natively a root is entered by its own loader: no privilege needed.
  const native: [string, string[]] = dynamic
    ? [join(command.root as string, loader), ["--library-path", libraries(command.root as string, bits), onHost, ...here]]
    : [onHost, here];
  return {
    native,
    trapgate: [
      process.execPath,
      dynamic ? [...trapgate, "--root", command.root as string, command.program, ...here] : [...trapgate, onHost, ...here],
    ],
    ...(works(qemu, "--version") ? { qemu: [qemu, [...(dynamic ? ["-L", command.root as string] : []), onHost, ...here]] as const } : {}),
  };
};
const libraries = (root: string, bits: Bits): string => {
  const triplet = bits === 64 ? "x86_64-linux-gnu" : "i386-linux-gnu";
  return [`lib/${triplet}`, `usr/lib/${triplet}`].map((d) => join(root, d)).join(":");
};

const rate = (n: number): string => (n >= 1e6 ? `${(n / 1e6).toFixed(1)} M/s` : `${(n / 1e3).toFixed(0)} k/s`);
const cells = (...texts: string[]): string => texts.map((t, i) => (i === 0 ? t.padEnd(28) : t.padStart(14))).join("");

const row = (workload: Workload, bits: Bits): void => {
  const command = locate(workload, bits);
  if (!command) return;
  const candidates = peers(command, bits, workload.args);
  const results = new Map<string, Measured[]>(Object.keys(candidates).map((name) => [name, []]));
  for (let i = 0; i < RUNS; i++)
    for (const [name, [program, args]] of Object.entries(candidates)) results.get(name)?.push(measure(program, args));
  const native = median(results.get("native") ?? []);
  const ours = median(results.get("trapgate") ?? []);
  const times = (m: Measured): string => (m.stdout === native.stdout ? `${(m.seconds / native.seconds).toFixed(1)}x` : "WRONG");
  const qemu = results.get("qemu");
  console.log(
    cells(
      `${workload.name} (${bits})`,
      `${(native.seconds * 1000).toFixed(0)} ms`,
      `${(ours.seconds * 1000).toFixed(0)} ms`,
      times(ours),
      qemu ? times(median(qemu)) : "",
      rate(ours.instructions / ours.seconds),
      workload.per === "syscalls" ? rate(ours.syscalls / ours.seconds) : "",
    ),
  );
};

const wanted = process.argv.slice(2);
files();
try {
  console.log(cells("workload (bits)", "native", "trapgate", "slowdown", "qemu", "instructions", "system calls"));
  for (const bits of [64, 32] as const) {
    for (const workload of workloads) if (wanted.length === 0 || wanted.some((w) => workload.name.includes(w))) row(workload, bits);
  }
} finally {
  rmSync(scratch, { recursive: true });
}
