// npm run litmus -- [COUNT] [--seed N] [--native N]: generated cycles of two to four threads under
// --memory-model tso, and under sc. The outcomes that schedules show must be those that the axioms allow
// (test/explore/litmus/model.ts): more is an error, fewer is reported. Schedules are drawn; for outcomes that
// these miss, one is directed by an order of the axioms (directed.ts). --native: each program also runs
// so often on the host's processor, whose outcomes must be among the allowed ones. A cycle as of Alglave et
// al., "Fences in weak memory models", CAV 2010: each thread accesses a place that its neighbour does.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../../src/machine/explore/random.ts";
import { Pos, RandomWalk, type Strategy } from "../../src/machine/explore/strategy.ts";
import { Trials } from "../../src/machine/explore/trials.ts";
import { Directed } from "../../test/explore/litmus/directed.ts";
import { allowed, type Event, type Litmus, type Model, type Op, witnesses } from "../../test/explore/litmus/model.ts";
import { programOf } from "../../test/explore/litmus/program.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string", default: "0" }, native: { type: "string", default: "0" }, most: { type: "string", default: "6000" } },
});
/** Schedules after which no new outcome is expected. */
const ENOUGH = 150;

const cycle = (random: Random): Litmus => {
  const threads = 2 + random.below(3);
  const place = (n: number): string => "xyzw"[n % threads] as string;
  const draw = (at: string, value: number): Op => {
    const kind = random.below(10);
    return kind < 4
      ? { kind: "W", at, value }
      : kind < 8
        ? { kind: "R", at }
        : kind === 8
          ? { kind: "N", at, value }
          : { kind: "X", at, value };
  };
  const between = (): Op[] => {
    const kind = random.below(6);
    return kind === 0 ? [{ kind: "F" }] : kind === 1 ? [{ kind: "S" }] : [];
  };
  const made: Op[][] = Array.from({ length: threads }, (_, n) => [draw(place(n), 1), ...between(), draw(place(n + 1), 2)]);
  // Two reads of neighbours do not conflict: one becomes a write.
  made.forEach((ops, n) => {
    const next = made[(n + 1) % threads] as Op[];
    const at = place(n + 1);
    if (ops.at(-1)?.kind === "R" && next[0]?.kind === "R") next[0] = { kind: "W", at, value: 1 };
  });
  return made;
};
const text = (litmus: Litmus): string =>
  litmus.map((ops) => ops.map((op) => (op.kind === "F" || op.kind === "S" ? op.kind : `${op.kind}${op.at}`)).join(" ")).join(" | ");

const total = { equal: 0, fewer: 0, more: 0, weaker: 0, native: 0, outcomes: 0, directed: 0 };
const folder = mkdtempSync(join(tmpdir(), "trapgate-litmus-"));
const found = (program: Uint8Array, litmus: Litmus, model: Model, expected: ReadonlyMap<string, readonly Event[]>): Set<string> => {
  const trials = new Trials(program, { memoryModel: model });
  // A random walk seldom makes one thread wait for all others, which POS does.
  const strategies = [new RandomWalk(new Random(1)), new Pos(new Random(2))];
  const outcomes = new Set<string>();
  const draw = (from: number, to: number): void => {
    for (let n = from; n < to && (n < ENOUGH || outcomes.size < expected.size); n++)
      outcomes.add(trials.observe(strategies[n % 2] as Strategy, "accesses").run.stdout.text);
  };
  draw(0, ENOUGH);
  for (const [outcome, order] of expected) {
    if (outcomes.has(outcome)) continue;
    outcomes.add(trials.observe(new Directed(litmus, order, model === "tso"), "accesses").run.stdout.text);
    total.directed++;
  }
  draw(ENOUGH, Number(values.most));
  return outcomes;
};

const count = Number(positionals[0] ?? 2000);
const random = new Random(Number(values.seed));
const done = new Set<string>();
/** Cycles between two reports. */
const EVERY = 250;
const report = (): void =>
  console.log(
    `${done.size} cycles, ${total.weaker} of them weaker under tso; of ${2 * done.size} sets of outcomes ${total.equal} equal, ` +
      `${total.fewer} with fewer, ${total.more} with more; ${total.directed} of ${total.outcomes} outcomes by a directed schedule; native outcomes that are not allowed: ${total.native}`,
  );
try {
  while (done.size < count) {
    const litmus = cycle(random);
    const name = text(litmus);
    if (done.has(name)) continue;
    if (done.size > 0 && done.size % EVERY === 0) report();
    done.add(name);
    const program = programOf(litmus, folder);
    for (const model of ["sc", "tso"] as const) {
      const expected = witnesses(litmus, model);
      const outcomes = found(program, litmus, model, expected);
      total.outcomes += expected.size;
      const more = [...outcomes].filter((one) => !expected.has(one));
      const fewer = [...expected.keys()].filter((one) => !outcomes.has(one));
      if (more.length > 0) total.more++;
      else if (fewer.length > 0) total.fewer++;
      else total.equal++;
      if (more.length + fewer.length > 0) console.log(`${model} ${name}: not allowed ${more.join(" ")}, not found ${fewer.join(" ")}`);
      if (model === "tso" && expected.size > allowed(litmus, "sc").size) total.weaker++;
    }
    const expected = allowed(litmus, "tso");
    for (let n = Number(values.native); n > 0; n--) {
      const outcome = spawnSync(join(folder, "litmus"), { encoding: "utf8" }).stdout;
      if (!expected.has(outcome)) console.log(`native ${name}: not allowed ${outcome}`);
      total.native += expected.has(outcome) ? 0 : 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
report();
process.exitCode = total.more + total.native > 0 ? 1 : 0;
