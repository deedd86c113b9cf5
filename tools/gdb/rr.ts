// `npm run conformance:rr -- [NAME…]`: rr's own scripts for gdb against `trapgate record` and `debug`. The
// sources come from Debian at run time; a program named rr is made beside them, which says rr's commands in
// words of trapgate. Nothing of rr is part of this repository.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { demand, sourcesOf, template } from "./sources.ts";

const top = fileURLToPath(new URL("../..", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: "boolean", short: "h" },
    seconds: { type: "string", default: "60" },
    every: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    total: { type: "string", default: "7200" },
  },
});
if (values.help) {
  console.log(
    "usage: npm run conformance:rr -- [OPTION…] [NAME…]\n" +
      "  --seconds N   time of one script (60)\n" +
      "  --total N     no script begins after so many seconds (7200)\n" +
      "  --every N     each Nth script: a sample (1); --from K: from the Kth on (0)",
  );
  process.exit(0);
}
demand("conformance:rr", ["gdb", "gcc", "g++", "python3"], "gdb, g++, python3-pexpect");
const folder = join(top, ".cache", "rr");
mkdirSync(folder, { recursive: true });
const source = join(sourcesOf("rr", folder), "src");
const objects = join(folder, "objects");
const work = join(folder, "work");
for (const each of [join(objects, "bin"), join(objects, "generated"), work]) mkdirSync(each, { recursive: true });

const places = { NODE: process.execPath, TRAPGATE: join(top, "bin", "trapgate.js"), FOLDER: objects };
writeFileSync(join(objects, "bin", "rr"), template("rr.py", places), { mode: 0o755 });
writeFileSync(join(objects, "bin", "test-monitor"), template("test-monitor.sh", places), { mode: 0o755 });
writeFileSync(join(objects, "rr-gdb.py"), template("rr-gdb.py", places));
for (const name of ["X64", "X86", "Generic"]) {
  const made = join(objects, "generated", `SyscallEnumsForTests${name}.generated`);
  if (!existsSync(made)) spawnSync("python3", [join(source, "generate_syscalls.py"), made], { cwd: source });
}

