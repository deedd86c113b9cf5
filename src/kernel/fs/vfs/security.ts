// Checks of files by security modules. Linux security/security.c. cred/security.ts has the other checks.
import type { Task } from "../../core/task.ts";
import { checkTask } from "../../cred/security-checks.ts";
import type { Dentry, Path } from "./dentry.ts";
import type { FileDescription } from "./file.ts";
import { checkFile, rightsOfOpen } from "./security-checks.ts";

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

declare module "../../cred/security.ts" {
  interface SecurityHooks {
    /**
     * open(2), execve(2): -errno, or a number that stays with the file for `fileTruncate` and
     * `fileIoctl`.
     */
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
  }
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
/** The numbers of the modules for a file that a task opens, or -errno. Undefined: no module restricts it. */
export const securityOfOpen = (task: Task, path: Path, purpose: Purpose): ReadonlyMap<string, number> | number | undefined =>
  task.cred.security === undefined ? undefined : rightsOfOpen(task, path, purpose);
/** Linux security_file_truncate(). */
export const mayTruncate = (task: Task, file: FileDescription): number =>
  file.security === undefined ? 0 : checkFile(task, file, "fileTruncate", file);
/** Linux security_file_ioctl(). */
export const mayIoctl = (task: Task, file: FileDescription, request: number): number =>
  file.security === undefined ? 0 : checkFile(task, file, "fileIoctl", file, request);
