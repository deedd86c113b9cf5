// Security modules: checks besides those of ids, modes and capabilities. Linux security/security.c,
// include/linux/lsm_hook_defs.h. A module restricts the tasks whose credentials have state of it; other tasks
// cost one comparison.
import type { Dentry, Path } from "../fs/vfs/dentry.ts";
import type { FileDescription } from "../fs/vfs/file.ts";
import type { Task } from "../task/task.ts";
import type { Cred } from "./cred.ts";
import { checkFile, checkTask, rightsOfOpen } from "./security-checks.ts";

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

/** Linux security_path_truncate(). */
export const mayTruncatePath = (task: Task, path: Path): number =>
  task.cred.security === undefined ? 0 : checkTask(task, "pathTruncate", path);
/** Linux security_path_mknod(), security_path_mkdir(), security_path_symlink(). */
export const mayMake = (task: Task, dir: Path, type: number): number =>
  task.cred.security === undefined ? 0 : checkTask(task, "pathMake", dir, type);
/** Linux security_path_unlink(), security_path_rmdir(). */
export const mayRemove = (task: Task, dir: Path, isDir: boolean): number =>
  task.cred.security === undefined ? 0 : checkTask(task, "pathRemove", dir, isDir);
/** Linux security_path_link(), security_path_rename(). */
export const mayRefer = (task: Task, reference: Reference): number =>
  task.cred.security === undefined ? 0 : checkTask(task, "pathRefer", reference);
/** Linux security_sb_mount() and its like. */
export const mayChangeMounts = (task: Task): number => (task.cred.security === undefined ? 0 : checkTask(task, "changeMounts"));
/** Linux security_socket_bind(), security_socket_connect(). */
export const mayUseAddress = (task: Task, family: number, address: Uint8Array, use: "bind" | "connect"): number =>
  task.cred.security === undefined ? 0 : checkTask(task, "socketAddress", family, address, use);
/** Linux security_unix_stream_connect(), security_unix_may_send(). */
export const mayReachAbstract = (task: Task, maker: SecurityState | undefined): number =>
  task.cred.security === undefined ? 0 : checkTask(task, "reachAbstract", maker);
/** Linux security_ptrace_access_check(). */
export const mayTrace = (task: Task, target: Task): boolean => task.cred.security === undefined || checkTask(task, "trace", target) === 0;
/** Linux security_task_kill(). */
export const maySignal = (task: Task, target: Cred | undefined): boolean =>
  task.cred.security === undefined || checkTask(task, "signal", target) === 0;
/** The numbers of the modules for a file that a task opens, or -errno. Undefined: no module restricts it. */
export const securityOfOpen = (task: Task, path: Path, purpose: Purpose): ReadonlyMap<string, number> | number | undefined =>
  task.cred.security === undefined ? undefined : rightsOfOpen(task, path, purpose);
/** Linux security_file_truncate(). */
export const mayTruncate = (task: Task, file: FileDescription): number =>
  file.security === undefined ? 0 : checkFile(task, file, "fileTruncate", file);
/** Linux security_file_ioctl(). */
export const mayIoctl = (task: Task, file: FileDescription, request: number): number =>
  file.security === undefined ? 0 : checkFile(task, file, "fileIoctl", file, request);