/** Scripts that drive a debugger, by the file that runs each. */
const runs = ["test", "test/x86"].flatMap((at) =>
  readdirSync(join(source, at))
    .filter((file) => file.endsWith(".run") && /^\s*(debug|checkpoint_test)/m.test(readFileSync(join(source, at, file), "utf8")))
    .sort()
    .map((file) => join(source, at, file)),
);
/** Programs whose flags are others than those of the rest (rr's CMakeLists.txt). */
const bare = ["-O3", "-g2", "-static", "-nostdlib", "-nodefaultlibs"];
const FLAGS: ReadonlyMap<string, readonly string[]> = new Map([
  ["tick0", [...bare, "-DHAS_TICK0=1"]],
  ["tick0_less", bare],
  ["exit_fast", ["-static", "-nostartfiles", "-nodefaultlibs"]],
  ["watchpoint_unaligned2", ["-O3"]],
  ["rr_exec_stub", ["-static", "-nostartfiles", "-nodefaultlibs"]],
]);
/** Programs whose file has another name. */
const FILES: ReadonlyMap<string, string> = new Map([
  ["tick0_less", "test/tick0.c"],
  ["rr_exec_stub", "exec_stub.c"],
]);
const library = join(objects, "lib", "rr");
const compiled = (name: string, to: string, ...flags: readonly string[]): void => {
  const of =
    FILES.get(name) ??
    ["test", "test/x86"].flatMap((at) => [`${at}/${name}.c`, `${at}/${name}.cc`]).find((at) => existsSync(join(source, at)));
  if (existsSync(to) || !of) return;
  const includes = [join(objects, "generated"), join(source, "..", "include"), source, join(source, "preload")].map((path) => `-I${path}`);
  const more = existsSync(join(source, "test", "x86", `${name}_loop.S`)) ? [`test/x86/${name}_loop.S`] : [];
  const language = of.endsWith(".cc") ? ["g++"] : ["gcc", "-std=gnu11"];
  const [command = "", ...words] = [
    ...language,
    "-g3",
    "-O0",
    "-w",
    ...(FLAGS.get(name) ?? []),
    ...includes,
    "-o",
    to,
    of,
    ...more,
    ...flags,
  ];
  const { stderr, status } = spawnSync(command, words, { cwd: source, encoding: "utf8" });
  if (status !== 0) writeFileSync(`${to}.failed`, stderr);
};
/** Builds the programs that a script names. */
const build = (run: string): void => {
  mkdirSync(library, { recursive: true });
  compiled("test_lib", join(library, "libtest_lib.so"), "-shared", "-fPIC");
  const names = [basename(run, ".run"), ...(readFileSync(run, "utf8").match(/\b[a-z]\w+\b/g) ?? [])];
  const linked = ["-pthread", "-lrt", "-ldl", "-lm"];
  for (const name of new Set(names)) {
    const isLinked = ["constructor", "step_into_lib"].includes(name);
    compiled(
      name,
      join(objects, "bin", name),
      ...(isLinked ? [`-L${library}`, "-ltest_lib", `-Wl,-rpath,${library}`] : []),
      ...(FLAGS.has(name) ? [] : linked),
    );
  }
};
/** The script of gdb's commands. */
const scriptOf = (run: string): string => {
  const [, name = basename(run, ".run")] = /debug(?:_gdb_only|_test\w*)? +([a-z_0-9/]+)/.exec(readFileSync(run, "utf8")) ?? [];
  const script = [join(run, "..", `${name}.py`), join(source, "test", `${name}.py`)].find((path) => existsSync(path));
  return script ? readFileSync(script, "utf8") : "";
};
/** A process in a namespace of its own knows no number of a process of the host. */
const apart = ["--pid", "--fork", "--mount-proc", "--kill-child"];
const canBeApart = spawnSync("unshare", [...apart, "true"]).status === 0;
/** The program of a script needs more than its one file. */
const NOT_BUILT = /cp: cannot stat .*objects\/bin/;
/** A part of a script has failed; the parts for lldb, which rr has besides, are not looked at. */
const FAILED = /^Test '\w+' FAILED(?!.*\(lldb\))/m;
/** What the debugger has said; the folders of tests that pass are gone. */
const logs = (): string =>
  readdirSync(work, { recursive: true, encoding: "utf8" })
    .filter((file) => /\b(gdb_rr\.log|record\.err|test-monitor\.output)$/.test(file))
    .map((file) => `\n=== ${file}\n${readFileSync(join(work, file), "utf8")}`)
    .join("");
const verdictOf = (run: string): string => {
  build(run);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work);
  const words = ["bash", run, basename(run, ".run"), "", objects, `${values.seconds}`];
  const [command = "", ...rest] = canBeApart ? ["unshare", ...apart, ...words] : words;
  const { stdout, stderr } = spawnSync(command, rest, {
    cwd: work,
    encoding: "utf8",
    timeout: (Number(values.seconds) + 10) * 1000,
    killSignal: "SIGKILL",
    // rr stops before the end of its program; only scripts that name the signal ask for that.
    env: { ...process.env, TMPDIR: work, RR_STAY: scriptOf(run).includes("SIGKILL") ? "--stay" : "" },
  });
  const said = stdout + stderr + logs();
  writeFileSync(join(folder, `${basename(run, ".run")}.log`), said);
  if (/ PASSED( \(gdb\))?$/m.test(stdout) && !FAILED.test(stdout)) return "passed";
  if (/trapgate has no /.test(said)) return "not in the shim";
  return NOT_BUILT.test(said) ? "not built" : "FAILED";
};

const wanted = runs.filter(
  (run, i) =>
    i >= Number(values.from) &&
    (i - Number(values.from)) % Number(values.every) === 0 &&
    (positionals.length === 0 || positionals.includes(basename(run, ".run"))),
);
const begun = Date.now();
const counts = new Map<string, number>();
let tried = 0;
for (const run of wanted) {
  if (Date.now() - begun > Number(values.total) * 1000) break;
  const before = Date.now();
  const verdict = verdictOf(run);
  tried++;
  counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  console.log(`${basename(run, ".run").padEnd(40)} ${verdict.padEnd(16)} ${((Date.now() - before) / 1000).toFixed(0)} s`);
}
console.log(`${[...counts].map(([verdict, n]) => `${verdict}: ${n}`).join(", ")}; not tried: ${wanted.length - tried}`);
