// Many cases through silicon and through us: how many, and which are wrong, by mnemonic.
import { Decoder, DecoderOptions, Instruction, Mnemonic } from "iced-x86";
import { gprNames, segNames } from "../../src/cpu/state.ts";
import { type Batch, Case, type Registers, Result } from "./case.ts";
import { compare, type Difference, hasVerdict } from "./compare.ts";
import type { Emulator } from "./emulate.ts";
import { encodings, invalidEncodings } from "./encodings.ts";
import { Generator as CaseGenerator } from "./generate.ts";
import { Random } from "./random.ts";
import { runOracle } from "./run.ts";
import type { Scope } from "./scope.ts";
import { SequenceGenerator } from "./sequence.ts";
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

const batches = function* (count: number): Generator<number> {
  for (let done = 0; done < count; done += BATCH) yield Math.min(BATCH, count - done);
};
const kept = (count: number): number => Math.min(16, Math.ceil(count / 2000));

/** Run `count` cases of a scope in a mode. Everything follows from the seed. */
export const conform = (emulator: Emulator, mode: Mode, scope: Scope, count: number, seed: number): Table => {
  const random = new Random(seed);
  const list = encodings(mode, [scope], kept(count), random);
  const generator = new CaseGenerator(random);
  const table: Table = new Map();
  const i = new Instruction();
  for (const size of batches(count)) {
    const shuffled = Array.from({ length: size }, () => random.pick(list));
    judgeBatch(emulator, generator.batch(shuffled, size, scope), { mode, scope, seed, table, i, label: undefined });
  }
  return table;
};

/** The same with several instructions a case, of some scopes; the first one names the kind of floating-point state. */
export const conformSequences = (
  emulator: Emulator,
  mode: Mode,
  scopes: readonly [Scope, ...Scope[]],
  count: number,
  seed: number,
): Table => {
  const random = new Random(seed);
  const generator = new SequenceGenerator(random, encodings(mode, scopes, kept(count), random));
  const table: Table = new Map();
  const i = new Instruction();
  for (const size of batches(count))
    judgeBatch(emulator, generator.batch(size, scopes[0]), { mode, scope: scopes[0], seed, table, i, label: "sequence" });
  return table;
};

/** Bytes that are no instruction: #UD. */
export const conformInvalid = (emulator: Emulator, mode: Mode, count: number, seed: number): Table => {
  const random = new Random(seed);
  const list = invalidEncodings(mode, random);
  const table: Table = new Map();
  const x: Context = { mode, scope: "integer", seed, table, i: new Instruction(), label: "(invalid)" };
  for (const size of batches(count)) {
    const some = Array.from({ length: size }, () => random.pick(list));
    judgeBatch(emulator, new CaseGenerator(random).batch(some, size, "integer"), x);
  }
  return table;
};

const judgeBatch = (emulator: Emulator, cases: Batch, x: Context): void => {
  const silicon = runOracle(cases);
  const ours = emulator.runAll(cases);
  for (let n = 0; n < cases.count; n++) judge(new Case(cases, n), new Result(silicon, n), new Result(ours, n), x);
};

interface Context {
  readonly mode: Mode;
  readonly scope: Scope;
  readonly seed: number;
  readonly table: Table;
  readonly i: Instruction;
  /** Instead of the mnemonic, and then nothing is undefined. */
  readonly label: string | undefined;
}

const dump = (r: Registers): string => {
  const gpr = gprNames.map((name, n) => `${name}=${r.gpr(n).toString(16)}`).join(" ");
  const segments = segNames.map((name, n) => `${name}=${r.selector(n).toString(16)}`).join(" ");
  return `${gpr} rip=${r.rip.toString(16)} flags=${r.rflags.toString(16)} ${segments} fsbase=${r.fsBase.toString(16)} gsbase=${r.gsBase.toString(16)}`;
};

const text = (c: Case, x: Context): string => {
  const decoder = new Decoder(x.mode, c.code, DecoderOptions.AMD);
  decoder.ip = c.before.rip;
  const lines: string[] = [];
  do {
    decoder.decodeOut(x.i);
    lines.push(x.i.toString());
  } while (x.label === "sequence" && decoder.canDecode);
  decoder.free();
  return lines.join("; ");
};

/** Leaves nothing undefined: in a sequence every instruction does as this processor does. */
const noInstruction = new Instruction();

const judge = (c: Case, silicon: Result, ours: Result, x: Context): void => {
  const listing = text(c, x);
  const name = x.label ?? (Mnemonic[x.i.mnemonic] as string).toLowerCase();
  const t = x.table.get(name) ?? { cases: 0, unjudged: 0, wrong: 0, unlike: 0, examples: [] };
  x.table.set(name, t);
  t.cases++;
  if (!hasVerdict(silicon)) {
    t.unjudged++;
    return;
  }
  const d = compare(c, x.label !== undefined ? noInstruction : x.i, silicon, ours, x.scope !== "integer" && x.scope !== "bits");
  if (d.wrong.length > 0) {
    t.wrong++;
    if (t.examples.length < KEPT)
      t.examples.push({
        mode: x.mode,
        code: Buffer.from(c.code).toString("hex"),
        text: listing,
        differences: d.wrong,
        registers: [dump(c.before), dump(silicon.after), dump(ours.after)],
        seed: x.seed,
        id: c.id,
      });
  } else if (d.undefined.length > 0) t.unlike++;
};
