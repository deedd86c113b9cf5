// Process 1: it adopts orphans, and no program runs in it. Its task always sleeps, so that a
// search for process 1 (in /proc, by kill, setns, sched_getparam) finds one. It looks like a kernel thread.

import { layoutFor } from "../../memory/layout.ts";
import { AddressSpace } from "../../memory/space.ts";
import { wait } from "../base/wait.ts";
import type { Kernel } from "../core/kernel.ts";
import { credOf } from "../cred/cred.ts";
import { FsContext } from "../fs/vfs/context.ts";
import { FdTable } from "../fs/vfs/fd-table.ts";
import { MountNamespace } from "../fs/vfs/mount.ts";
import { newTask } from "./new-task.ts";

/**
 * Makes the task of process 1, at the start of a machine's first program. Signals to it are dropped
 * (send.ts).
 */
export const startInit = (kernel: Kernel): void => {
  const { init } = kernel;
  if (kernel.tasks.has(init.pid)) return;
  const root = MountNamespace.cross(kernel.vfs.namespace.root.path);
  const task = newTask(kernel, init.pid, init, {
    mem: new AddressSpace(kernel.frames, layoutFor(64, 8 << 20)),
    files: new FdTable(),
    fs: new FsContext(root, root),
    cred: credOf(0, 0),
  });
  task.comm = "init";
  task.state = "sleeping";
  task.waiting = wait([]);
  init.leader = task;
  kernel.tasks.set(task.pid, task);
};
