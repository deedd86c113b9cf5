// Many cases through silicon and through us: how many, and which are wrong, by mnemonic and by row.
import { Decoder, Instruction } from "iced-x86";
import type { Row } from "../../src/cpu/isa/row.ts";
import type { Vendor } from "../../src/cpu/machine/model.ts";
import { gprNames, segNames } from "../../src/cpu/machine/state.ts";
import { type Batch, Case, type Registers, Result } from "./case.ts";
import { compare, type Difference, hasVerdict, isSame } from "./compare.ts";
import type { Emulator, Tier } from "./emulate.ts";
import { type Encoding, encodings, icedOptions, invalidEncodings } from "./encodings.ts";
import { Generator as CaseGenerator } from "./generate.ts";
import { forget, type Plan, planOf } from "./plan.ts";
import { cpuName, hasFeature, hasRow, type Identity, identityOf, isStudied } from "./processor.ts";
import { Random } from "./random.ts";
import { runOracle } from "./run.ts";
import type { Scope } from "./scope.ts";
import { SequenceGenerator } from "./sequence.ts";
import { isFamilysOwn } from "./undefined.ts";
import { dirty, SwitchGenerator } from "./uppers.ts";
import type { Mode } from "./world.ts";

export interface Tally {
  /** Run on silicon. */
  cases: number;
  /** Hung or killed the oracle. */
  unjudged: number;
  /** Counted for every tier that is. */
  wrong: number;
  /** Right, but unlike this processor where the manual leaves it open. */
  unlike: number;
  /** A few wrong cases. */
  readonly examples: Example[];
}
export interface Example {
  readonly tier: Tier;
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
/** The forms of a row that ran (form.ts), as keys. */
export interface RowTally {
  readonly forms: Set<number>;
  cases: number;
  wrong: number;
}
export interface Report {
  readonly table: Table;
  readonly rows: Map<Row, RowTally>;
  /** Cases that each tier ran. */
  readonly tiers: Map<Tier, number>;
}
export const emptyReport = (): Report => ({ table: new Map(), rows: new Map(), tiers: new Map() });

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

const BATCH = 25_000;
const KEPT = 4;
/**
 * The first emulator runs every case, the others one of so many, because the compilation of a case takes
 * longer than everything else.
 */
export const SHARE = 50;

const batches = function* (count: number): Generator<number> {
  for (let done = 0; done < count; done += BATCH) yield Math.min(BATCH, count - done);
};
const kept = (count: number): number => Math.min(16, Math.ceil(count / 2000));

/** The last few draws of encodings: one serves all scopes of a mode. */
const drawn = new Map<string, ReadonlyMap<Scope, readonly Encoding[]>>();
const DRAWS = 6;
const draw = (mode: Mode, vendor: Vendor, each: number, seed: number): ReadonlyMap<Scope, readonly Encoding[]> => {
  const key = `${mode} ${vendor} ${each} ${seed}`;
  let found = drawn.get(key);
  if (found) return found;
  for (const [old, lists] of drawn) {
    if (drawn.size < DRAWS) break;
    for (const list of lists.values()) list.forEach(forget);
    drawn.delete(old);
  }
  drawn.set(key, (found = encodings(mode, vendor, each, new Random(seed))));
  return found;
};
/** The instructions of cases: those of the recordings, or those that this host's processor has. */
export type Which = "recorded" | "here";
/** Instructions that got rows after the recordings: only live cases have them. */
const later: ReadonlySet<string> = new Set(["clzero"]);
const isRecorded = (e: Encoding): boolean => !later.has(planOf(e).mnemonic);
const isHere = (e: Encoding): boolean => {
  const { row } = planOf(e);
  return row === undefined || hasRow(row);
};
const drawnOf = (mode: Mode, vendor: Vendor, wanted: readonly Scope[], count: number, seed: number, which: Which): readonly Encoding[] => {
  const lists = draw(mode, vendor, kept(count), seed);
  const all = wanted.flatMap((scope) => lists.get(scope) as readonly Encoding[]);
  return all.filter(which === "recorded" ? isRecorded : isHere);
};
/** True if this host's processor has all instructions of the scopes. */
export const hasAllOf = (mode: Mode, vendor: Vendor, scopes: readonly Scope[], count: number, seed: number): boolean =>
  drawnOf(mode, vendor, scopes, count, seed, "recorded").every(isHere);

/** The subject of a run of cases. */
interface Subject {
  readonly mode: Mode;
  readonly vendor: Vendor;
  readonly scope: Scope;
  readonly seed: number;
  /** Instead of the mnemonic, and then nothing is undefined. */
  readonly label: string | undefined;
}
export interface Made {
  readonly cases: Batch;
  /** The encoding of each case, where it is one instruction. */
  readonly encodings: readonly Encoding[] | undefined;
}

/** Where batches of cases come from. Everything follows from the seed. */
export interface Source extends Subject {
  readonly make: (size: number) => Made;
}

/** Cases of a scope in a mode, a number of which will be wanted. */
export const casesOf = (mode: Mode, vendor: Vendor, scope: Scope, count: number, seed: number, which: Which = "recorded"): Source => {
  const random = new Random(seed);
  const list = drawnOf(mode, vendor, [scope], count, seed, which);
  const generator = new CaseGenerator(random);
  const make = (size: number): Made => {
    const some = list.length === 0 ? [] : Array.from({ length: size }, () => random.pick(list));
    return { cases: generator.batch(some, scope), encodings: some };
  };
  return { mode, vendor, scope, seed, label: undefined, make };
};
/**
 * The same with several instructions a case, of some scopes; the first one names the kind of floating-point
 * state.
 */
export const sequencesOf = (
  mode: Mode,
  vendor: Vendor,
  scopes: readonly [Scope, ...Scope[]],
  count: number,
  seed: number,
  which: Which = "recorded",
): Source => {
  const random = new Random(seed);
  const generator = new SequenceGenerator(random, drawnOf(mode, vendor, scopes, count, seed, which));
  const make = (size: number): Made => ({ cases: generator.batch(size, scopes[0]), encodings: undefined });
  return { mode, vendor, scope: scopes[0], seed, label: "sequence", make };
};
/** The same outside 64-bit mode, with something in the upper halves of registers. */
const uppersOf = (mode: 32 | 16, vendor: Vendor, scopes: readonly [Scope, ...Scope[]], count: number, seed: number): Source => {
  const source = sequencesOf(mode, vendor, scopes, count, seed, "here");
  const random = new Random(~seed);
  const make = (size: number): Made => {
    const made = source.make(size);
    dirty(made.cases, random);
    return made;
  };
  return { ...source, make };
};
/** From 64-bit code to 32-bit code and back. */
const switchesOf = (vendor: Vendor, count: number, seed: number): Source => {
  const [wide, narrow] = ([64, 32] as const).map((mode) => drawnOf(mode, vendor, ["integer", "bits"], count, seed, "here"));
  const generator = new SwitchGenerator(new Random(seed), wide!, narrow!);
  const make = (size: number): Made => ({ cases: generator.batch(size), encodings: undefined });
  return { mode: 64, vendor, scope: "integer", seed, label: "switch", make };
};
/** Bytes that are no instruction: #UD. */
export const invalidOf = (mode: Mode, vendor: Vendor, seed: number): Source => {
  const random = new Random(seed);
  const list = invalidEncodings(mode, vendor, random);
  const generator = new CaseGenerator(random);
  const make = (size: number): Made => {
    const some = Array.from({ length: size }, () => random.pick(list));
    return { cases: generator.batch(some, "integer"), encodings: undefined };
  };
  return { mode, vendor, scope: "integer", seed, label: "(invalid)", make };
};

/** All emulate the same model. */
const vendorOf = (emulators: readonly Emulator[]): Vendor => (emulators[0] as Emulator).cpu.model.vendor;

export const conform = (emulators: readonly Emulator[], mode: Mode, scope: Scope, count: number, seed: number): Promise<Report> =>
  judgeAll(emulators, count, casesOf(mode, vendorOf(emulators), scope, count, seed, "here"));
export const conformSequences = (
  emulators: readonly Emulator[],
  mode: Mode,
  scopes: readonly [Scope, ...Scope[]],
  count: number,
  seed: number,
): Promise<Report> => judgeAll(emulators, count, sequencesOf(mode, vendorOf(emulators), scopes, count, seed, "here"));
export const conformUppers = (
  emulators: readonly Emulator[],
  mode: 32 | 16,
  scopes: readonly [Scope, ...Scope[]],
  count: number,
  seed: number,
): Promise<Report> => judgeAll(emulators, count, uppersOf(mode, vendorOf(emulators), scopes, count, seed));
export const conformSwitches = (emulators: readonly Emulator[], count: number, seed: number): Promise<Report> =>
  judgeAll(emulators, count, switchesOf(vendorOf(emulators), count, seed));
export const conformInvalid = (emulators: readonly Emulator[], mode: Mode, count: number, seed: number): Promise<Report> =>
  judgeAll(emulators, count, invalidOf(mode, vendorOf(emulators), seed));

/** Against results that were recorded of a processor: every case, or one of so many. */
export const replay = (emulator: Emulator, cpu: string, source: Source, made: Made, silicon: Batch, every = 1): Report => {
  const report = emptyReport();
  judgeBatch([emulator], made, silicon, identityOf(cpu), source, report, every);
  return report;
};

/** A processor that is not studied may differ in so many of a subject's cases: its own ways are not known. */
const OWN_WAYS = 0.01;
/**
 * The lines of a report that fail a test. Those of a processor that is not studied are printed, if they are
 * few.
 */
export const failures = (report: Report, identity = identityOf(cpuName())): string[] => {
  const lines = [...report.table].flatMap(([name, t]) =>
    t.examples.map(
      (x) => `${name}: ${x.code} ${x.text}: ${x.differences.map((d) => `${d.field} ${d.silicon} there, ${d.ours} here`).join("; ")}`,
    ),
  );
  const { cases, wrong } = total(report.table);
  if (lines.length === 0 || isStudied(identity) || wrong > Math.max(1, cases * OWN_WAYS)) return lines;
  console.warn([`NOTE: ${wrong} of ${cases} cases differ on ${cpuName()}, a processor that is not studied:`, ...lines].join("\n  "));
  return [];
};

/** While silicon runs a batch, we run the one before it. */
const judgeAll = async (emulators: readonly Emulator[], count: number, source: Source): Promise<Report> => {
  const report = emptyReport();
  const identity = identityOf(cpuName());
  let waiting: { made: Made; silicon: Promise<Batch> } | undefined;
  const judgeWaiting = async (): Promise<void> => {
    if (!waiting) return;
    const { made, silicon } = waiting;
    judgeBatch(emulators, made, await silicon, identity, source, report);
  };
  for (const size of batches(count)) {
    const made = source.make(size);
    if (made.cases.count === 0) continue;
    // Without AVX a signal's frame has no place for them.
    if (!hasFeature("avx")) for (let n = 0; n < made.cases.count; n++) new Case(made.cases, n).before.ymmHigh.fill(0);
    const silicon = runOracle(made.cases);
    silicon.catch(() => {}); // reported when it is awaited
    await judgeWaiting();
    waiting = { made, silicon };
  }
  await judgeWaiting();
  return report;
};

const judgeBatch = (
  emulators: readonly Emulator[],
  { cases, encodings: of }: Made,
  silicon: Batch,
  identity: Identity,
  x: Subject,
  report: Report,
  step = 1,
): void => {
  const floats = x.scope !== "integer" && x.scope !== "bits";
  emulators.forEach((emulator, which) => {
    const every = which === 0 ? step : SHARE;
    emulator.follows = x.label === "switch";
    const ours = emulator.runAll(cases, every);
    addTo(report.tiers, emulator.tier, Math.ceil(cases.count / every));
    for (let n = 0; n < cases.count; n += every) {
      const c = new Case(cases, n);
      const [there, here] = [new Result(silicon, n), new Result(ours, n)];
      const plan = of && planOf(of[n] as Encoding);
      const t = tallyOf(report.table, x.label ?? (plan as Plan).mnemonic);
      const row = plan?.row && rowTallyOf(report.rows, plan.row);
      if (which === 0) {
        t.cases++;
        if (row) {
          row.cases++;
          row.forms.add(plan.forms[emulator.contexts[n] as number] as number);
        }
      }
      if (!hasVerdict(there)) {
        t.unjudged++;
        continue;
      }
      if (isSame(there, here)) continue;
      if (ofInstructions(c, x, (i) => isFamilysOwn(i, identity, there, here)).includes(true)) {
        if (which === 0) t.unlike++;
        continue;
      }
      const d = compare(c, plan && x.label === undefined ? plan.instruction : noInstruction, there, here, floats);
      if (d.wrong.length > 0) {
        t.wrong++;
        if (row) row.wrong++;
        if (t.examples.length < KEPT) t.examples.push(exampleOf(emulator.tier, c, there, here, d.wrong, x));
      } else if (d.undefined.length > 0 && which === 0) t.unlike++;
    }
  });
};

const tallyOf = (table: Table, name: string): Tally => {
  let t = table.get(name);
  if (!t) table.set(name, (t = { cases: 0, unjudged: 0, wrong: 0, unlike: 0, examples: [] }));
  return t;
};
const rowTallyOf = (rows: Report["rows"], row: Row): RowTally => {
  let t = rows.get(row);
  if (!t) rows.set(row, (t = { forms: new Set(), cases: 0, wrong: 0 }));
  return t;
};

const addTo = (tiers: Report["tiers"], tier: Tier, cases: number): void => {
  tiers.set(tier, (tiers.get(tier) ?? 0) + cases);
};

/** Adds the results of another run. */
export const addReport = (sum: Report, more: Report): void => {
  for (const [tier, cases] of more.tiers) addTo(sum.tiers, tier, cases);
  for (const [name, t] of more.table) {
    const s = tallyOf(sum.table, name);
    s.cases += t.cases;
    s.unjudged += t.unjudged;
    s.wrong += t.wrong;
    s.unlike += t.unlike;
    s.examples.push(...t.examples.slice(0, KEPT - s.examples.length));
  }
  for (const [row, t] of more.rows) {
    const s = rowTallyOf(sum.rows, row);
    s.cases += t.cases;
    s.wrong += t.wrong;
    for (const key of t.forms) s.forms.add(key);
  }
};

const dump = (r: Registers): string => {
  const gpr = gprNames.map((name, n) => `${name}=${r.gpr(n).toString(16)}`).join(" ");
  const segments = segNames.map((name, n) => `${name}=${r.selector(n).toString(16)}`).join(" ");
  return `${gpr} rip=${r.rip.toString(16)} flags=${r.rflags.toString(16)} ${segments} fsbase=${r.fsBase.toString(16)} gsbase=${r.gsBase.toString(16)}`;
};

const exampleOf = (tier: Tier, c: Case, silicon: Result, ours: Result, differences: readonly Difference[], x: Subject): Example => ({
  tier,
  mode: x.mode,
  code: Buffer.from(c.code).toString("hex"),
  text: listing(c, x),
  differences,
  registers: [dump(c.before), dump(silicon.after), dump(ours.after)],
  seed: x.seed,
  id: c.id,
});

/** The results of f for each instruction of a case. */
const ofInstructions = <T>(c: Case, x: Subject, f: (i: Instruction) => T): T[] => {
  const decoder = new Decoder(x.mode, c.code, icedOptions[x.vendor]);
  decoder.ip = c.before.rip;
  const made: T[] = [];
  const i = new Instruction();
  do {
    decoder.decodeOut(i);
    made.push(f(i));
  } while (x.label === "sequence" && decoder.canDecode);
  i.free();
  decoder.free();
  return made;
};
const listing = (c: Case, x: Subject): string => ofInstructions(c, x, (i) => i.toString()).join("; ");

/** Leaves nothing undefined: in a sequence every instruction does as this processor does. */
const noInstruction = new Instruction();
