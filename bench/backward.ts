// `npm run bench:backward -- [GIGA…]`: the cost of going backward, in processor seconds, over runs of so many
// thousand million instructions (5 and 60): a step back anywhere, the last write of a variable, the end.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Debugger } from "../src/debug/debugger.ts";
import { Machine } from "../src/machine/machine.ts";
import { Timeline } from "../src/machine/timeline/timeline.ts";
import { Random } from "../tools/oracle/random.ts";

const folder = mkdtempSync(join(tmpdir(), "trapgate-backward-"));
const program = join(folder, "backward");
execFileSync("gcc", ["-O1", "-static", "-o", program, fileURLToPath(new URL("backward.c", import.meta.url))]);
const address = Number.parseInt(
  execFileSync("nm", [program], { encoding: "utf8" })
    .split("\n")
    .find((line) => line.endsWith(" last")) as string,
  16,
);
const content = readFileSync(program);
rmSync(folder, { recursive: true });

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};
const text = (all: readonly number[]): string => all.map((n) => n.toFixed(3)).join(" ");
const STEPS = 12;

const given = process.argv.slice(2).map(Number);
for (const giga of given.length > 0 ? given : [5, 60]) {
  const args = [String(Math.round((giga * 1e6) / 12))];
  const options = { stdin: "", args, hooks: { stdout: () => {} } };
  const machine = (): Machine => new Machine({ files: { "/program": { content, mode: 0o755 } } });
  const plain = await seconds(() => new Timeline(machine(), "/program", options, { every: Number.POSITIVE_INFINITY }).run());
  const timeline = new Timeline(machine(), "/program", options);
  const debug = new Debugger(timeline);
  debug.keepsEnd = true;
  const forward = await seconds(() => debug.goToEnd());
  const { reached } = timeline;
  const random = new Random(1);
  const steps: number[] = [];
  for (let n = 0; n < STEPS; n++) {
    await debug.goTo({ instructions: 50_000 + random.below(reached.instructions - 100_000), steps: 0 });
    steps.push(await seconds(() => debug.stepBack(debug.current?.pid as number)));
  }
  const toEnd = await seconds(() => debug.goToEnd());
  debug.addWatch({ pid: debug.current?.process.pid as number, address, length: 8, on: "write" });
  const back = await seconds(() => debug.continueBack());
  if (debug.stop?.why.kind !== "watch") throw new Error(`no write found: ${JSON.stringify(debug.stop)}`);
  console.log(`${giga} · 10⁹ instructions, load ${loadavg()[0]?.toFixed(1)}, processor seconds:
  forward ${plain.toFixed(2)}, with snapshots ${forward.toFixed(2)} (${timeline.entries.length} of them)
  a step back at ${STEPS} random moments: ${text([...steps].sort((a, b) => a - b))}
  to the end ${toEnd.toFixed(3)}
  back to the last write of a variable, which was at the beginning: ${back.toFixed(2)} (${(back / plain).toFixed(2)} of forward)`);
}
