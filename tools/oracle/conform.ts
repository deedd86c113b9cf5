// Many cases through silicon and through us: how many, and which are wrong, by mnemonic.
import { Decoder, DecoderOptions, Instruction, Mnemonic } from "iced-x86";
import { gprNames, segNames } from "../../src/cpu/state.ts";
import { Case, type Registers, Result } from "./case.ts";
import { compare, type Difference, hasVerdict } from "./compare.ts";
import type { Emulator } from "./emulate.ts";
import { encodings } from "./encodings.ts";
import { Generator } from "./generate.ts";
import { Random } from "./random.ts";
import { runOracle } from "./run.ts";
import type { Scope } from "./scope.ts";
import type { Mode } from "./world.ts";

export interface Tally {
  cases: number;
  /** Hung or killed the oracle. */
  unjudged: number;
  wrong: number;
  /** Right, but unlike this processor where the manual leaves it open. */
  unlike: number;
  /** A few wrong cases. */
  readonly examples: Example[];
}
export interface Example {
  readonly mode: Mode;
  readonly code: string;
  readonly text: string;
  readonly differences: readonly Difference[];
  /** Registers before, and after on silicon and here. */
  readonly registers: readonly [string, string, string];
  /** To find it again. */
  readonly seed: number;
  readonly id: number;
}
export type Table = Map<string, Tally>;

export const total = (table: Table): Pick<Tally, "cases" | "wrong" | "unlike" | "unjudged"> => {
  const sum = { cases: 0, wrong: 0, unlike: 0, unjudged: 0 };
  for (const t of table.values()) {
    sum.cases += t.cases;
    sum.wrong += t.wrong;
    sum.unlike += t.unlike;
    sum.unjudged += t.unjudged;
  }
  return sum;
};

const BATCH = 10_000;
const KEPT = 4;

/** Run `count` cases of a scope in a mode. Everything follows from the seed. */
export const conform = (emulator: Emulator, mode: Mode, scope: Scope, count: number, seed: number, table: Table = new Map()): Table => {
  const random = new Random(seed);
  const list = encodings(mode, [scope], Math.min(16, Math.ceil(count / 2000)), random);
  const generator = new Generator(random);
  const i = new Instruction();
  for (let done = 0; done < count; done += BATCH) {
    const shuffled = Array.from({ length: BATCH }, () => random.pick(list));
    const cases = generator.batch(shuffled, Math.min(BATCH, count - done), scope);
    const silicon = runOracle(cases);
    const ours = emulator.runAll(cases);
    for (let n = 0; n < cases.count; n++)
      judge(new Case(cases, n), new Result(silicon, n), new Result(ours, n), { mode, scope, seed, table, i });
  }
  return table;
};

interface Context {
  readonly mode: Mode;
  readonly scope: Scope;
  readonly seed: number;
  readonly table: Table;
  readonly i: Instruction;
}

const dump = (r: Registers): string => {
  const gpr = gprNames.map((name, n) => `${name}=${r.gpr(n).toString(16)}`).join(" ");
  const segments = segNames.map((name, n) => `${name}=${r.selector(n).toString(16)}`).join(" ");
  return `${gpr} rip=${r.rip.toString(16)} flags=${r.rflags.toString(16)} ${segments} fsbase=${r.fsBase.toString(16)} gsbase=${r.gsBase.toString(16)}`;
};

const judge = (c: Case, silicon: Result, ours: Result, x: Context): void => {
  const decoder = new Decoder(x.mode, c.code, DecoderOptions.AMD);
  decoder.ip = c.before.rip;
  decoder.decodeOut(x.i);
  decoder.free();
  const name = (Mnemonic[x.i.mnemonic] as string).toLowerCase();
  const t = x.table.get(name) ?? { cases: 0, unjudged: 0, wrong: 0, unlike: 0, examples: [] };
  x.table.set(name, t);
  t.cases++;
  if (!hasVerdict(silicon)) {
    t.unjudged++;
    return;
  }
  const d = compare(c, x.i, silicon, ours, x.scope !== "integer" && x.scope !== "bits");
  if (d.wrong.length > 0) {
    t.wrong++;
    if (t.examples.length < KEPT)
      t.examples.push({
        mode: x.mode,
        code: Buffer.from(c.code).toString("hex"),
        text: x.i.toString(),
        differences: d.wrong,
        registers: [dump(c.before), dump(silicon.after), dump(ours.after)],
        seed: x.seed,
        id: c.id,
      });
  } else if (d.undefined.length > 0) t.unlike++;
};
