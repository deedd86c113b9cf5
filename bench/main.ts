// `npm run bench [-- [--quick] WORKLOAD…]`: the same programs natively, here and in qemu-user, in turn, so
// that a busy machine slows all of them alike. The figures are medians of five runs of about one second of
// native work. `--quick` does a tenth of that work, three times. "first" is a run without earlier runs. The
// others find the code that two earlier runs compiled (--code-cache), as a user's runs do. Then come the
// interpreter without the JIT, and the cost of a start ("interpreter" and "hello" as WORKLOAD).
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compile, works } from "./compile.ts";
import { geometricMean, type Measured, measure, median, namesCertificates } from "./measure.ts";
import { type Bits, type Workload, workloads } from "./workloads.ts";

const bench = dirname(fileURLToPath(import.meta.url));
const top = dirname(bench);
const cache = join(top, ".cache");

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

const busyboxOf = (bits: Bits): string | undefined => {
  const workload = workloads.find(({ name }) => name.startsWith("busybox"));
  const command = workload && locate(workload, bits);
  return command && join(command.root ?? "", command.program);
};

/** Files that workloads read, put where every peer finds them: in /tmp, and in /tmp of a root. */
const scratch = mkdtempSync(join(tmpdir(), "trapgate-bench-"));
const writeFiles = (): void => {
  writeFileSync(
    join(scratch, "mebibyte"),
    new Uint8Array(1 << 20).map((_, i) => (i * 2654435761) >>> 13),
  );
  for (const file of ["b.lua", "b.py"]) copyFileSync(join(bench, "src", file), join(scratch, file));
};

