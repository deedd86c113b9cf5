// `npm run conformance:userland -- [--only NAME,…] [--arch amd64|i386] [--shard I/N] [--json FILE]`: scripts
// with Debian's programs, natively and inside, in the same roots. Roots are made on first use under
// .cache/userland (root, mmdebstrap).
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { judged, type Result, shown, summary } from "./judge.ts";
import { Roots } from "./roots.ts";
import { inside, natively } from "./run.ts";
import { type Architecture, architectures, type Group, groups, type Scenario } from "./scenario.ts";

const top = fileURLToPath(new URL("../..", import.meta.url));
const cache = join(top, ".cache/userland");

const { values } = parseArgs({
  options: {
    help: { type: "boolean", short: "h" },
    list: { type: "boolean" },
    only: { type: "string" },
    arch: { type: "string" },
    shard: { type: "string", default: "1/1" },
    json: { type: "string" },
    jobs: { type: "string", default: "1" },
    trapgate: { type: "string", default: join(top, "bin/trapgate.js") },
    "make-roots": { type: "boolean" },
    twice: { type: "boolean" },
    patience: { type: "string", default: "1" },
  },
});
if (values.help) {
  console.log(`usage: npm run conformance:userland -- [OPTION…]
  --only NAME,…      scenarios or groups with these names; each may be a regular expression
  --arch NAME        amd64 or i386 (default: both)
  --shard I/N        every Nth scenario, beginning with the Ith
  --json FILE        the results as JSON
  --jobs N           scenarios at a time (default: 1)
  --trapgate FILE    the command line that runs programs (default: bin/trapgate.js)
  --list             names only
  --make-roots       make the roots and stop
  --patience N       N times the time that scenarios have, on a machine with other work
  --twice            natively twice: a difference then is one of the scenario itself
The exit status is 0 if every scenario is the same inside or its difference is explained.`);
  process.exit(0);
}

interface Work {
  readonly group: Group;
  readonly scenario: Scenario;
  readonly architecture: Architecture;
}
const wanted = values.only?.split(",").map((pattern) => new RegExp(`^(${pattern})$`));
const shard = /^(\d+)\/(\d+)$/.exec(values.shard);
if (!shard || Number(shard[1]) < 1 || Number(shard[1]) > Number(shard[2])) throw new Error("--shard: I/N with 1 ≤ I ≤ N, such as 1/4");
if (values.arch !== undefined && !architectures.some((a) => a === values.arch)) throw new Error("--arch: amd64 or i386");
const patience = Number(values.patience);
if (!(patience > 0)) throw new Error("--patience: a number above 0");
const work: Work[] = groups
  .flatMap((group) =>
    group.scenarios.flatMap((scenario) =>
      scenario.architectures.map((architecture) => ({
        group,
        scenario: { ...scenario, seconds: scenario.seconds * patience },
        architecture,
      })),
    ),
  )
  .filter(({ architecture }) => values.arch === undefined || architecture === values.arch)
  .filter(({ group, scenario }) => wanted === undefined || wanted.some((w) => w.test(scenario.name) || w.test(group.name)))
  .filter((_, n) => n % Number(shard[2]) === Number(shard[1]) - 1);
if (work.length === 0) throw new Error(`no scenario is named so; there are ${groups.map((g) => g.name).join(", ")} (groups) and --list`);
if (values.list) {
  for (const { group, scenario, architecture } of work) console.log(`${group.name}\t${scenario.name}\t${architecture}\t${scenario.about}`);
  process.exit(0);
}

mkdirSync(cache, { recursive: true });
const roots = new Roots(cache, (text) => console.error(text));
if (process.getuid?.() !== 0) throw new Error("root makes the roots and the namespaces of native runs: run it as root");
for (const { group, architecture } of work) roots.of(group, architecture);
if (values["make-roots"]) process.exit(0);

const trapgate = [process.execPath, ...(values.trapgate.endsWith(".ts") ? ["--import", "tsx"] : []), resolve(values.trapgate)];
const results: Result[] = [];
const queue = [...work];
const worker = async (): Promise<void> => {
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { group, scenario, architecture } = next;
    const root = roots.of(group, architecture);
    const native = await natively(root, scenario);
    const second = values.twice ? natively(root, scenario) : inside(trapgate, root, scenario, ["--code-cache", join(cache, "code")]);
    const result = judged(scenario, architecture, native, await second);
    results.push(result);
    console.log(shown(result));
  }
};
await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, undefined, 1)}\n`);
console.log(summary(results));
process.exitCode = results.every((r) => r.verdict === "same" || r.verdict === "explained") ? 0 : 1;
