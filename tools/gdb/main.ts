// `npm run conformance:gdb -- [FILE…]`: gdb's own testsuite against `trapgate debug`, beside native gdbserver
// or gdb's `record full`. The sources come from Debian at run time, in the version of the installed gdb; a
// board file and a program named gdbserver are made beside them. Nothing of theirs is part of this
// repository.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { releaseSource } from "../debian/apt.ts";

const top = fileURLToPath(new URL("../..", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: "boolean", short: "h" }, seconds: { type: "string" } },
});
if (values.help) {
  console.log("usage: npm run conformance:gdb -- [--seconds N] [gdb.reverse/NAME.exp … | gdb.reverse | gdb.server | …]");
  process.exit(0);
}
const limit = Number(values.seconds ?? 1800) * 1000;
const folder = join(top, ".cache", "gdb");
mkdirSync(join(folder, "lists", "partial"), { recursive: true });

const run = (command: string, args: readonly string[], cwd = folder, env: Record<string, string> = {}): string => {
  const { stdout, stderr, status, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    timeout: limit,
    env: { ...process.env, ...env },
  });
  if (error || (status !== 0 && command !== "runtest")) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
};

/** The folder of gdb's sources, fetched once. */
const sources = (): string => {
  const known = readdirSync(folder).find((name) => /^gdb-\d/.test(name));
  if (known) return join(folder, known);
  const source = releaseSource();
  if (!source) throw new Error("no archive of this Debian release is configured");
  const list = join(folder, "archive.sources");
  writeFileSync(list, `Types: deb-src\nURIs: ${source.uri}\nSuites: ${source.suite}\nComponents: main\nSigned-By: ${source.signedBy}\n`);
  const options = [
    `Dir::Etc::SourceList=${list}`,
    "Dir::Etc::SourceParts=/dev/null",
    `Dir::State::lists=${folder}/lists`,
    `Dir::Cache=${folder}`,
  ];
  const apt = (...args: string[]): string => run("apt-get", [...options.flatMap((option) => ["-o", option]), "-q", ...args]);
  apt("update");
  apt("source", "--download-only", "gdb");
  const archive = readdirSync(folder).find((name) => /^gdb_.*\.orig\.tar\.\w+$/.test(name));
  if (!archive) throw new Error("apt-get has brought no sources of gdb");
  run("tar", ["xf", archive]);
  return sources();
};

const testsuite = join(sources(), "gdb", "testsuite");
const wanted = positionals.length > 0 ? positionals : ["gdb.reverse"];
const files = wanted.flatMap((name) =>
  name.endsWith(".exp")
    ? [name]
    : readdirSync(join(testsuite, name))
        .filter((file) => file.endsWith(".exp"))
        .map((file) => `${name}/${file}`),
);
const isReverse = files.every((file) => file.startsWith("gdb.reverse/"));

/** gdb's testsuite calls this as gdbserver. */
const shim = `#!/bin/bash
once=
while [ $# -gt 0 ]; do
  case "$1" in
    --once) once=--once; shift ;;
    --*) shift ;;
    *) break ;;
  esac
done
port=\${1##*:}; shift
exec ${process.execPath} ${top}/bin/trapgate.js debug $once ${isReverse ? "--stay " : ""}--listen 127.0.0.1:$port --root / --cpu x86-64-v3 -- "$@" \\
  2> >(sed -u 's/^trapgate: gdb: target remote .*:/Listening on port /' >&2)
`;
const boardOf = (name: string, server: string, more = ""): string => `load_generic_config "gdbserver"
load_board_description "gdbserver-base"
global board_info
set board_info(${name},isremote) 0
set GDBFLAGS "\${GDBFLAGS} -iex \\"set sysroot\\""
set_board_info gdb,do_reload_on_run 1
set_board_info use_gdb_stub 1
set_board_info exit_is_reliable 1
set_board_info gdb_protocol "remote"
set_board_info sockethost "127.0.0.1:"
set board_info(${name},gdb_server_prog) "${server}"
${more}`;
const site = `set srcdir ${testsuite}
lappend boards_dir "${folder}/boards"
set GDB gdb
set GDBFLAGS "-nx -iex \\"set debuginfod enabled off\\""
set INTERNAL_GDBFLAGS "-nw -nx -q -iex \\"set height 0\\" -iex \\"set width 0\\""
set host_triplet x86_64-pc-linux-gnu
set build_triplet x86_64-pc-linux-gnu
set target_triplet x86_64-pc-linux-gnu
set tool gdb
set GCC_UNDER_TEST gcc
`;
mkdirSync(join(folder, "boards"), { recursive: true });
writeFileSync(join(folder, "gdbserver"), shim, { mode: 0o755 });
const reverse = "set_board_info gdb,can_reverse 1\nset_board_info gdb,use_precord 0\n";
writeFileSync(join(folder, "boards", "trapgate.exp"), boardOf("trapgate", join(folder, "gdbserver"), reverse));
writeFileSync(join(folder, "boards", "beside.exp"), boardOf("beside", "/usr/bin/gdbserver"));
writeFileSync(join(folder, "site.exp"), site);

interface Counts {
  passed: number;
  failed: number;
}
/** Runs the files on a board; the counts of each file. */
const results = (target: string | undefined): Map<string, Counts> => {
  const at = join(folder, target ?? "native");
  rmSync(at, { recursive: true, force: true });
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, "site.exp"), site);
  const args = ["--tool", "gdb", "--srcdir", testsuite, ...(target ? [`--target_board=${target}`] : []), ...files];
  run("runtest", args, at, { DEJAGNU: join(folder, "site.exp") });
  const counts = new Map<string, Counts>();
  const summary = join(at, "gdb.sum");
  for (const [, verdict, file] of (existsSync(summary) ? readFileSync(summary, "utf8") : "").matchAll(
    /^(PASS|FAIL|UNRESOLVED): (\S+?): /gm,
  )) {
    const count = counts.get(file as string) ?? { passed: 0, failed: 0 };
    if (verdict === "PASS") count.passed++;
    else count.failed++;
    counts.set(file as string, count);
  }
  return counts;
};

const native = results(isReverse ? undefined : "beside");
const ours = results("trapgate");
const none: Counts = { passed: 0, failed: 0 };
const beside = isReverse ? "record full" : "gdbserver";
console.log(`${"file".padEnd(50)} ${beside.padStart(16)}   trapgate debug   (passed/failed)`);
let [all, mine] = [0, 0];
for (const file of files) {
  const [theirs, own] = [native.get(file) ?? none, ours.get(file) ?? none];
  all += theirs.passed;
  mine += own.passed;
  const mark = own.passed < theirs.passed ? "  fewer" : "";
  console.log(
    `${file.padEnd(50)} ${`${theirs.passed}/${theirs.failed}`.padStart(16)} ${`${own.passed}/${own.failed}`.padStart(16)}${mark}`,
  );
}
console.log(`passed: ${beside} ${all}, trapgate debug ${mine}`);
