// `npm run conformance:cpu -- [scope…] [tier…] [cases] [seed]`: instructions on the processor of this host
// and on every tier, in full. SIGINT stops it with a report.
// `npm run conformance:record`: makes test/cpu/recorded again on the processor of this host.
// `npm run conformance:decoder -- [passes] [seed]`: the decoder and the disassembler judged by iced-x86, the
// assembler by the decoder, in full.
import { formsOf } from "../../src/cpu/isa/form.ts";
import { rows } from "../../src/cpu/isa/rows/all.ts";
import { families } from "../../src/cpu/isa/rows/index.ts";
import type { Vendor } from "../../src/cpu/machine/model.ts";
import { freshCode } from "./code.ts";
import {
  addReport,
  casesOf,
  conform,
  conformInvalid,
  conformSequences,
  conformSwitches,
  conformUppers,
  emptyReport,
  type Report,
  type RowTally,
  SHARE,
  type Table,
  total,
} from "./conform.ts";
import { DecoderJudge } from "./decoder.ts";
import { isJudged, notMet, undrawn } from "./drawn.ts";
import { Emulator, type Tier, tiers } from "./emulate.ts";
import { EncoderJudge } from "./encoder.ts";
import { candidates, wholeSpace } from "./encodings.ts";
import { cpuName, siliconModel, siliconVendor } from "./processor.ts";
import { Random } from "./random.ts";
import { record } from "./recorded.ts";
import { oracleTimes } from "./run.ts";
import { type Scope, scopes } from "./scope.ts";
import { TextJudge } from "./text.ts";
import { type Mode, modes } from "./world.ts";

const percent = (n: number, of: number): string => `${((100 * n) / Math.max(1, of)).toFixed(2)} %`;

const printWrong = (table: Table): void => {
  for (const [name, t] of [...table].sort((a, b) => b[1].wrong - a[1].wrong)) {
    if (t.wrong === 0) continue;
    console.log(`    ${name}: ${t.wrong} of ${t.cases}`);
    for (const x of t.examples) {
      if (process.env["VERBOSE"])
        console.log(["before", "there", "here"].map((when, n) => `        ${when}: ${x.registers[n]}`).join("\n"));
      const differences = x.differences.map((d) => `${d.field}: ${d.silicon} there, ${d.ours} here`).join("; ");
      console.log(`      ${x.tier}, ${x.mode}-bit: ${x.code}  ${x.text}  (seed ${x.seed}, case ${x.id}): ${differences}`);
    }
  }
};

const printTotals = (what: string, { table }: Report): void => {
  const { cases, wrong, unlike, unjudged } = total(table);
  const figures = `${wrong} wrong, ${unjudged} not judged, ${percent(unlike, cases)} unlike where undefined`;
  console.log(`${what.padEnd(32)} ${String(cases).padStart(9)} cases: ${figures}`);
};

/**
 * Prints the share of rows that ran: by family, and apart the sequences and the bytes that are no
 * instruction.
 */
const printFamilies = (report: Report, vendor: Vendor): void => {
  const line = (...cells: readonly (string | number)[]): void =>
    console.log(cells.map((c, n) => (n === 0 ? String(c).padEnd(16) : String(c).padStart(12))).join(""));
  line("family", "rows", "of", "forms", "of", "cases", "mismatches");
  for (const [name, family] of Object.entries(families)) {
    const of = family().filter((row) => isJudged(row, vendor));
    const tallies = of.flatMap((row) => report.rows.get(row) ?? []);
    if (tallies.length === 0) continue;
    const sum = (f: (t: RowTally) => number): number => tallies.reduce((n, t) => n + f(t), 0);
    const forms = of.reduce((n, row) => n + formsOf(row).length, 0);
    line(
      name,
      tallies.length,
      of.length,
      sum((t) => t.forms.size),
      forms,
      sum((t) => t.cases),
      sum((t) => t.wrong),
    );
  }
  for (const name of ["sequence", "switch", "(invalid)"]) {
    const t = report.table.get(name);
    if (t) line(name, "", "", "", "", t.cases, t.wrong);
  }
};

