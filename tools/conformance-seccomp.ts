// `npm run conformance:seccomp [-t NAME]`: the kernel's own test of seccomp,
// tools/testing/selftests/seccomp/seccomp_bpf.c of Debian's linux-source-6.12. It is built static and
// dynamic, for 64 and 32 bits, and run by the native kernel and inside. Arguments go to the test. It needs
// the packages of `npm run setup`; the project contains nothing of the source.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("..", import.meta.url));
const debian = join(top, ".cache", "debian");
const selftests = join(debian, "linux-source", "tools", "testing", "selftests");
const source = join(selftests, "seccomp", "seccomp_bpf.c");

interface Build {
  readonly name: string;
  readonly bits: 64 | 32;
  readonly dynamic: boolean;
}
const builds: readonly Build[] = [64, 32].flatMap((bits) =>
  [false, true].map((dynamic) => ({
    name: `${bits === 64 ? "x86-64" : "i386"} ${dynamic ? "dynamic" : "static"}`,
    bits: bits as 64 | 32,
    dynamic,
  })),
);

interface Outcome {
  readonly pass: number;
  readonly skip: number;
  readonly fail: readonly string[];
  /** Neither passed nor failed: the program ended too early, or could not be run. */
  readonly problem?: string;
}

const library = (bits: 64 | 32): string => {
  const [set, triple] = bits === 64 ? ["libcap-amd64", "x86_64-linux-gnu"] : ["libcap-i386", "i386-linux-gnu"];
  return join(debian, set as string, "usr", "lib", triple as string, "libcap.a");
};
const missing = [source, library(64), library(32)].filter((path) => !existsSync(path));

const compile = ({ bits, dynamic }: Build, include: string, to: string): string | undefined => {
  const args = [`-m${bits}`, "-O2", "-w", ...(dynamic ? [] : ["-static"]), `-I${include}`, "-o", to, source, library(bits), "-lpthread"];
  const { status, stderr, error } = spawnSync("gcc", args, { encoding: "utf8" });
  return status === 0 ? undefined : (error?.message ?? stderr);
};

/**
 * The interpreter and the libraries, at the paths where the program looks for them; with them the one that
 * pthread_exit(3) loads.
 */
const copyLibraries = (program: string, { bits }: Build, root: string): void => {
  const { stdout } = spawnSync("ldd", [program], { encoding: "utf8" });
  const paths = Array.from(stdout.matchAll(/(\/\S+) \(0x/g), ([, path]) => path as string);
  const copy = (from: string, path: string): void => {
    const to = join(root, path);
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(from, to);
  };
  for (const path of paths) copy(path, path);
  const unwinder = spawnSync("gcc", [`-m${bits}`, "-print-file-name=libgcc_s.so.1"], { encoding: "utf8" }).stdout.trim();
  const libc = paths.find((path) => path.endsWith("/libc.so.6"));
  if (libc) copy(unwinder, join(dirname(libc), "libgcc_s.so.1"));
};

/** TAP, as kselftest_harness.h prints it. */
const read = (stdout: string): Outcome => {
  const lines = stdout.split("\n");
  const ok = lines.filter((line) => line.startsWith("ok "));
  const skip = ok.filter((line) => line.includes("# SKIP")).length;
  const fail = lines.flatMap((line) => /^not ok \d+ (\S+)/.exec(line)?.[1] ?? []);
  const planned = Number(/^1\.\.(\d+)$/m.exec(stdout)?.[1] ?? 0);
  const seen = ok.length + fail.length;
  return { pass: ok.length - skip, skip, fail, ...(planned === 0 || seen < planned ? { problem: `only ${seen} of ${planned} ran` } : {}) };
};

const LIMIT_MS = 300_000;
const run = (command: string, args: readonly string[]): Outcome => {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout: LIMIT_MS, maxBuffer: 1 << 26 });
  const outcome = read(stdout);
  return outcome.problem
    ? { ...outcome, problem: `${outcome.problem}; ${error?.message ?? stderr.trim().split("\n").at(-1) ?? ""}` }
    : outcome;
};

const text = ({ pass, skip, fail, problem }: Outcome): string =>
  [`${pass} pass`, `${fail.length} fail`, `${skip} skip`, ...(problem ? [`(${problem})`] : [])].join(", ");

const arguments_ = process.argv.slice(2);
const examine = (folder: string, include: string, what: Build): boolean => {
  const root = join(folder, what.name.replace(" ", "-"));
  const program = join(root, "seccomp_bpf");
  mkdirSync(join(root, "tmp"), { recursive: true });
  const failed = compile(what, include, program);
  if (failed !== undefined) {
    console.log(`${what.name}: cannot be built: ${failed}`);
    return false;
  }
  if (what.dynamic) copyLibraries(program, what, root);
  const inside = run(process.execPath, [join(top, "bin", "trapgate.js"), "run", "--root", root, "/seccomp_bpf", ...arguments_]);
  const outside = run(program, arguments_);
  console.log(`${what.name.padEnd(14)} inside: ${text(inside)}`);
  for (const name of inside.fail) console.log(`  not ok inside: ${name}`);
  console.log(`${" ".repeat(14)} native: ${text(outside)}`);
  for (const name of outside.fail) console.log(`  not ok native: ${name}`);
  return inside.fail.length === 0 && !inside.problem;
};

const main = (): boolean => {
  if (missing.length > 0) {
    console.log(`SKIPPED: the kernel's test of seccomp: needs ${missing.join(", ")} (npm run setup)`);
    return !process.env["CI"];
  }
  const folder = mkdtempSync(join(tmpdir(), "trapgate-seccomp-"));
  try {
    // Only libcap-dev's own header: the other headers must be the compiler's.
    const include = join(folder, "include");
    mkdirSync(join(include, "sys"), { recursive: true });
    copyFileSync(join(debian, "libcap-amd64", "usr", "include", "sys", "capability.h"), join(include, "sys", "capability.h"));
    return builds.map((what) => examine(folder, include, what)).every(Boolean);
  } finally {
    rmSync(folder, { recursive: true });
  }
};
process.exitCode = main() ? 0 : 1;
