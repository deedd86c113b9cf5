// The calls of security modules, loaded with the first restricted task. Linux security/security.c
// call_int_hook().
import type { Task } from "../core/task.ts";
import type { SecurityHooks } from "./security.ts";

/** Checks of a task's rights. */
type TaskHook = { [K in keyof SecurityHooks]-?: Parameters<Required<SecurityHooks>[K]>[0] extends Task ? K : never }[keyof SecurityHooks];
/** The arguments of a check after the first one. */
export type CheckArguments<K extends keyof SecurityHooks> =
  Parameters<Required<SecurityHooks>[K]> extends [unknown, ...infer R] ? R : never;
/** A check of any kind. */
export type AnyCheck = ((...args: readonly unknown[]) => number) | undefined;

/** The first error of the modules with state in the task's credentials. */
export const checkTask = <K extends TaskHook>(task: Task, hook: K, ...args: CheckArguments<K>): number => {
  for (const { name, hooks } of task.kernel.securityModules) {
    if (!Object.hasOwn(task.cred.security ?? {}, name)) continue;
    const result = (hooks()[hook] as AnyCheck)?.(task, ...args) ?? 0;
    if (result < 0) return result;
  }
  return 0;
};