/** Rows of which there was no case, with the reason; and how many cases each tier ran. */
const printRest = (report: Report, vendor: Vendor): void => {
  const missing = new Map([...undrawn(vendor, 20, 1)].filter(([row, why]) => !report.rows.has(row) && why !== notMet));
  const reasons = [...new Set(missing.values())];
  for (const why of reasons) {
    const names = new Set([...missing].filter(([, w]) => w === why).map(([row]) => row.name));
    console.log(`no case of ${[...names].join(", ")}: ${why}`);
  }
  const left = rows.filter((row) => isJudged(row, vendor) && !report.rows.has(row) && !missing.has(row));
  if (left.length > 0) console.log(`not yet drawn: ${[...new Set(left.map((row) => row.name))].join(", ")}`);
  console.log([...report.tiers].map(([tier, cases]) => `${tier}: ${cases} cases`).join("; "));
};

/** Prints the speed of silicon alone. */
const printSilicon = (vendor: Vendor, seed: number): void => {
  const count = 50_000;
  for (const mode of modes) {
    const { clock, busy } = oracleTimes(casesOf(mode, vendor, "integer", count, seed, "here").make(count).cases);
    const rate = (seconds: number): string => `${Math.round(count / seconds)} a second`;
    console.log(`silicon alone, ${mode}-bit: ${count} cases, ${rate(busy)} of processor time, ${rate(clock)} by the clock`);
  }
};

/** Several instructions in a row: of general registers, of all kinds. */
const mixtures: readonly (readonly [Scope, ...Scope[]])[] = [
  ["integer", "bits"],
  ["sse", "integer", "mmx", "x87"],
  ["avx", "sse", "sse4", "bits"],
];
/**
 * Cases of one subject in one mode before the next subject's turn. All subjects grow evenly until there are
 * enough cases or the time is over.
 */
const TURN = 100_000;

type Turn = readonly [string, (count: number, seed: number) => Promise<Report>];
const turns = (emulators: readonly Emulator[], wanted: readonly Scope[]): Turn[] =>
  modes.flatMap((mode) => [
    ...wanted.map((scope): Turn => [`${scope} ${mode}-bit`, (n, seed) => conform(emulators, mode, scope, n, seed)]),
    ...(wanted.includes("integer")
      ? [[`no instruction ${mode}-bit`, (n, seed) => conformInvalid(emulators, mode, Math.ceil(n / 10), seed)] satisfies Turn]
      : []),
    ...(wanted.includes("integer") && mode === 64
      ? [["mode switches", (n, seed) => conformSwitches(emulators, n, seed)] satisfies Turn]
      : []),
    ...(wanted.includes("integer") && mode !== 64
      ? [[`upper halves ${mode}-bit`, (n, seed) => conformUppers(emulators, mode, ["integer", "bits"], n, seed)] satisfies Turn]
      : []),
    ...mixtures
      .filter(([first]) => wanted.includes(first))
      .map((mixture): Turn => [`${mixture[0]} in sequences ${mode}-bit`, (n, seed) => conformSequences(emulators, mode, mixture, n, seed)]),
  ]);

const cpu = async (wanted: readonly Scope[], count: number, seed: number, onlyTiers: readonly Tier[]): Promise<boolean> => {
  const code = await freshCode();
  const vendor = siliconVendor();
  if (!vendor) throw new Error(`no model is of such a processor: ${cpuName()}`);
  const model = siliconModel();
  const emulators = onlyTiers.map((tier) => new Emulator(code, tier, model));
  const sum = emptyReport();
  const began = Date.now();
  let stopped = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => (stopped = true));
  const all = turns(emulators, wanted);
  const turn = Math.min(TURN, Math.ceil(count / all.length));
  const others = onlyTiers.slice(1).map((tier) => `${tier} every ${SHARE}th of them`);
  console.log(`${onlyTiers[0]} runs every case${others.map((x) => `, ${x}`).join("")}; seed ${seed}; ${model} on ${cpuName()}`);
  printSilicon(vendor, seed);
  for (let round = 0; total(sum.table).cases < count && !stopped; round++) {
    for (const [name, run] of all) {
      if (stopped) break;
      const report = await run(turn, seed + round);
      addReport(sum, report);
      if (total(report.table).wrong > 0 || round === 0) printTotals(name, report);
      printWrong(report.table);
    }
    const { cases } = total(sum.table);
    printTotals(`after ${Math.round((Date.now() - began) / 1000)} s, ${Math.round((1000 * cases) / (Date.now() - began))} a second`, sum);
  }
  printFamilies(sum, vendor);
  printRest(sum, vendor);
  printTotals("in all", sum);
  return total(sum.table).wrong === 0;
};