const commandLine = join(top, "bin", "trapgate.js");
const peers = (command: Command, bits: Bits, args: readonly string[]): Record<string, readonly [string, readonly string[]]> => {
  const here = args.map((a) => a.replace(/^\/tmp\//, `${scratch}/`));
  const onHost = join(command.root ?? "", command.program);
  const qemu = bits === 64 ? "qemu-x86_64" : "qemu-i386";
  const loader = bits === 64 ? "lib64/ld-linux-x86-64.so.2" : "lib/ld-linux.so.2";
  const dynamic = command.root !== undefined && existsSync(join(command.root, loader));
  // A whole run of before would be no measurement.
  const trapgate = [commandLine, "run", "--stats", "--no-start-cache", "--mount", `${scratch}:${scratch}`];
  const program = dynamic ? ["--root", command.root as string, command.program, ...here] : [onHost, ...here];
  // Natively a root is entered by its own loader: no privilege needed.
  const native: [string, ...string[]] = dynamic
    ? [join(command.root as string, loader), "--library-path", libraries(command.root as string, bits), onHost, ...here]
    : [onHost, ...here];
  return {
    native: [native[0], native.slice(1)],
    first: [process.execPath, [...trapgate, "--code-cache", "off", ...program]],
    trapgate: [process.execPath, [...trapgate, "--code-cache", join(scratch, "code"), ...program]],
    ...(works(qemu, "--version") ? { qemu: [qemu, native] as const } : {}),
  };
};
const libraries = (root: string, bits: Bits): string => {
  const triplet = bits === 64 ? "x86_64-linux-gnu" : "i386-linux-gnu";
  return [`lib/${triplet}`, `usr/lib/${triplet}`].map((d) => join(root, d)).join(":");
};

const { values: options, positionals: wanted } = parseArgs({ options: { quick: { type: "boolean" } }, allowPositionals: true });
const runs = options.quick ? 3 : 5;
/** Runs before the measured ones. The second one compiles code for which the first was too short. */
const earlierRuns = 2;
/** A start is short, so other load disturbs it more. */
const startRuns = 31;

const rate = (n: number): string => (n >= 1e6 ? `${(n / 1e6).toFixed(1)} M/s` : `${(n / 1e3).toFixed(0)} k/s`);
const cells = (...texts: string[]): string => texts.map((t, i) => (i === 0 ? t.padEnd(30) : t.padStart(11))).join("");
const heads = ["first cpu", "cpu", "wall", "qemu cpu", "wall", "instr.", "calls", "resident"];

/** Slowdowns by processor time, for the summary. */
interface Slowdown {
  readonly first: number;
  readonly trapgate: number;
  readonly qemu: number | undefined;
}

const row = (workload: Workload, bits: Bits): Slowdown | undefined => {
  const command = locate(workload, bits);
  if (!command) return undefined;
  const candidates = peers(command, bits, workload.args(options.quick ? workload.tenth : workload.size));
  const results = new Map<string, Measured[]>(Object.keys(candidates).map((name) => [name, []]));
  const [ours, given] = candidates["trapgate"] as (typeof candidates)[string];
  for (let i = 0; i < earlierRuns; i++) measure(ours, given);
  for (let i = 0; i < runs; i++)
    for (const [name, [program, args]] of Object.entries(candidates)) results.get(name)?.push(measure(program, args));
  const of = (name: string, what: (m: Measured) => number): number => median((results.get(name) ?? []).map(what));
  const [native] = results.get("native") as [Measured];
  const times = (name: string, what: "cpu" | "wall"): number => of(name, (m) => m[what]) / of("native", (m) => m[what]);
  /** A run with other output has not done the work. */
  const right = (name: string): boolean => results.get(name)?.every((m) => m.stdout === native.stdout) ?? false;
  /** A run with another exit status has refused the work: qemu-user refuses seccomp. */
  const refused = (name: string): boolean => results.get(name)?.every((m) => m.status !== native.status) ?? false;
  const pair = (name: string): [string, string] => {
    if (!results.has(name)) return ["", ""];
    if (refused(name)) return ["refused", "refused"];
    if (!right(name)) return ["WRONG", "WRONG"];
    return [`${times(name, "cpu").toFixed(2)}x`, `${times(name, "wall").toFixed(2)}x`];
  };
  const perSecond = (stat: string): string => rate(of("trapgate", (m) => m.stat(stat) / m.wall));
  console.log(
    cells(
      `${workload.name} (${bits})`,
      `${of("native", (m) => m.cpu).toFixed(2)} s`,
      pair("first")[0],
      ...pair("trapgate"),
      ...pair("qemu"),
      perSecond("instructions"),
      workload.per === "syscalls" ? perSecond("syscalls") : "",
      `${(of("trapgate", (m) => m.stat("kilobytes resident")) / 1024).toFixed(0)} MiB`,
    ),
  );
  return right("trapgate") && right("first")
    ? { first: times("first", "cpu"), trapgate: times("trapgate", "cpu"), qemu: right("qemu") ? times("qemu", "cpu") : undefined }
    : undefined;
};

/** The measure of computing: geometric means over the workloads that only compute. */
const summarise = (bits: Bits, slowdowns: readonly Slowdown[]): void => {
  if (slowdowns.length < 2) return;
  const ours = geometricMean(slowdowns.map((s) => s.trapgate));
  const first = geometricMean(slowdowns.map((s) => s.first));
  const both = slowdowns.filter((s): s is Slowdown & { qemu: number } => s.qemu !== undefined);
  const beside = both.length > 0 ? `, ${geometricMean(both.map((s) => s.trapgate / s.qemu)).toFixed(2)} times qemu's` : "";
  console.log(
    `computing (${bits}), geometric mean of ${slowdowns.length}: ${ours.toFixed(2)} times native's processor time${beside}; ${first.toFixed(2)} the first time`,
  );
};

/** The cost of a start: hello compared with an empty program of Node.js. */
const start = (what: string, bits: Bits, program: string, ...args: string[]): void => {
  for (const certificates of namesCertificates ? [false, true] : [false]) startIn({ certificates }, what, bits, program, ...args);
};
const startIn = (where: { certificates: boolean }, what: string, bits: Bits, program: string, ...args: string[]): void => {
  const ours: Measured[] = [];
  const nodes: Measured[] = [];
  for (let i = 0; i < startRuns; i++) {
    ours.push(measure(process.execPath, [commandLine, "run", "--", program, ...args], where));
    nodes.push(measure(process.execPath, ["-e", "0"], where));
  }
  const ratio = (of: "cpu" | "wall"): string => `${(median(ours.map((m) => m[of])) / median(nodes.map((m) => m[of]))).toFixed(2)} (${of})`;
  const resident =
    measure(process.execPath, [commandLine, "run", "--stats", "--", program, ...args], where).stat("kilobytes resident") / 1024;
  const how = where.certificates ? ", with what NODE_EXTRA_CA_CERTS names" : "";
  console.log(`start of ${what} (${bits}): ${ratio("cpu")}, ${ratio("wall")} times node -e 0${how}; ${resident.toFixed(0)} MiB resident`);
};
const starts = (bits: Bits): void => {
  const program = compile("hello", bits);
  if (program) start("hello", bits, program);
  const busybox = busyboxOf(bits);
  if (busybox) start("busybox true", bits, busybox, "true");
};

/**
 * The speed of the interpreter without the JIT in instructions per second of processor time, including its
 * start and V8's compilation beside it.
 */
const interpreter = (bits: Bits): void => {
  const busybox = busyboxOf(bits);
  if (!busybox) return;
  const files = Array.from({ length: options.quick ? 2 : 10 }, () => join(scratch, "mebibyte"));
  const command = [commandLine, "run", "--stats", "--engine", "interpret", "--mount", `${scratch}:${scratch}`];
  const rates = Array.from({ length: runs }, () => {
    const m = measure(process.execPath, [...command, busybox, "sha256sum", ...files]);
    return m.stat("instructions") / m.cpu;
  });
  console.log(`interpreter alone, busybox sha256sum (${bits}): ${rate(median(rates))}`);
};

writeFiles();
try {
  console.log(cells("workload (bits)", "native cpu", ...heads));
  for (const bits of [64, 32] as const) {
    const computing: Slowdown[] = [];
    for (const workload of workloads) {
      if (wanted.length > 0 && !wanted.some((w) => workload.name.includes(w))) continue;
      const slowdown = row(workload, bits);
      if (slowdown && workload.computes) computing.push(slowdown);
    }
    summarise(bits, computing);
    if (wanted.length === 0 || wanted.includes("interpreter")) interpreter(bits);
    if (wanted.length === 0 || wanted.includes("hello")) starts(bits);
  }
} finally {
  rmSync(scratch, { recursive: true });
}
