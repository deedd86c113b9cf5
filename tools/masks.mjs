// Tests that a processor or kernel judges, as on hosts with less: processors without some features, one of a
// vendor without models, and a kernel of another version. All pass with CI=true (CONTRIBUTING.md).
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { top } from "./setup.mjs";

const cpu = ["test/cpu/oracle", "test/cpu/model", "test/cpu/fpu", "test/cpu/recorded", "test/guest/native.test.ts"];
const some = ["test/cpu/oracle/silicon.test.ts", "test/cpu/oracle/found.test.ts", "test/cpu/model", "test/cpu/fpu"];
/** Names of models: their features are those that the tests see. */
const runs = [
  [{ TRAPGATE_TEST_CPU: "x86-64-v1" }, some],
  [{ TRAPGATE_TEST_CPU: "x86-64-v2" }, some],
  [{ TRAPGATE_TEST_CPU: "x86-64-v3" }, some],
  [{ TRAPGATE_TEST_CPU: "max,-gfni" }, some],
  // On a host by AMD: a processor without models judges nothing. The same by the other name on Intel's.
  [{ TRAPGATE_TEST_CPU: "max:intel" }, cpu],
  [{ TRAPGATE_TEST_KERNEL: "none" }, ["test/kernel/native.test.ts"]],
];
const wanted = process.argv.slice(2);

for (const [env, files] of runs) {
  const name = Object.entries(env)
    .map((pair) => pair.join("="))
    .join(" ");
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  const began = performance.now();
  const args = [join(top, "node_modules", "vitest", "vitest.mjs"), "run", "--reporter=dot", ...files];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: top,
    env: { ...process.env, ...env, CI: "true", NO_COLOR: "1" },
    encoding: "utf8",
    maxBuffer: 1 << 26,
    timeout: 600_000,
  });
  console.log(`${name}: ${/Tests .*/.exec(stdout)?.[0] ?? "no test ran"}, ${Math.round((performance.now() - began) / 1000)} s`);
  if (status === 0) continue;
  console.log(`${stdout}\n${stderr}`.split("\n").slice(-200).join("\n"));
  process.exitCode = 1;
}