/** The whole opcode space once, and then random passes over it with more prefixes. */
const decoder = (passes: number, seed: number): boolean => {
  const judge = new DecoderJudge();
  const random = new Random(seed);
  const problems = new Map<string, { count: number; bytes: string }>();
  let judged = 0;
  const see = (mode: Mode, buffer: Uint8Array): void =>
    judge.judge(mode, buffer, (v, bytes) => {
      judged++;
      if (v.problem === undefined) return;
      const known = problems.get(`${mode}-bit ${v.mnemonic}: ${v.problem}`);
      if (known) known.count++;
      else problems.set(`${mode}-bit ${v.mnemonic}: ${v.problem}`, { count: 1, bytes: Buffer.from(bytes).toString("hex") });
    });
  for (const mode of modes) {
    for (const buffer of wholeSpace(mode, random)) see(mode, buffer);
    console.log(`decoder: the whole opcode space of ${mode}-bit code, ${judged} encodings so far, ${problems.size} kinds of difference`);
  }
  for (const mode of modes) {
    for (let n = 0; n < passes; n++) {
      for (const buffer of candidates(mode, false, random)) see(mode, buffer);
      for (const buffer of candidates(mode, true, random)) see(mode, buffer);
    }
  }
  for (const [what, { count, bytes }] of problems) console.log(`  ${bytes}  ${what} (${count} times)`);
  console.log(`decoder: ${judged} encodings judged, ${problems.size} kinds of difference`);
  return problems.size === 0;
};

/**
 * The disassembler by iced-x86, the encoder and the assembler by the decoder. A tenth of the decoder's
 * passes: each is slower.
 */
const text = (passes: number, seed: number): boolean => {
  const texts = new TextJudge();
  const encoder = new EncoderJudge();
  const random = new Random(seed);
  const problems: string[] = [];
  let [read, written] = [0, 0];
  for (const mode of modes) {
    for (let n = 0; n < passes; n++) {
      for (const buffer of [...candidates(mode, false, random), ...candidates(mode, true, random)]) {
        texts.judge(mode, buffer, (v, bytes) => {
          read++;
          if (!v.same) problems.push(`${mode}-bit ${Buffer.from(bytes).toString("hex")}: iced "${v.theirs}", ours "${v.ours}"`);
        });
        encoder.judge(mode, buffer, (problem) => {
          written++;
          if (problem !== undefined) problems.push(problem);
        });
      }
    }
  }
  for (const problem of problems.slice(0, 100)) console.log(`  ${problem}`);
  console.log(`disassembler: ${read} texts judged; encoder and assembler: ${written} fixed points; ${problems.length} problems`);
  return problems.length === 0;
};

const usage = `usage: npm run conformance:cpu -- [${scopes.join("|")}…] [${tiers.join("|")}…] [CASES [SEED]]
       npm run conformance:decoder -- [PASSES [SEED]]
       npm run conformance:record`;
const [command, ...words] = process.argv.slice(2);
const unknown = words.find((w) => !/^\d+$/.test(w) && !(command === "cpu" && ([...scopes, ...tiers] as readonly string[]).includes(w)));
if (unknown !== undefined) {
  const asked = unknown === "--help" || unknown === "-h";
  if (!asked) console.error(`unknown argument: ${unknown}`);
  console[asked ? "log" : "error"](usage);
  process.exit(asked ? 0 : 2);
}
const [first = 0, seed = 1] = words.filter((w) => /^\d+$/.test(w)).map(Number);
const named = <T extends string>(of: readonly T[], otherwise: readonly T[]): readonly T[] => {
  const found = of.filter((name) => words.includes(name));
  return found.length > 0 ? found : otherwise;
};
const commands: Readonly<Record<string, () => boolean | Promise<boolean>>> = {
  cpu: () => cpu(named(scopes, scopes), first || 20_000_000, seed, named(tiers, tiers)),
  record: async () => {
    console.log(await record());
    return true;
  },
  decoder: () => [decoder(first || 100, seed), text(Math.ceil((first || 100) / 10), seed)].every(Boolean),
};
const run = commands[command ?? ""];
if (!run) throw new Error("cpu, record or decoder?");
process.exitCode = (await run()) ? 0 : 1;
