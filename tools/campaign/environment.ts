// The shard of a job, from environment variables of systems that run many jobs.
//   Kubernetes, Indexed Job: JOB_COMPLETION_INDEX from 0; the count comes from SHARDS or --shards
//   GitLab CI, `parallel`: CI_NODE_INDEX from 1, CI_NODE_TOTAL
//   Slurm, job array: SLURM_ARRAY_TASK_ID, _MIN, _COUNT

import { shard } from "../../src/cli/shard.ts";
import type { Shard } from "../../src/machine/shard.ts";
import { Problem } from "../../src/problem.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const count = (text: string | undefined, name: string): number => {
  if (text === undefined)
    throw new Problem("usage", `${name} is set, but not how many shards there are`, { help: "say --shards N, or set SHARDS" });
  return Number(text);
};

/** `shards`: how many, for engines that do not say. One shard if nothing says otherwise. */
export const shardOf = (environment: Environment, shards?: string): Shard => {
  const {
    JOB_COMPLETION_INDEX: index,
    CI_NODE_INDEX: node,
    CI_NODE_TOTAL: total,
    SLURM_ARRAY_TASK_ID: task,
    SLURM_ARRAY_TASK_COUNT: tasks,
    SLURM_ARRAY_TASK_MIN: first = "0",
    SHARDS = shards,
  } = environment;
  if (index !== undefined) return shard(`${Number(index) + 1}/${count(shards ?? SHARDS, "JOB_COMPLETION_INDEX")}`, "JOB_COMPLETION_INDEX");
  if (node !== undefined) return shard(`${node}/${count(shards ?? total, "CI_NODE_INDEX")}`, "CI_NODE_INDEX");
  if (task !== undefined)
    return shard(`${Number(task) - Number(first) + 1}/${count(shards ?? tasks, "SLURM_ARRAY_TASK_ID")}`, "SLURM_ARRAY_TASK_ID");
  return { number: 1, of: 1 };
};
