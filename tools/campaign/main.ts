// `npm run campaign`: random inputs of one kind after the other, on one machine or many.
// docs/howto/campaign.md
import { parseArgs } from "node:util";
import { integer, oneOf, seconds } from "../../src/cli/arguments.ts";
import { shard } from "../../src/cli/shard.ts";
import { Problem } from "../../src/problem.ts";
import { runCampaign } from "./campaign.ts";
import { shardOf } from "./environment.ts";
import { type KindName, kindNames, kinds } from "./kinds.ts";
import { readReproducer, replay } from "./reproducer.ts";
import { merge, writeResults } from "./results.ts";
import { work } from "./worker.ts";

const options = {
  seed: { type: "string", default: "1..1000000" },
  minutes: { type: "string", default: "10" },
  jobs: { type: "string", default: "1" },
  out: { type: "string", default: ".cache/campaign" },
  shard: { type: "string" },
  shards: { type: "string" },
  replay: { type: "string", multiple: true },
  help: { type: "boolean", short: "h" },
} as const;
/** Seeds that no time box comes to the end of. */
const MANY = 999_999;
const HELP = "see npm run campaign -- --help";
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const help = async (): Promise<number> => {
  print(`usage: npm run campaign -- KIND [--seed A..B] [--minutes N] [--jobs N] [--shard I/N | --shards N] [--out DIR]
       npm run campaign -- merge DIR… [--out DIR]
       npm run campaign -- --replay FILE…

  --seed A..B     seeds, one input or one batch of inputs each (default: ${options.seed.default}); one seed: A; from A on: A..
  --minutes N     stop after this time (default: ${options.minutes.default})
  --jobs N        worker processes (default: ${options.jobs.default})
  --shard I/N     only this part of the seeds; else JOB_COMPLETION_INDEX, CI_NODE_INDEX or SLURM_ARRAY_TASK_ID say which
  --shards N      how many there are, where the engine does not say it (Kubernetes); also SHARDS
  --out DIR       results (DIR/HASH.jsonl) and reproducers (DIR/findings) (default: ${options.out.default})
  --replay FILE   try the input of a reproducer again; exit status 1 if it still breaks a law

kinds:`);
  for (const name of kindNames) print(`  ${name.padEnd(12)}${(await kinds[name]()).summary}`);
  print(`  ${"all".padEnd(12)}each of them, for --minutes each`);
  return 0;
};

const seedsOf = (text: string): readonly [number, number] => {
  const [first = "", last = first, more] = text.split("..");
  const from = integer(first, "--seed");
  const seeds = [from, last === "" ? from + MANY : integer(last, "--seed")] as const;
  if (more !== undefined || seeds[0] > seeds[1])
    throw new Problem("usage", `--seed wants A..B with A at most B, not "${text}"`, { help: HELP });
  return seeds;
};

const replayAll = async (files: readonly string[]): Promise<number> => {
  let bad = 0;
  for (const file of files) {
    const { finding } = await replay(readReproducer(file));
    if (finding) bad++;
    print(finding ? `${file}: not so: ${finding.rule}\n  expected: ${finding.expected}\n  seen: ${finding.seen}` : `${file}: holds`);
  }
  return bad === 0 ? 0 : 1;
};

const mergeAll = (folders: readonly string[], out: string | undefined): number => {
  if (folders.length === 0) throw new Problem("usage", "merge wants folders", { help: HELP });
  let whole = true;
  for (const { work, records, missingShards, missingSeeds, contradictions } of merge(folders)) {
    const inputs = records.reduce((n, r) => n + r.inputs, 0);
    const findings = records.filter((r) => r.finding !== undefined);
    print(`${work.kind} ${work.seeds.join("..")}: ${records.length} seeds, ${inputs} inputs, ${findings.length} findings`);
    for (const { seed, finding } of findings) print(`  seed ${seed}: not so: ${finding}`);
    if (missingShards.length > 0) print(`  missing: ${missingSeeds.length} seeds, of shards ${missingShards.join(", ")}`);
    if (contradictions.length > 0) print(`  results differ between runs: seeds ${contradictions.slice(0, 20).join(", ")}`);
    if (out !== undefined) print(`  ${writeResults(out, { header: work, records })}`);
    whole &&= missingSeeds.length === 0 && contradictions.length === 0;
  }
  return whole ? 0 : 1;
};

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];

/** The shard's seeds of one kind; how many findings. */
const run = async (kind: KindName, values: Values): Promise<number> => {
  const seeds = seedsOf(values.seed ?? options.seed.default);
  const { number, of } = values.shard === undefined ? shardOf(process.env, values.shards) : shard(values.shard);
  const minutes = seconds(values.minutes ?? options.minutes.default, "--minutes");
  const jobs = Math.max(1, integer(values.jobs ?? options.jobs.default, "--jobs"));
  const out = values.out ?? options.out.default;
  const begun = Date.now();
  const result = await runCampaign({ kind, seeds, shard: { number, of }, minutes, jobs, folder: `${out}/findings`, say: print });
  const { records, findings, complete } = result;
  const file = writeResults(out, { header: { kind, seeds, shard: [number, of] }, records });
  const inputs = records.reduce((n, r) => n + r.inputs, 0);
  const took = ((Date.now() - begun) / 1000).toFixed(0);
  print(
    `${kind}, shard ${number}/${of}: ${records.length} seeds${complete ? "" : " (time is up)"}, ${inputs} inputs in ${took} s, ${findings.length} findings`,
  );
  print(`  ${file}`);
  return findings.length;
};

const main = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [name, ...rest] = positionals;
  if (values.replay) return replayAll([...values.replay, ...positionals]);
  if (values.help || name === undefined) return help();
  if (name === "merge") return mergeAll(rest, args.some((a) => a.startsWith("--out")) ? values.out : undefined);
  if (name === "worker") {
    work(await kinds[oneOf(rest[0] ?? "", kindNames, "worker")]());
    return 0;
  }
  const wanted = name === "all" ? kindNames : [oneOf(name, kindNames, "campaign")];
  let findings = 0;
  for (const kind of wanted) findings += await run(kind, values);
  return findings === 0 ? 0 : 1;
};

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const known =
    error instanceof Problem || (error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS"));
  if (!known) throw error;
  const { message, help: more } = error as Error & { readonly help?: string };
  process.stderr.write(`campaign: ${message}${more === undefined ? "" : ` (${more})`}\n`);
  process.exitCode = 2;
}
