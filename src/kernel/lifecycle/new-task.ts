// New tasks and processes with the members that all rooms add to them. Their types fail to compile here if a
// room declares a member that has no first value.
import type { AddressSpace } from "../../memory/space.ts";
import { initialLimits, type Rlimit } from "../base/rlimit.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { Kernel } from "../core/kernel.ts";
import { Process } from "../core/process.ts";
import { Task } from "../core/task.ts";
import type { Cred } from "../cred/cred.ts";
import type { FsContext } from "../fs/vfs/context.ts";
import type { FdTable } from "../fs/vfs/fd-table.ts";
import { firstNamespaces } from "../namespace/initial.ts";
import type { Namespaces } from "../namespace/set.ts";
import type { SignalActions } from "../signal/state/action.ts";
import type { PidNamespace } from "../task/pid-namespace.ts";
import { NO_PROGRAM } from "../task/program.ts";

/** What a new task shares or has of its own. Default of the namespaces: those of the first task. */
export interface TaskOrigin {
  readonly mem: AddressSpace;
  readonly files: FdTable;
  readonly fs: FsContext;
  readonly cred: Cred;
  readonly actions?: SignalActions;
  readonly tls?: Uint8Array<ArrayBuffer>;
  readonly pidNs?: PidNamespace;
  readonly namespaces?: Namespaces;
}

/** A new task. It is in no list yet. */
export const newTask = (kernel: Kernel, pid: number, process: Process, origin: TaskOrigin): Task => {
  const { files, fs, cred, pidNs = kernel.pidNamespace, namespaces = firstNamespaces(kernel) } = origin;
  return new Task(kernel, pid, process, origin, {
    files,
    fs,
    cred,
    program: NO_PROGRAM,
    incoming: undefined,
    call: undefined,
    resumes: undefined,
    restartBlock: undefined,
    trace: undefined,
    tracees: new Set(),
    debug: undefined,
    pidNs,
    childPidNs: pidNs,
    namespaces,
  });
};

/** What a new process inherits. Default: the limits and the group of its parent. */
export interface ProcessOrigin {
  readonly limits?: readonly Rlimit[];
  readonly cgroup?: Cgroup;
}

/** A new process without threads, in its group and among its parent's children. */
export const newProcess = (
  kernel: Kernel,
  pid: number,
  parent: Process | undefined,
  exitSignal: number,
  { limits = parent?.limits ?? initialLimits(), cgroup = parent?.cgroup ?? kernel.cgroups }: ProcessOrigin = {},
): Process => {
  const members = { cgroup, itimers: undefined, posixTimers: undefined, cpuLimit: undefined };
  const process = new Process(kernel, pid, parent, exitSignal, limits, members);
  cgroup.add(process);
  return process;
};
