// Settings of one number with an effect. Linux kernel/sysctl.c proc_dointvec_minmax().
import { E } from "../../../../abi/errno.ts";
import type { Task } from "../../../core/task.ts";
import { CAP, capable } from "../../../cred/cred.ts";
import type { ProcContent } from "../tree/node.ts";
import { numbersWriter } from "../tree/numbers.ts";

/** The bounds of a setting, and the tasks that may write it besides what its mode says. */
export interface SettingBounds {
  readonly min: number;
  readonly max: number;
  readonly mayWrite?: (task: Task) => boolean;
}

/** For settings that only an administrator may change. Linux proc_dointvec_minmax_sysadmin(). */
export const isAdministrator = ({ cred }: Task): boolean => capable(cred, CAP.SYS_ADMIN);

/** A number. `get` and `set` have the reading or writing task. */
export const setting = (
  get: (task: Task) => number,
  set: (value: number, task: Task) => void,
  { min, max, mayWrite }: SettingBounds,
): ProcContent => ({
  read: (task) => `${get(task)}\n`,
  write: numbersWriter(
    1,
    ([value], task) => {
      const number = Number(value);
      if (number < min || number > max) return -E.EINVAL;
      set(number, task);
      return 0;
    },
    mayWrite,
  ),
});

/** The number in a field of an object. */
export const field = <K extends string>(of: (task: Task) => { [P in K]: number }, key: K, bounds: SettingBounds): ProcContent =>
  setting(
    (task) => of(task)[key],
    (value, task) => {
      of(task)[key] = value;
    },
    bounds,
  );
