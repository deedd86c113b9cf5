// `npm run conformance:cpu -- [scope] [cases] [seed]`: instructions on the silicon under us and on both tiers, in full.
// `npm run conformance:decoder -- [passes] [seed]`: the decoder judged by iced-x86, in full.
import { freshCode } from "./code.ts";
import { conform, type Table, total } from "./conform.ts";
import { DecoderJudge } from "./decoder.ts";
import { Emulator, tiers } from "./emulate.ts";
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

const cpu = async (wanted: readonly Scope[], count: number, seed: number): Promise<boolean> => {
  const code = await freshCode();
  let good = true;
  for (const tier of tiers) {
    const emulator = new Emulator(code, tier);
    for (const scope of wanted) {
      for (const mode of modes) {
        const table = conform(emulator, mode, scope, tier !== "handlers" ? Math.ceil(count / 10) : count, seed);
        const { cases, wrong, unlike, unjudged } = total(table);
        const kinds = `${table.size} mnemonics`.padStart(14);
        console.log(
          `${tier.padEnd(9)} ${scope.padEnd(8)} ${mode}-bit ${kinds} ${String(cases).padStart(9)} cases: ${wrong} wrong, ${unjudged} not judged, ${percent(unlike, cases)} unlike where undefined`,
        );
        printWrong(table);
        good &&= wrong === 0;
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

const [command, ...rest] = process.argv.slice(2);
const isScope = (s: string | undefined): s is Scope => scopes.includes(s as Scope);
if (command === "cpu") {
  const [scope, ...numbers] = isScope(rest[0]) ? rest : [undefined, ...rest];
  process.exitCode = (await cpu(
    isScope(scope) ? [scope] : scopes.filter((s) => !later.has(s)),
    Number(numbers[0] ?? 1_000_000),
    Number(numbers[1] ?? 1),
  ))
    ? 0
    : 1;
} else if (command === "decoder") process.exitCode = decoder(Number(rest[0] ?? 100), Number(rest[1] ?? 1)) ? 0 : 1;
else throw new Error("cpu or decoder?");
