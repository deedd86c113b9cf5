// The calls of security modules, loaded with the first restricted task. Linux security/security.c
// call_int_hook().
import type { Path } from "../fs/vfs/dentry.ts";
import type { FileDescription } from "../fs/vfs/file.ts";
import type { Task } from "../task/task.ts";
import type { Purpose, SecurityHooks } from "./security.ts";

type FileHook = "fileTruncate" | "fileIoctl";
type TaskHook = Exclude<keyof SecurityHooks, FileHook | "fileOpen">;
/** The arguments of a check after the first one. */
type Rest<K extends keyof SecurityHooks> = Parameters<Required<SecurityHooks>[K]> extends [unknown, ...infer R] ? R : never;
type AnyCheck = ((...args: readonly unknown[]) => number) | undefined;

/** The first error of the modules with state in the task's credentials. */
export const checkTask = <K extends TaskHook>(task: Task, hook: K, ...args: Rest<K>): number => {
  for (const { name, hooks } of task.kernel.securityModules) {
    if (!Object.hasOwn(task.cred.security ?? {}, name)) continue;
    const result = (hooks()[hook] as AnyCheck)?.(task, ...args) ?? 0;
    if (result < 0) return result;
  }
  return 0;
};
/** The first error of the modules with a number for the file. */
export const checkFile = <K extends FileHook>(task: Task, { security }: FileDescription, hook: K, ...args: Rest<K>): number => {
  for (const { name, hooks } of task.kernel.securityModules) {
    const rights = security?.get(name);
    const result = rights === undefined ? 0 : ((hooks()[hook] as AnyCheck)?.(rights, ...args) ?? 0);
    if (result < 0) return result;
  }
  return 0;
};
/** The numbers of the modules for a file that a task opens, or -errno. */
export const rightsOfOpen = (task: Task, path: Path, purpose: Purpose): ReadonlyMap<string, number> | number => {
  const rights = new Map<string, number>();
  for (const { name, hooks } of task.kernel.securityModules) {
    const result = Object.hasOwn(task.cred.security ?? {}, name) ? hooks().fileOpen?.(task, path, purpose) : undefined;
    if (result === undefined) continue;
    if (result < 0) return result;
    rights.set(name, result);
  }
  return rights;
};
