// How early the memory killer would choose a process: oom_score, oom_score_adj, oom_adj. Linux
// fs/proc/base.c, mm/oom_kill.c oom_badness().

import { E } from "../../../../abi/errno.ts";
import { ofBytes } from "../../../base/byte-string.ts";
import type { Task } from "../../../core/task.ts";
import { CAP, capable } from "../../../cred/cred.ts";
import type { ProcContent } from "../tree/node.ts";

/** OOM_SCORE_ADJ_MIN and _MAX, and OOM_DISABLE and OOM_ADJUST_MAX of the older file. */
const SCORE = { min: -1000, max: 1000 } as const;
const OLDER = { disable: -17, most: 15 } as const;

const number = (bytes: Uint8Array): number => Number(ofBytes(bytes.subarray(0, 32)).trim());

/** Linux proc_oom_score(): a process without memory has none. */
const score = ({ process, mem, state, kernel }: Task): number => {
  if (state === "dead" || process.oomScoreAdj === SCORE.min) return 0;
  const { total } = kernel.frames;
  const badness = mem.usage().resident + process.oomScoreAdj * Math.trunc(total / SCORE.max);
  return Math.max(0, Math.trunc(((SCORE.max + Math.trunc((badness * SCORE.max) / total)) * 2) / 3));
};

/** /proc/PID/oom_score. */
export const oomScore = (target: Task): ProcContent => ({ read: () => `${score(target)}\n` });

/**
 * /proc/PID/oom_score_adj. Without CAP_SYS_RESOURCE a process goes down only as far as a privileged one has
 * brought it. Linux __set_oom_adj().
 */
export const oomScoreAdj = (target: Task): ProcContent => ({
  read: () => `${target.process.oomScoreAdj}\n`,
  write: (task, bytes) => {
    const value = number(bytes);
    if (!Number.isInteger(value) || value < SCORE.min || value > SCORE.max) return -E.EINVAL;
    const { process } = target;
    const privileged = capable(task.cred, CAP.SYS_RESOURCE);
    if (value < process.oomScoreAdjMin && !privileged) return -E.EACCES;
    process.oomScoreAdj = value;
    if (privileged) process.oomScoreAdjMin = value;
    return bytes.length;
  },
});

/** /proc/PID/oom_adj: the same setting on the scale from -17 to 15. Linux oom_adj_read(), oom_adj_write(). */
export const oomAdj = (target: Task): ProcContent => ({
  read: () => {
    const { oomScoreAdj: value } = target.process;
    const older = value === SCORE.max ? OLDER.most : Math.trunc((value * -OLDER.disable) / SCORE.max);
    return `${Math.min(OLDER.most, Math.max(OLDER.disable, older))}\n`;
  },
  write: (task, bytes) => {
    const older = number(bytes);
    if (!Number.isInteger(older) || older < OLDER.disable || older > OLDER.most) return -E.EINVAL;
    const value = older === OLDER.most ? SCORE.max : Math.trunc((older * SCORE.max) / -OLDER.disable);
    if (value < target.process.oomScoreAdj && !capable(task.cred, CAP.SYS_RESOURCE)) return -E.EACCES;
    target.process.oomScoreAdj = value;
    return bytes.length;
  },
});
