// The start of a program from outside, for the machine's owner: a shell's fork and execve in one step.

import { E } from "../../abi/errno.ts";
import { layoutFor } from "../../memory/layout.ts";
import { AddressSpace } from "../../memory/space.ts";
import { entryWork } from "../base/pending-work.ts";
import { sizes } from "../base/sizes.ts";
import type { Kernel } from "../core/kernel.ts";
import type { Process } from "../core/process.ts";
import type { Task } from "../core/task.ts";
import { endParts } from "../core/task-part.ts";
import { type Cred, credOf } from "../cred/cred.ts";
import { listOf } from "../exec/strings.ts";
import { FsContext } from "../fs/vfs/context.ts";
import { FdTable } from "../fs/vfs/fd-table.ts";
import type { FileDescription } from "../fs/vfs/file.ts";
import { MountNamespace } from "../fs/vfs/mount.ts";
import { resolve } from "../fs/vfs/resolve.ts";
import { checksCalls } from "../observer.ts";
import { SIG } from "../signal/state/set.ts";
import { type ExecArguments, execute } from "./exec.ts";
import { startInit } from "./init.ts";
import { newProcess, newTask } from "./new-task.ts";

/** A program that the machine starts, without a parent in the guest. */
export interface SpawnRequest {
  /** Byte strings. A path without a slash is searched in the directories of envp's PATH, as in execvp(3). */
  readonly path: string;
  readonly argv: readonly string[];
  readonly envp: readonly string[];
  /** Descriptors 0, 1, 2, … */
  readonly files: readonly FileDescription[];
  readonly cwd?: string;
  readonly cred?: Cred;
  /** The new process leads its own session; otherwise it belongs to that of process 1. Default true. */
  readonly session?: boolean;
}

/** The new process, ready to run, or -errno; after an error nothing of it remains. */
export const spawn = (kernel: Kernel, request: SpawnRequest): Process | number => {
  const root = MountNamespace.cross(kernel.vfs.namespace.root.path);
  startInit(kernel);
  const pid = kernel.newPid();
  const process = newProcess(kernel, pid, kernel.init, SIG.SIGCHLD);
  if (request.session !== false) process.pgid = process.sid = pid;
  const mem = new AddressSpace(kernel.frames, layoutFor(64, 8 << 20));
  const task = newTask(kernel, pid, process, {
    mem,
    files: new FdTable(),
    fs: new FsContext(root, root),
    cred: request.cred ?? credOf(0, 0),
  });
  process.leader = task;
  process.threads.push(task);
  kernel.tasks.set(pid, task);
  kernel.processes.set(pid, process);
  request.files.forEach((file) => {
    task.files.install(file, Infinity);
  });
  const path = start(task, request);
  if (typeof path === "number") {
    abandon(task);
    return path;
  }
  if (checksCalls(kernel)) task.entryWork |= entryWork.observer;
  kernel.observer?.started?.(task, undefined);
  kernel.observer?.executed?.(task, path, request.argv, request.envp);
  kernel.scheduler.start(task);
  return process;
};

/** The path that was executed, or -errno. */
const start = (task: Task, request: SpawnRequest): string | number => {
  const cwd = resolve(task, task.fs.root, request.cwd ?? "/");
  if (typeof cwd === "number") return cwd;
  task.fs.cwd = cwd;
  let worst = -E.ENOENT;
  const strings = { argv: listOf(request.argv), envp: listOf(request.envp) };
  const search = request.envp.findLast((entry) => entry.startsWith("PATH="))?.slice("PATH=".length);
  for (const name of candidates(request.path, search)) {
    const failed = tryOne(task, name, strings);
    if (failed === 0) return name;
    if (!goOn.has(failed)) return failed;
    // EACCES of a file that exists is reported if no other file is found.
    if (failed === -E.EACCES || request.path.includes("/")) worst = failed;
  }
  return worst;
};

/** man 3 exec, "Special semantics for execlp() and execvp()" */
const goOn: ReadonlySet<number> = new Set([-E.ENOENT, -E.ENOTDIR, -E.EACCES]);
/** The names by which a program is looked up: a name without a slash in each folder of PATH. */
export const candidates = (path: string, search = ""): readonly string[] => {
  if (path.includes("/") || path === "") return [path];
  return search.split(":").map((folder) => (folder === "" ? path : `${folder}/${path}`));
};

const tryOne = (task: Task, name: string, strings: ExecArguments): number => {
  const path = resolve(task, task.fs.cwd, name);
  if (typeof path === "number") return path;
  task.kernel.scheduler.switchTo(task);
  const result = execute(task, { path, name }, strings);
  if (typeof result === "number") return result;
  return "interrupted" in result ? -E.EAGAIN : 0;
};

const abandon = (task: Task): void => {
  const { kernel, process } = task;
  kernel.scheduler.forget(task);
  endParts(task);
  task.files.drop();
  task.mem.release();
  task.program.drop();
  kernel.tasks.delete(task.pid);
  kernel.processes.delete(process.pid);
  process.cgroup.delete(process);
  kernel.init.children.delete(process);
  kernel.frames.account.give(sizes.process + sizes.task);
};
