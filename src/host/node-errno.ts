// Errors of Node's calls as the kernel's: negative errnos. Numbers differ between systems, names do not.
import { E, type ErrnoName } from "../abi/errno.ts";

/** An error that a call of ours ends with, as Node's own have their code. */
export const failure = (code: ErrnoName): Error => Object.assign(new Error(code), { code });

const names: Readonly<Record<string, ErrnoName>> = {
  // ENOTSUP is Node's name of Linux's EOPNOTSUPP.
  ENOTSUP: "EOPNOTSUPP",
  // The limit is this process's, of which the guest knows nothing.
  EMFILE: "ENFILE",
};

/** The negative errno of an error that node:fs has thrown. */
export const errnoOf = (error: unknown): number => {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return -(E[names[code] ?? (code as ErrnoName)] ?? E.EIO);
};
/** The result of an action, or a negative errno if it throws. */
export const attempt = <T>(action: () => T): T | number => {
  try {
    return action();
  } catch (error) {
    return errnoOf(error);
  }
};
/** 0 after an action, or a negative errno if it throws. */
export const done = (action: () => void): number =>
  attempt(() => {
    action();
    return 0;
  });
