// Security modules: checks besides those of ids, modes and capabilities. Linux security/security.c,
// include/linux/lsm_hook_defs.h. A module restricts the tasks whose credentials have state of it; other tasks
// cost one comparison.
import type { Dentry, Path } from "../fs/vfs/dentry.ts";
import type { FileDescription } from "../fs/vfs/file.ts";
import type { Task } from "../task/task.ts";
import type { Cred } from "./cred.ts";

/** The state of modules in credentials, by name of the module. */
export type SecurityState = Readonly<Record<string, object>>;

/** The purpose of an open. `executes`: execve(2), which also reads. */
export interface Purpose {
  readonly reads: boolean;
  readonly writes: boolean;
  readonly executes?: boolean;
}
/** A link or rename. `to` is the replaced name, if any; `removes` is false for a link. */
export interface Reference {
  readonly from: Dentry;
  readonly dir: Path;
  readonly to: Dentry | undefined;
  readonly removes: boolean;
  readonly exchange: boolean;
}

/** A module. */
export interface SecurityModule {
  /** The key of its state in credentials and open files. */
  readonly name: string;
  /** LSM_ID_*, for lsm_list_modules(2). */
  readonly id: number;
  /** Its checks, loaded with the first restricted task. */
  readonly hooks: () => SecurityHooks;
}
/** The checks of a module: 0 or -errno. */
export interface SecurityHooks {
  /** open(2), execve(2): -errno, or a number that stays with the file for `fileTruncate` and `fileIoctl`. */
  fileOpen?(task: Task, path: Path, purpose: Purpose): number;
  /** ftruncate(2), O_TRUNC. */
  fileTruncate?(rights: number, file: FileDescription): number;
  fileIoctl?(rights: number, file: FileDescription, request: number): number;
  /** truncate(2). */
  pathTruncate?(task: Task, path: Path): number;
  /** A new name in `dir`. `type` is the S_IFMT part of the mode. */
  pathMake?(task: Task, dir: Path, type: number): number;
  /** unlink(2), rmdir(2). */
  pathRemove?(task: Task, dir: Path, isDir: boolean): number;
  /** link(2), rename(2). */
  pathRefer?(task: Task, reference: Reference): number;
  /** mount(2), umount2(2), move_mount(2), pivot_root(2). */
  changeMounts?(task: Task): number;
  /** bind(2), connect(2) of a TCP socket of `family`. `address` is the caller's, as far as it goes. */
  socketAddress?(task: Task, family: number, address: Uint8Array, use: "bind" | "connect"): number;
  /** A message or connection to an abstract Unix socket. `maker` is the state of its creator. */
  reachAbstract?(task: Task, maker: SecurityState | undefined): number;
  /** ptrace(2), and reading of the target's state. */
  trace?(task: Task, target: Task): number;
  /** A signal to another process. */
  signal?(task: Task, target: Cred | undefined): number;
}

type Check = (hooks: SecurityHooks, name: string) => number | undefined;

/** The first error of the modules with a key in `states`. Linux call_int_hook(). */
const first = (task: Task, has: (name: string) => boolean, check: Check): number => {
  for (const { name, hooks } of task.kernel.securityModules) {
    const result = has(name) ? (check(hooks(), name) ?? 0) : 0;
    if (result < 0) return result;
  }
  return 0;
};
const ofTask = (task: Task, check: Check): number => {
  const { security } = task.cred;
  return security === undefined ? 0 : first(task, (name) => Object.hasOwn(security, name), check);
};

/** Linux security_path_truncate(). */
export const mayTruncatePath = (task: Task, path: Path): number =>
  task.cred.security === undefined ? 0 : ofTask(task, (hooks) => hooks.pathTruncate?.(task, path));
/** Linux security_path_mknod(), security_path_mkdir(), security_path_symlink(). */
export const mayMake = (task: Task, dir: Path, type: number): number =>
  task.cred.security === undefined ? 0 : ofTask(task, (hooks) => hooks.pathMake?.(task, dir, type));
/** Linux security_path_unlink(), security_path_rmdir(). */
export const mayRemove = (task: Task, dir: Path, isDir: boolean): number =>
  task.cred.security === undefined ? 0 : ofTask(task, (hooks) => hooks.pathRemove?.(task, dir, isDir));
/** Linux security_path_link(), security_path_rename(). */
export const mayRefer = (task: Task, reference: Reference): number =>
  task.cred.security === undefined ? 0 : ofTask(task, (hooks) => hooks.pathRefer?.(task, reference));
/** Linux security_sb_mount() and its like. */
export const mayChangeMounts = (task: Task): number => ofTask(task, (hooks) => hooks.changeMounts?.(task));
/** Linux security_socket_bind(), security_socket_connect(). */
export const mayUseAddress = (task: Task, family: number, address: Uint8Array, use: "bind" | "connect"): number =>
  ofTask(task, (hooks) => hooks.socketAddress?.(task, family, address, use));
/** Linux security_unix_stream_connect(), security_unix_may_send(). */
export const mayReachAbstract = (task: Task, maker: SecurityState | undefined): number =>
  ofTask(task, (hooks) => hooks.reachAbstract?.(task, maker));
/** Linux security_ptrace_access_check(). */
export const mayTrace = (task: Task, target: Task): boolean => ofTask(task, (hooks) => hooks.trace?.(task, target)) === 0;
/** Linux security_task_kill(). */
export const maySignal = (task: Task, target: Cred | undefined): boolean => ofTask(task, (hooks) => hooks.signal?.(task, target)) === 0;

/** The numbers of the modules for a file that a task opens, or -errno. Undefined: no module restricts it. */
export const securityOfOpen = (task: Task, path: Path, purpose: Purpose): ReadonlyMap<string, number> | number | undefined => {
  if (task.cred.security === undefined) return undefined;
  const rights = new Map<string, number>();
  const refused = ofTask(task, (hooks, name) => {
    const result = hooks.fileOpen?.(task, path, purpose);
    if (result !== undefined && result >= 0) rights.set(name, result);
    return result;
  });
  return refused < 0 ? refused : rights;
};
const ofFile = (task: Task, { security }: FileDescription, check: (hooks: SecurityHooks, rights: number) => number | undefined): number =>
  security === undefined
    ? 0
    : first(
        task,
        (name) => security.has(name),
        (hooks, name) => check(hooks, security.get(name) as number),
      );
/** Linux security_file_truncate(). */
export const mayTruncate = (task: Task, file: FileDescription): number =>
  file.security === undefined ? 0 : ofFile(task, file, (hooks, rights) => hooks.fileTruncate?.(rights, file));
/** Linux security_file_ioctl(). */
export const mayIoctl = (task: Task, file: FileDescription, request: number): number =>
  file.security === undefined ? 0 : ofFile(task, file, (hooks, rights) => hooks.fileIoctl?.(rights, file, request));
