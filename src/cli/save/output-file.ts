// Files that options of commands write. A file that cannot be written is told before a run, not after it.
import { accessSync, constants, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Problem } from "../../problem.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: ": its folder does not exist",
  ENOTDIR: ": its folder is a file",
  EISDIR: ": it is a directory",
  EACCES: ": permission denied",
  EROFS: ": its file system is read-only",
  ENOSPC: ": no space is left",
};
const problem = (file: string, option: string | undefined, cause: unknown): Problem => {
  const reason = REASONS[(cause as NodeJS.ErrnoException).code ?? ""] ?? "";
  return new Problem("cannot-write", `${option === undefined ? "" : `${option}: `}cannot write ${file}${reason}`, { cause });
};

/** Throws a Problem if a file cannot be written. The file is not made. `option` is for the message. */
export const checkOutput = (file: string | undefined, option: string): void => {
  if (file === undefined) return;
  try {
    const present = statSync(file, { throwIfNoEntry: false });
    if (present?.isDirectory()) throw Object.assign(new Error(file), { code: "EISDIR" });
    accessSync(present ? file : dirname(resolve(file)), constants.W_OK);
  } catch (cause) {
    throw problem(file, option, cause);
  }
};
/** Writes a file. Throws a Problem if it cannot be written. */
export const writeOutput = (file: string, content: string | Uint8Array, option?: string): void => {
  try {
    writeFileSync(file, content);
  } catch (cause) {
    throw problem(file, option, cause);
  }
};
