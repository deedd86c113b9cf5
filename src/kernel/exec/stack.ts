// The first stack: argument strings, then argc, argv, envp and the auxiliary vector. Linux fs/exec.c,
// fs/binfmt_elf.c.

import { E } from "../../abi/errno.ts";
import { ARG_MAX, MAX_ARG_STRLEN } from "../../abi/uapi/limits.ts";
import { install } from "../../memory/calls/map.ts";
import { pageFloor } from "../../memory/frames.ts";
import type { AddressSpace } from "../../memory/space.ts";
import { PROT, VM } from "../../memory/vma.ts";
import { type AuxvIdentity, type AuxvProcessor, type AuxvProgram, auxvWords } from "./auxv.ts";

const MAX_STACK_SHARE = 6 * 2 ** 20;
/** setup_arg_pages grows the stack by this size at once, in bytes. */
const FIRST_GROWTH = 131072;

/**
 * Checks the size of execve's strings before all other checks: 0 or -E2BIG. Strings and their pointers may
 * take a quarter of the stack limit, at most 6 MiB and at least 128 KiB. Linux fs/exec.c bprm_stack_limits().
 */
export const checkStrings = (argv: readonly string[], envp: readonly string[], execFn: string, stackLimit: number): number => {
  const limit = Math.max(Math.min(MAX_STACK_SHARE, Math.floor(stackLimit / 4)), ARG_MAX);
  const pointers = 8 * (Math.max(argv.length, 1) + envp.length);
  if (limit <= pointers) return -E.E2BIG;
  let remaining = limit - pointers;
  for (const list of [envp, argv]) {
    for (const s of list) {
      if (s.length + 1 > MAX_ARG_STRLEN) return -E.E2BIG;
      remaining -= s.length + 1;
      if (remaining < 0) return -E.E2BIG;
    }
  }
  return execFn.length + 1 > MAX_ARG_STRLEN ? -E.E2BIG : 0;
};

/** Size of strings with their NULs, in bytes. */
const sizeOf = (strings: readonly string[]): number => {
  let size = strings.length;
  for (let i = 0; i < strings.length; i++) size += (strings[i] as string).length;
  return size;
};
/** Consecutive strings with their NULs, as bytes. */
const packed = (strings: readonly string[]): Uint8Array => {
  const out = new Uint8Array(sizeOf(strings));
  let at = 0;
  for (let n = 0; n < strings.length; n++) {
    const s = strings[n] as string;
    for (let i = 0; i < s.length; i++) out[at + i] = s.charCodeAt(i);
    at += s.length + 1;
  }
  return out;
};

/** The strings of execve(2). */
export interface Strings {
  readonly argv: readonly string[];
  readonly envp: readonly string[];
  readonly execFn: string;
}

/** Addresses of the strings; `p` is the lowest used address. */
export interface StringAddresses {
  readonly p: number;
  readonly execFn: number;
}

/**
 * Maps the stack with the strings at its top (copy_strings, setup_arg_pages). Returns addresses, or -errno.
 */
export const placeStrings = (space: AddressSpace, s: Strings, executable: boolean): StringAddresses | number => {
  const top = pageFloor(space.layout.stackTop);
  // The topmost pointer stays zero. It has the size of the kernel's pointers in both ABIs.
  const execFn = top - 8 - sizeOf([s.execFn]);
  const envStart = execFn - sizeOf(s.envp);
  const argStart = envStart - sizeOf(s.argv);
  // Grow by 128 KiB, or to the limit.
  const limit = pageFloor(Math.min(space.limits.stack, 2 ** 46));
  const used = top - pageFloor(argStart);
  const size = used + FIRST_GROWTH > limit ? Math.max(used, limit) : used + FIRST_GROWTH;
  const error = install(space, {
    at: top - size,
    length: size,
    pgoff: 0,
    prot: PROT.READ | PROT.WRITE | (executable ? PROT.EXEC : 0),
    flags: VM.GROWSDOWN | VM.MAYREAD | VM.MAYWRITE | VM.MAYEXEC,
  });
  if (error < 0) return error;
  if (!space.write(argStart, packed([...s.argv, ...s.envp, s.execFn]))) return -E.ENOMEM;
  space.argStart = argStart;
  space.argEnd = envStart;
  space.envStart = envStart;
  space.envEnd = execFn;
  return { p: argStart, execFn };
};

/** The input of `writeTables`. */
export interface TableRequest extends Strings, AuxvIdentity {
  readonly cpu: AuxvProcessor;
  /** AT_RANDOM's 16 bytes. */
  readonly random: Uint8Array;
}
/** The entries of the auxiliary vector that describe the program. */
export type LoadedProgram = Omit<AuxvProgram, "random" | "platform" | "execFn">;

const align16 = (n: number): number => Math.floor(n / 16) * 16;

/**
 * create_elf_tables(): writes argc, the pointers and the auxiliary vector below the strings. Returns the
 * stack pointer, or -errno. `long` is the word size of the file, `kernelLong` that of its ABI.
 */
export const writeTables = (
  space: AddressSpace,
  r: TableRequest,
  strings: StringAddresses,
  program: LoadedProgram,
  [long, kernelLong]: readonly [4 | 8, 4 | 8],
): number => {
  const platformBytes = packed([kernelLong === 8 ? "x86_64" : "i686"]);
  const platform = align16(strings.p - space.layout.stackOffset) - platformBytes.length;
  const random = platform - 16;
  const { execFn } = strings;
  const { sysinfo, sysinfoEhdr, phdr, phent, phnum, base, entry } = program;
  const auxv = auxvWords(r.cpu, r, { sysinfo, sysinfoEhdr, phdr, phent, phnum, base, entry, random, platform, execFn });
  const pointers = 1 + r.argv.length + 1 + r.envp.length + 1;
  // STACK_ADD and STACK_ROUND: the vector directly below the random bytes, aligned to its pointer size.
  const vector = Math.floor(random / long) * long - auxv.length * long;
  const sp = align16(vector - pointers * long);

  const words: number[] = [r.argv.length];
  pushAddresses(words, r.argv, space.argStart);
  pushAddresses(words, r.envp, space.envStart);
  const auxvAt = words.length * long;
  words.push(...auxv);
  const tables = encode(words, long);
  if (!space.write(platform, platformBytes) || !space.write(random, r.random) || !space.write(sp, tables)) return -E.EFAULT;
  space.auxv = tables.subarray(auxvAt);
  space.startStack = sp;
  return sp;
};

/** Appends the addresses of consecutive strings, and a null pointer. */
const pushAddresses = (words: number[], strings: readonly string[], start: number): void => {
  let at = start;
  for (let n = 0; n < strings.length; n++) {
    words.push(at);
    at += (strings[n] as string).length + 1;
  }
  words.push(0);
};

const encode = (words: readonly number[], long: 4 | 8): Uint8Array => {
  const halves = new Uint32Array((words.length * long) / 4);
  // By index: an iterator would allocate an object per word.
  for (let i = 0, at = 0; i < words.length; i++) {
    const word = words[i] as number;
    halves[at++] = word;
    if (long === 8) halves[at++] = Math.floor(word / 0x1_0000_0000);
  }
  return new Uint8Array(halves.buffer);
};
