// /proc/sys/vm/unprivileged_userfaultfd.
import { Part } from "../../base/part.ts";
import type { Kernel } from "../../core/kernel.ts";
import { field } from "../../fs/proc/sysctl/setting.ts";
import type { FixedTree } from "../../fs/proc/tree/fixed-tree.ts";

const part = new Part<Kernel, { unprivileged: number }>("userfaultfd");
/** The setting: 1 if faults of system calls may be served without CAP_SYS_PTRACE. */
export const rightsOf = (kernel: Kernel): { unprivileged: number } => part.make(kernel, () => ({ unprivileged: 0 }));

/** The file. */
export const userfaultSettings = (kernel: Kernel): FixedTree => ({
  unprivileged_userfaultfd: field(() => rightsOf(kernel), "unprivileged", { min: 0, max: 1 }),
});
