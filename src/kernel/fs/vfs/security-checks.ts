// The calls of security modules for files, loaded with the first restricted task. Linux security/security.c
// call_int_hook().
import type { Task } from "../../core/task.ts";
import type { AnyCheck, CheckArguments } from "../../cred/security-checks.ts";
import type { Path } from "./dentry.ts";
import type { FileDescription } from "./file.ts";
import type { Purpose } from "./security.ts";

type FileHook = "fileTruncate" | "fileIoctl";

/** The first error of the modules with a number for the file. */
export const checkFile = <K extends FileHook>(task: Task, { security }: FileDescription, hook: K, ...args: CheckArguments<K>): number => {
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
