// `npm run smoke`: the built package on other versions of Node.js: hello of both ABIs, a landmine, the
// library, the cost of a run. The npm package "node" carries the binaries. Without a registry the run is
// skipped with a message; with CI=true that is an error.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build, top } from "./setup.mjs";

const versions = ["20", "22", "24"];
const run = (program, args) =>
  spawnSync(program, args, { cwd: top, encoding: "utf8", timeout: 120_000, env: { ...process.env, NO_COLOR: "1" } });

const library = `
  import { readFileSync } from "node:fs";
  import { Machine } from "trapgate";
  const run = await Machine.run(readFileSync("guest/bin/a1-fixed"), { trace: true });
  console.log(run.status.signal, run.trace.length);
`;
/**
 * Milliseconds of processor time of a run of a tiny program: the least of some batches, because other work
 * costs caches.
 */
const cost = `
  import { readFileSync } from "node:fs";
  import { Machine } from "trapgate";
  const program = readFileSync("guest/bin/hello-syscall");
  let least = Infinity;
  for (let batch = 0; batch < 12; batch++) {
    const before = process.cpuUsage();
    for (let n = 0; n < 100; n++) await Machine.run(program);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 100_000);
  }
  console.log(least <= 2 ? "at most 2 ms" : "more than 2 ms: " + least.toFixed(2));
`;
/** A snapshot that this version of Node.js saves, and the others continue. */
const snapshot = join(mkdtempSync(join(tmpdir(), "trapgate-smoke-")), "c6.snapshot");
/** Commands and their output on both streams together. */
const checks = [
  [["bin/trapgate.js", "run", "guest/bin/hello-syscall"], "hello through syscall\n"],
  [["bin/trapgate.js", "run", "guest/bin/hello-int80-32"], "hello through int 0x80\n"],
  [["bin/trapgate.js", "landmines", "--only", "A1"], /3 runs, all as expected\n$/],
  [["--input-type=module", "--eval", library], "SIGSYS 5\n"],
  [["bin/trapgate.js", "run", "--from", snapshot], "the kernel's word was cleared\nthe thread's own word never came\n"],
  [["--input-type=module", "--eval", cost], "at most 2 ms\n"],
];
const holds = (expected, text) => (typeof expected === "string" ? text === expected : expected.test(text));

/** The binary of a version, undefined if it cannot be had. */
const nodeOf = (version) => {
  const { status, stdout } = run("npx", ["--yes", `node@${version}`, "--print", "process.execPath"]);
  return status === 0 ? stdout.trim().split("\n").at(-1) : undefined;
};

build();
run(process.execPath, ["bin/trapgate.js", "run", "--snapshot", snapshot, "--at", "25", "guest/bin/c6"]);
let failed = false;
for (const version of versions) {
  const node = nodeOf(version);
  if (!node) {
    console.log(`SKIPPED: smoke test on Node.js ${version}: its npm package cannot be installed`);
    failed ||= Boolean(process.env["CI"]);
    continue;
  }
  let passed = 0;
  for (const [args, expected] of checks) {
    const { stdout, stderr } = run(node, args);
    if (holds(expected, stderr + stdout)) {
      passed++;
      continue;
    }
    failed = true;
    console.log(`Node.js ${version}: ${args.slice(0, 3).join(" ")} printed:\n${stderr}${stdout}`);
  }
  console.log(`smoke test on Node.js ${run(node, ["--version"]).stdout.trim()}: ${passed} of ${checks.length} checks passed`);
}
rmSync(dirname(snapshot), { recursive: true });
process.exitCode = failed ? 1 : 0;
