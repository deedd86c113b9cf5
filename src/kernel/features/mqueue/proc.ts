// The files of /proc/sys/fs/mqueue. man 7 mq_overview; Linux ipc/mq_sysctl.c.

import type { Task } from "../../core/task.ts";
import { CAP, capableIn } from "../../cred/cred.ts";
import { field } from "../../fs/proc/sysctl/setting.ts";
import type { FixedTree } from "../../fs/proc/tree/fixed-tree.ts";
import type { ProcContent } from "../../fs/proc/tree/node.ts";
import { type MqueueLimits, mqueueOf } from "./mqueue.ts";

const INT_MAX = 0x7fff_ffff;
const mayWrite = ({ cred, namespaces: { ipc } }: Task): boolean => capableIn(cred, ipc.owner, CAP.SYS_RESOURCE);
const row = (key: keyof MqueueLimits, max: number): ProcContent =>
  field(({ kernel, namespaces: { ipc } }) => mqueueOf(kernel, ipc).limits, key, { min: 1, max, mayWrite });

/** The files. */
export const mqueueSettings: FixedTree = {
  msg_default: row("msg_default", 65536),
  msg_max: row("msg_max", 65536),
  msgsize_default: row("msgsize_default", 16 << 20),
  msgsize_max: row("msgsize_max", 16 << 20),
  queues_max: row("queues_max", INT_MAX),
};
