// A campaign: the seeds of a shard one after the other, until they or the time are used up; findings are made
// small and written down.
import { inShard, type Shard } from "../../src/machine/shard.ts";
import { Random } from "../oracle/random.ts";
import type { Kind } from "./kind.ts";
import { type KindName, kinds } from "./kinds.ts";
import { minimise } from "./minimise.ts";
import { Worker } from "./pool.ts";
import { writeReproducer } from "./reproducer.ts";
import type { SeedRecord } from "./results.ts";
import type { Answer } from "./worker.ts";

export interface CampaignOptions {
  readonly kind: KindName;
  readonly seeds: readonly [number, number];
  readonly shard: Shard;
  readonly minutes: number;
  readonly jobs: number;
  /** The folder of reproducers. */
  readonly folder: string;
  readonly say: (line: string) => void;
}
export interface CampaignResult {
  readonly records: readonly SeedRecord[];
  /** Paths of reproducers. */
  readonly findings: readonly string[];
  readonly complete: boolean;
}

const MINUTE = 60_000;
/**
 * Limits of the minimiser. More than `findings` of one law are written as they come, because they probably
 * have one cause.
 */
const MINIMISE = { tries: 400, milliseconds: 60_000, findings: 3 } as const;

/** The smallest input within these limits that breaks the same law, with its finding. */
const smaller = async (kind: Kind, worker: Worker, input: unknown, answer: Answer): Promise<{ input: unknown; answer: Answer }> => {
  let best = { input, answer };
  const { parts } = kind;
  const rule = answer.finding?.rule;
  if (!parts) return best;
  const breaks = async (some: readonly unknown[]): Promise<boolean> => {
    const candidate = parts.with(input, some);
    const got = await worker.ask({ input: candidate });
    if (got.finding?.rule !== rule) return false;
    best = { input: candidate, answer: got };
    return true;
  };
  await minimise(parts.of(input), breaks, { tries: MINIMISE.tries, until: Date.now() + MINIMISE.milliseconds });
  return best;
};

class Campaign {
  readonly options: CampaignOptions;
  readonly #kind: Kind;
  readonly #until: number;
  readonly #seeds: Iterator<number>;
  readonly records: SeedRecord[] = [];
  readonly findings: string[] = [];
  exhausted = false;

  constructor(options: CampaignOptions, kind: Kind) {
    this.options = options;
    this.#kind = kind;
    this.#until = Date.now() + options.minutes * MINUTE;
    this.#seeds = seedsOf(options);
  }
  /** Tries the input again. A finding that does not come again may be the host's. */
  async #report(worker: Worker, seed: number, answer: Answer): Promise<void> {
    const { finding } = answer;
    if (!finding) return;
    const before = this.records.filter((record) => record.finding === finding.rule).length - 1;
    const drawn = answer.input ?? this.#kind.draw(new Random(seed));
    const small = before < MINIMISE.findings ? await smaller(this.#kind, worker, drawn, answer) : { input: drawn, answer };
    const { rule, expected, seen } = small.answer.finding ?? finding;
    const file = writeReproducer(this.options.folder, { kind: this.options.kind, seed, rule, expected, seen, input: small.input });
    this.findings.push(file);
    this.options.say(`seed ${seed}: not so: ${rule}\n  expected: ${expected}\n  seen: ${seen}\n  npm run campaign -- --replay ${file}`);
  }
  async run(worker: Worker): Promise<void> {
    try {
      for (;;) {
        if (Date.now() > this.#until) return;
        const { value: seed, done } = this.#seeds.next();
        if (done) {
          this.exhausted = true;
          return;
        }
        const answer = await worker.ask({ seed });
        const { inputs, digest, finding } = answer;
        this.records.push({ seed, inputs, digest, ...(finding ? { finding: finding.rule } : {}) });
        await this.#report(worker, seed, answer);
      }
    } finally {
      worker.end();
    }
  }
}

function* seedsOf({ seeds: [first, last], shard }: CampaignOptions): Generator<number, undefined> {
  for (let seed = first; seed <= last; seed++) if (inShard(shard, seed - first)) yield seed;
  return undefined;
}

export const runCampaign = async (options: CampaignOptions): Promise<CampaignResult> => {
  const kind = await kinds[options.kind]();
  kind.needs?.();
  const campaign = new Campaign(options, kind);
  const workers = Array.from({ length: options.jobs }, () => new Worker(options.kind, kind.bounds));
  await Promise.all(workers.map((worker) => campaign.run(worker)));
  return { records: campaign.records, findings: campaign.findings, complete: campaign.exhausted };
};
