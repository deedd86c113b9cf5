// Files that a command reads whole, with the reason if it cannot.
import { readFileSync } from "node:fs";
import { Problem } from "../../problem.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: ": there is no such file",
  ENOTDIR: ": there is no such file",
  EISDIR: ": it is a directory",
  EACCES: ": permission denied",
};
/** Standard input for "-". Throws a Problem if it cannot be read. */
export const readInput = (file: string): Uint8Array => {
  try {
    return readFileSync(file === "-" ? 0 : file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Problem("cannot-read", `cannot read ${file}${(code && REASONS[code]) ?? ""}`, { cause });
  }
};
