// `npm run bench:snapshots`: times of snapshots, copies and tests of a prepared program, beside those of the
// host.
// Medians of wall time and of processor time of this process, after half as many calls that are not counted.
import { spawnSync } from "node:child_process";
import { Machine } from "../src/index.ts";
import type { Snapshot } from "../src/machine/api/machine.ts";
import { hostTree } from "../src/node.ts";
import { prepared } from "../src/vitest/prepared.ts";

const root = hostTree("/");
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] as number;
interface Times {
  readonly wall: number;
  readonly processor: number;
}
/** Milliseconds of `act`, after some first calls. `each`: before each call, not measured. */
const times = async (count: number, act: () => unknown, each: () => unknown = () => undefined): Promise<Times> => {
  const wall: number[] = [];
  const processor: number[] = [];
  const first = Math.ceil(count / 2);
  for (let i = 0; i < first + count; i++) {
    await each();
    const [since, used] = [performance.now(), process.cpuUsage()];
    await act();
    const { user, system } = process.cpuUsage(used);
    if (i < first) continue;
    wall.push(performance.now() - since);
    processor.push((user + system) / 1000);
  }
  return { wall: median(wall), processor: median(processor) };
};
const row = (what: string, { wall, processor }: Times, limit: string): void =>
  console.log(`${what.padEnd(58)} ${wall.toFixed(1).padStart(8)} ms ${processor.toFixed(1).padStart(8)} ms   ${limit}`);

const PYTHON = "/usr/bin/python3";
const READS = "import sys; exec(sys.stdin.read())";
const waiting = async (program: string, args: readonly string[], input?: string): Promise<Machine> => {
  const machine = new Machine({ root, memory: "512M" });
  await machine.start(program, { args });
  if (input !== undefined) machine.write(input);
  await machine.runUntil({ idle: true });
  return machine;
};
/** Each copy ends before the next: that one gets its memory. */
const forks = async (snapshot: Snapshot, count: number): Promise<Times> => {
  let copy: Machine | undefined;
  const fork = (): void => {
    copy = snapshot.fork({ stdin: "" });
  };
  return times(count, fork, () => copy?.finish());
};

/** `npm run bench:snapshots -- alive`: in a process of its own, whose memory is that of these copies. */
const alive = async (): Promise<void> => {
  const machine = await waiting(PYTHON, ["-c", 'import sys; x = b"a" * (113 << 20)\nfor line in sys.stdin: exec(line)']);
  const snapshot = machine.snapshot();
  const megabytes = (): number => process.memoryUsage().rss / 2 ** 20;
  const before = megabytes();
  const copies: Machine[] = [];
  const since = process.cpuUsage();
  for (let n = 0; n < 100; n++) {
    const copy = snapshot.fork();
    copy.write(`print(len(x), ${n})\n`);
    await copy.runUntil({ idle: true });
    copies.push(copy);
  }
  const { user, system } = process.cpuUsage(since);
  console.log(
    `${"100 forks of it that have run, alive at once".padEnd(58)} ${megabytes().toFixed(0).padStart(8)} MB${"".padStart(15)}1500 MB`,
  );
  console.log(
    `    ${before.toFixed(0)} MB before the first; each took ${((user + system) / 1000 / copies.length).toFixed(1)} ms of processor time`,
  );
};
if (process.argv[2] === "alive") {
  await alive();
  process.exit();
}

/**
 * `npm run bench:snapshots -- inputs`: inputs a second of processor time, with a boot for each, and in a
 * fuzzing loop.
 */
const inputs = async (): Promise<void> => {
  const { fromBoot, fromSnapshot, targets } = await import("../tools/campaign/programs.ts");
  const used = (): number => process.cpuUsage().user + process.cpuUsage().system;
  for (const [name, { inputs: texts }] of Object.entries(targets)) {
    const rate = async (run: typeof fromBoot, count: number): Promise<number> => {
      let since = 0;
      for (let i = 0; i < 2 * count; i++) {
        if (i === count) since = used();
        await run(name, texts[i % texts.length] as string);
      }
      return (count * 1e6) / (used() - since);
    };
    const [boot, back] = [await rate(fromBoot, 12), await rate(fromSnapshot, 60)];
    console.log(
      `${name.padEnd(10)} ${boot.toFixed(1).padStart(8)} ${back.toFixed(1).padStart(8)} inputs a second: ${(back / boot).toFixed(1)} times`,
    );
  }
};
if (process.argv[2] === "inputs") {
  await inputs();
  process.exit();
}

console.log(`${"".padEnd(58)} ${"wall".padStart(11)} ${"processor".padStart(11)}   wanted`);
{
  const machine = await waiting(PYTHON, ["-c", READS]);
  row("snapshot of python3 that waits for input", await times(20, () => machine.snapshot()), "20 ms");
  const snapshot = machine.snapshot();
  row("fork of it, into a memory that has been used", await forks(snapshot, 20), "");
  row("fork of it, into a new memory", await times(10, () => snapshot.fork()), "");
  const back = async (): Promise<void> => {
    machine.restore(snapshot, { stdin: "pass" });
    await machine.runUntil({ instructions: instructions + 10_000 });
  };
  const instructions = Number(snapshot.moment.split(":")[0]);
  row("restore in place after 10 000 instructions", await times(20, () => machine.restore(snapshot), back), "3 ms");
}
{
  const machine = await waiting("/usr/bin/perl", ["-e", "my $x = <STDIN>"]);
  row("fork of perl (about 1000 frames)", await forks(machine.snapshot(), 20), "5 ms");
}
{
  const machine = await waiting(PYTHON, ["-c", 'import sys; x = b"a" * (113 << 20); sys.stdin.read()']);
  row("fork of python3 with 113 MB (about 30 000 frames)", await forks(machine.snapshot(), 10), "20 ms");
}
process.stdout.write(spawnSync(process.execPath, [...process.execArgv, process.argv[1] as string, "alive"], { encoding: "utf8" }).stdout);
{
  const python = prepared(root, PYTHON, { args: ["-c", READS] });
  const test = async (): Promise<void> => {
    const { stdout } = await python.run({ stdin: "print(1)" });
    if (stdout.text !== "1\n") throw new Error(stdout.text);
  };
  await test();
  row("print(1) in a prepared python3", await times(100, test), "15 ms");
  const since = performance.now();
  for (let i = 0; i < 200; i++) await test();
  console.log(`${"200 of them".padEnd(58)} ${((performance.now() - since) / 1000).toFixed(2).padStart(8)} s${"".padStart(15)}5 s`);
}
const host = async (what: string, command: readonly string[]): Promise<void> => {
  const [program, ...args] = command as [string, ...string[]];
  if (spawnSync(program, args).status !== 0) return console.log(`${what.padEnd(58)} not here`);
  row(what, await times(20, () => spawnSync(program, args)), "");
};
await host("print(1) natively", [PYTHON, "-c", "print(1)"]);
await host("print(1) under bubblewrap", ["bwrap", "--ro-bind", "/", "/", "--unshare-all", PYTHON, "-c", "print(1)"]);
