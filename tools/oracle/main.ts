// `npm run conformance:cpu -- [scope…] [tier…] [cases] [seed]`: instructions on the silicon under us and on every tier, in full.
// `npm run conformance:decoder -- [passes] [seed]`: the decoder judged by iced-x86, in full.
import { freshCode } from "./code.ts";
import { conform, conformInvalid, conformSequences, type Table, total } from "./conform.ts";
import { DecoderJudge } from "./decoder.ts";
import { Emulator, type Tier, tiers } from "./emulate.ts";
import { candidates } from "./encodings.ts";
import { Random } from "./random.ts";
import { later, type Scope, scopes } from "./scope.ts";
import { modes } from "./world.ts";

const percent = (n: number, of: number): string => `${((100 * n) / Math.max(1, of)).toFixed(2)} %`;

const printWrong = (table: Table): void => {
  for (const [name, t] of [...table].sort((a, b) => b[1].wrong - a[1].wrong)) {
    if (t.wrong === 0) continue;
    console.log(`    ${name}: ${t.wrong} of ${t.cases}`);
    for (const x of t.examples) {
      if (process.env["VERBOSE"])
        console.log(["before", "there", "here"].map((when, n) => `        ${when}: ${x.registers[n]}`).join("\n"));
      const differences = x.differences.map((d) => `${d.field}: ${d.silicon} there, ${d.ours} here`).join("; ");
      console.log(`      ${x.code}  ${x.text}  (seed ${x.seed}, case ${x.id}): ${differences}`);
    }
  }
};

const report = (tier: string, what: string, mode: number, table: Table): boolean => {
  const { cases, wrong, unlike, unjudged } = total(table);
  const kinds = `${table.size} kinds`.padStart(9);
  const figures = `${wrong} wrong, ${unjudged} not judged, ${percent(unlike, cases)} unlike where undefined`;
  console.log(`${tier.padEnd(9)} ${what.padEnd(22)} ${mode}-bit ${kinds} ${String(cases).padStart(9)} cases: ${figures}`);
  printWrong(table);
  return wrong === 0;
};

/** Several instructions in a row: of general registers, of all kinds. */
const mixtures: readonly (readonly [Scope, ...Scope[]])[] = [
  ["integer", "bits"],
  ["sse", "integer", "mmx", "x87"],
];

const cpu = async (wanted: readonly Scope[], count: number, seed: number, onlyTiers: readonly Tier[]): Promise<boolean> => {
  const code = await freshCode();
  let good = true;
  for (const tier of onlyTiers) {
    const emulator = new Emulator(code, tier);
    const cases = tier === "handlers" ? count : Math.ceil(count / 10);
    for (const mode of modes) {
      for (const scope of wanted) good = report(tier, scope, mode, conform(emulator, mode, scope, cases, seed)) && good;
      if (wanted.includes("integer"))
        good = report(tier, "no instruction", mode, conformInvalid(emulator, mode, Math.ceil(cases / 10), seed)) && good;
      for (const mixture of mixtures) {
        if (wanted.includes(mixture[0]))
          good = report(tier, `${mixture[0]} in sequences`, mode, conformSequences(emulator, mode, mixture, cases, seed)) && good;
      }
    }
  }
  return good;
};

const decoder = (passes: number, seed: number): boolean => {
  const judge = new DecoderJudge();
  const random = new Random(seed);
  const problems = new Map<string, { count: number; bytes: string }>();
  let judged = 0;
  for (const mode of modes) {
    for (let n = 0; n < passes; n++) {
      for (const buffer of candidates(mode, false, random)) {
        judge.judge(mode, buffer, (v, bytes) => {
          judged++;
          if (v.problem === undefined || later.has(v.scope)) return;
          const known = problems.get(`${mode}-bit ${v.mnemonic}: ${v.problem}`);
          if (known) known.count++;
          else problems.set(`${mode}-bit ${v.mnemonic}: ${v.problem}`, { count: 1, bytes: Buffer.from(bytes).toString("hex") });
        });
      }
    }
  }
  for (const [what, { count, bytes }] of problems) console.log(`  ${bytes}  ${what} (${count} times)`);
  console.log(`decoder: ${judged} encodings judged, ${problems.size} kinds of difference`);
  return problems.size === 0;
};

const [command, ...words] = process.argv.slice(2);
const [first = 0, seed = 1] = words.filter((w) => /^\d+$/.test(w)).map(Number);
const named = <T extends string>(of: readonly T[], otherwise: readonly T[]): readonly T[] => {
  const found = of.filter((name) => words.includes(name));
  return found.length > 0 ? found : otherwise;
};
const withRows = scopes.filter((s) => !later.has(s));
const commands: Readonly<Record<string, () => boolean | Promise<boolean>>> = {
  cpu: () => cpu(named(scopes, withRows), first || 1_000_000, seed, named(tiers, tiers)),
  decoder: () => decoder(first || 100, seed),
};
const run = commands[command ?? ""];
if (!run) throw new Error("cpu or decoder?");
process.exitCode = (await run()) ? 0 : 1;
