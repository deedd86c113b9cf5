// `npm run test:scale`: a campaign of 16 shards as a job array of a real Slurm cluster, of which a node is
// lost on the way. The merge is that of a single process, byte for byte.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Cluster, ensureSlurm, until } from "./slurm.ts";

const top = fileURLToPath(new URL("../..", import.meta.url));
const KIND = "policy";
const SEEDS = "1..4800";
const SHARDS = 16;
const MINUTES = "5";
/** Seconds for the shards, on a busy machine. */
const PATIENCE = 240;

const campaign = (...args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "tools/campaign/main.ts", ...args], {
    cwd: top,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`campaign ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout.trim();
};

const begun = Date.now();
const say = (what: string): void => console.log(`${((Date.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${what}`);

/** Tasks of the array that are not done, by state. */
type Task = readonly [task: string, state: string, node: string, why: string];
const tasks = (cluster: Cluster, job: string): readonly Task[] =>
  cluster
    .ask("squeue", "--noheader", "--array", "--jobs", job, "--format=%K %T %N %R")
    .split("\n")
    .filter((line) => line !== "")
    // Without a node two spaces follow one another.
    .map((line) => line.split(" ") as [string, string, string, string]);

const wholeArray = async (cluster: Cluster, out: string): Promise<void> => {
  const script = join(top, "tools", "campaign", "deploy", "slurm.sh");
  const submitted = cluster.ask("sbatch", "--parsable", `--chdir=${top}`, "--output=/dev/null", script, KIND, SEEDS, MINUTES, out);
  const job = submitted.split(";")[0] as string;
  say(`job ${job}: ${SHARDS} shards`);
  const results = (): number => readdirSync(out).filter((name) => name.endsWith(".jsonl")).length;
  await until(
    "some shards are done",
    PATIENCE,
    () => results() >= 2 && tasks(cluster, job).some(([, state, node]) => state === "RUNNING" && node === "two"),
  );
  const lost = tasks(cluster, job).filter(([, state, node]) => state === "RUNNING" && node === "two");
  say(`${results()} shards are done; node two is lost, with shards ${lost.map(([task]) => Number(task) + 1).join(", ")}`);
  cluster.lose("two");
  await until("the controller queues the lost shards again", 150, () => {
    const now = new Map(tasks(cluster, job).map(([task, state, node]) => [task, `${state} ${node}`]));
    return lost.every(([task]) => now.get(task) !== "RUNNING two");
  });
  say("their shards are queued again");
  // Slurm lets a job that it queues again wait for two minutes: this cluster has no other work.
  const begin = ([task, , , why]: Task): void => {
    if (why === "(BeginTime)") cluster.ask("scontrol", "update", `JobId=${job}_${task}`, "StartTime=now");
  };
  await until("all shards are done", PATIENCE, () => {
    const left = tasks(cluster, job);
    left.forEach(begin);
    return left.length === 0;
  });
  say(`${results()} shards are done`);
};

const main = async (): Promise<void> => {
  ensureSlurm();
  const folder = mkdtempSync(join(tmpdir(), "scale-"));
  const [array, single, merged] = ["array", "single", "merged"].map((name) => join(folder, name)) as [string, string, string];
  mkdirSync(array);
  mkdirSync(join(folder, "cluster"));
  const cluster = new Cluster(join(folder, "cluster"), ["one", "two"]);
  try {
    await cluster.begin();
    say("a controller and two nodes");
    await wholeArray(cluster, array);
    say(campaign("merge", array, "--out", join(merged, "array")));
    campaign(KIND, "--seed", SEEDS, "--minutes", MINUTES, "--out", single);
    say(campaign("merge", single, "--out", join(merged, "single")));
    const [a, b] = ["array", "single"].map((name) => readdirSync(join(merged, name)).join()) as [string, string];
    if (a !== b || a === "") throw new Error(`the merge of the array is ${a}, that of a single process ${b}`);
    say(`equal: ${a}`);
  } catch (error) {
    console.error(["controller", "one", "two"].map((name) => `${name}:\n${cluster.log(name)}`).join("\n"));
    throw error;
  } finally {
    await cluster.end();
    rmSync(folder, { recursive: true, force: true });
  }
};
await main();
