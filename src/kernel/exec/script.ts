// `#!` lines. Linux fs/binfmt_script.c load_script(), with BINPRM_BUF_SIZE 256.
/** Size of the start of a file that selects its loader, in bytes. */
export const BINPRM_BUF_SIZE = 256;

/** A parsed `#!` line. The interpreter "" opens the current directory and fails with EACCES. */
export interface Script {
  readonly interpreter: string;
  readonly argument?: string;
}

const isBlank = (c: string | undefined): boolean => c === " " || c === "\t";
const isTerminator = (c: string | undefined): boolean => isBlank(c) || c === "\0";

/** The first index in [from, last] with a character that passes. -1: none. */
const seek = (text: string, from: number, last: number, test: (c: string | undefined) => boolean): number => {
  for (let i = from; i <= last; i++) if (test(text[i])) return i;
  return -1;
};
const untilNul = (text: string): string => text.split("\0", 1)[0] ?? "";

/**
 * Parses the first 256 bytes of a file. Undefined: not a script, or ENOEXEC. A longer first line is accepted
 * only if the interpreter's name ends within it; the argument is then cut.
 */
export const parseScript = (head: Uint8Array): Script | undefined => {
  if (head[0] !== 0x23 || head[1] !== 0x21) return undefined;
  const text = String.fromCharCode(...head.subarray(0, BINPRM_BUF_SIZE)).padEnd(BINPRM_BUF_SIZE, "\0");
  const last = BINPRM_BUF_SIZE - 1;
  // strnchr stops at a NUL, so a newline after it is not found.
  let end = untilNul(text).indexOf("\n");
  if (end < 0) {
    const name = seek(text, 2, last, (c) => !isBlank(c));
    if (name < 0 || seek(text, name, last, isTerminator) < 0) return undefined;
    end = last;
  }
  while (isBlank(text[end - 1])) end--;
  const name = seek(text, 2, end, (c) => !isBlank(c));
  if (name < 0 || name === end) return undefined;
  const line = text.slice(0, end);
  const gap = seek(text, name, end, isTerminator);
  if (gap < 0 || gap >= end || text[gap] === "\0") return { interpreter: untilNul(line.slice(name)) };
  const argument = untilNul(line.slice(seek(text, gap, end, (c) => !isBlank(c))));
  return { interpreter: line.slice(name, gap), argument };
};
