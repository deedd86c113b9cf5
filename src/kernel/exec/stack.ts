// The first stack: argument strings, then argc, argv, envp and the auxiliary vector. Linux fs/exec.c,
// fs/binfmt_elf.c.

import { E } from "../../abi/errno.ts";
import { ARG_MAX, MAX_ARG_STRLEN } from "../../abi/uapi/limits.ts";
import { install } from "../../memory/calls/map.ts";
import { pageFloor } from "../../memory/frames.ts";
import type { AddressSpace } from "../../memory/space.ts";
import { PROT, VM } from "../../memory/vma.ts";
import { type AuxvIdentity, type AuxvProcessor, type AuxvProgram, auxvWords } from "./auxv.ts";
import { eachString, listOf, type StringList } from "./strings.ts";

const MAX_STACK_SHARE = 6 * 2 ** 20;
/** setup_arg_pages grows the stack by this size at once, in bytes. */
const FIRST_GROWTH = 131072;

/**
 * Checks the size of execve's strings before all other checks: 0 or -E2BIG. Strings and their pointers may
 * take a quarter of the stack limit, at most 6 MiB and at least 128 KiB. Linux fs/exec.c bprm_stack_limits().
 */
export const checkStrings = ({ argv, envp, execFn }: Strings, stackLimit: number): number => {
  const limit = Math.max(Math.min(MAX_STACK_SHARE, Math.floor(stackLimit / 4)), ARG_MAX);
  const pointers = 8 * (Math.max(argv.count, 1) + envp.count);
  // The name takes its part, too.
  const size = argv.bytes.length + envp.bytes.length + execFn.length + 1;
  return limit <= pointers || limit - pointers < size || [argv, envp].some(hasTooLong) ? -E.E2BIG : 0;
};
const hasTooLong = (list: StringList): boolean => {
  let longest = 0;
  if (list.bytes.length > MAX_ARG_STRLEN)
    eachString(list, (_at, length) => {
      longest = Math.max(longest, length);
    });
  return longest + 1 > MAX_ARG_STRLEN;
};

/** The strings of execve(2). */
export interface Strings {
  readonly argv: StringList;
  readonly envp: StringList;
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
  const execFn = top - 8 - (s.execFn.length + 1);
  const envStart = execFn - s.envp.bytes.length;
  const argStart = envStart - s.argv.bytes.length;
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
  if (!space.write(argStart, s.argv.bytes) || !space.write(envStart, s.envp.bytes) || !space.write(execFn, listOf([s.execFn]).bytes))
    return -E.ENOMEM;
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
  const platformBytes = listOf([kernelLong === 8 ? "x86_64" : "i686"]).bytes;
  const platform = align16(strings.p - space.layout.stackOffset) - platformBytes.length;
  const random = platform - 16;
  const { execFn } = strings;
  const { sysinfo, sysinfoEhdr, phdr, phent, phnum, base, entry } = program;
  const auxv = auxvWords(r.cpu, r, { sysinfo, sysinfoEhdr, phdr, phent, phnum, base, entry, random, platform, execFn });
  const pointers = 1 + r.argv.count + 1 + r.envp.count + 1;
  // STACK_ADD and STACK_ROUND: the vector directly below the random bytes, aligned to its pointer size.
  const vector = Math.floor(random / long) * long - auxv.length * long;
  const sp = align16(vector - pointers * long);

  const words: number[] = [r.argv.count];
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
const pushAddresses = (words: number[], strings: StringList, start: number): void => {
  eachString(strings, (at) => words.push(start + at));
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
