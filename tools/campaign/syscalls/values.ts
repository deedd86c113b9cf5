// Values to try of each argument type: valid ones, edges, and hostile ones. One table; a type is known by its
// names, by its C type if that says enough, or by how it is decoded. A type that is none of these has no
// values, and a test says so.

import { KEY_SPEC } from "../../../src/abi/uapi/keyctl.ts";
import { calls } from "../../../src/kernel/calls/index.ts";
import { dataArg } from "../../../src/kernel/calls/process/ptrace.ts";
import { fd, int, loff, long, ptr, uint, ulong } from "../../../src/kernel/syscall/arg.ts";
import { dirfd, id, legacyId } from "../../../src/kernel/syscall/arg-file.ts";
import { address, anyFd } from "../../../src/kernel/syscall/arg-process.ts";
import { signal } from "../../../src/kernel/syscall/arg-signal.ts";
import type { ArgType } from "../../../src/kernel/syscall/declaration.ts";
import type { ObjectName } from "./arena.ts";

/** The source of a valid value. */
export type Source =
  | { readonly of: "descriptor" }
  | { readonly of: "object"; readonly objects: readonly ObjectName[] }
  | { readonly of: "names"; readonly names: readonly number[]; readonly combine: boolean }
  | { readonly of: "numbers"; readonly numbers: readonly number[] }
  | { readonly of: "any"; readonly sources: readonly Source[] }
  /** By the argument's name. */
  | { readonly of: "hint"; readonly otherwise: Source };
export interface Values {
  readonly valid: Source;
  readonly edge: readonly bigint[];
  readonly hostile: readonly bigint[];
}

const big = (...values: readonly (number | bigint)[]): readonly bigint[] => values.map(BigInt);
const edges32 = big(0, 1, -1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 4095, 4096, 4097, 65535, 65536);
const hostile64 = big(-1, 2n ** 63n, 2n ** 63n - 1n, 2n ** 47n, 2n ** 32n, 2n ** 32n + 1n, 2n ** 53n + 1n, 0xdead_beef_0000_0001n, -4096);
const edgePointers = big(0, 1, 0x1200_3fff, 0x1200_3ff8, 0x1200_3ffd, 0x1200_0001, 0x1280_0000);
/** Nothing there, no-access, the kernel's half, non-canonical, wrapping. */
const hostilePointers = big(
  0x2000_0000,
  0x1000,
  0xffff_f000,
  0xffff_ffff,
  0x7fff_ffff_f000n,
  0x7fff_ffff_ffffn,
  2n ** 47n,
  2n ** 63n,
  -1,
  -8,
  -4096,
  0xffff_8000_0000_0000n,
  0x40_0000,
);

const numbers = (...list: readonly number[]): Source => ({ of: "numbers", numbers: list });
const object = (...names: readonly ObjectName[]): Source => ({ of: "object", objects: names });
const pointer = (...names: readonly ObjectName[]): Values => ({ valid: object(...names), edge: edgePointers, hostile: hostilePointers });
const word = (valid: Source): Values => ({ valid, edge: edges32, hostile: hostile64 });
const hinted = (otherwise: Source): Source => ({ of: "hint", otherwise });
const descriptors: Values = {
  valid: { of: "descriptor" },
  edge: big(-1, -100, 0, 1023, 1024, 255),
  hostile: big(-2, 0x7fff_ffff, 0x8000_0000, 2n ** 32n + 3n, -1),
};
const ids = numbers(0, 1000, 1, 65534, 0xffff_ffff, 0xffff, 0x1_0000);
/** Where mappings of a script may lie. */
const places = numbers(0, 0x1300_0000, 0x1300_1000, 0x1301_0000, 0x1200_0000, 0x1200_2000, 0x2000_0000, 0x3000_0000);
/** Special keyrings, and the first keys of a machine. */
const keys = numbers(...Object.values(KEY_SPEC), 1, 2, 3);

/** Values by C type, where the type determines the meaning. */
const byC: Readonly<Record<string, Values>> = {
  "": word(numbers(0)),
  aio_context_t: pointer("words", "buffer"),
  "char *": pointer("buffer"),
  "char *const *": pointer("argv"),
  "const char *": { ...pointer("path"), valid: hinted(object("path")) },
  "const sigset_t *": pointer("sigset"),
  "sigset_t *": pointer("sigset", "buffer"),
  "const struct rlimit *": pointer("rlimit"),
  "struct rlimit *": pointer("rlimit", "buffer"),
  "const void *": pointer("buffer"),
  dev_t: word(numbers(0, 0x103, 0x105, 0x501, 0x800)),
  "fd_set *": pointer("fdset"),
  "int *": pointer("buffer", "words"),
  key_serial_t: word(keys),
  key_t: word(numbers(0, 1, 2, 0x1234)),
  "loff_t *": pointer("words"),
  mode_t: word(numbers(0o644, 0o755, 0, 0o777, 0o4755, 0o2755, 0o1777, 0o100644, 0o10644, 0o20666, 0o140666)),
  old_sigset_t: word(numbers(0, 0x200, 0xffff_ffff)),
  sighandler_t: { valid: numbers(0, 1, 0x40_0000, 0x1200_0000), edge: edgePointers, hostile: hostilePointers },
  size_t: word(hinted(numbers(0, 1, 8, 100, 512, 4096))),
  "stack_t *": pointer("stack"),
  "struct __old_kernel_stat *": pointer("buffer"),
  "struct clone_args *": pointer("clone"),
  "struct linux_dirent64 *": pointer("buffer"),
  "struct msghdr *": pointer("msghdr"),
  "struct pollfd *": pointer("pollfd"),
  "struct sigaction *": pointer("sigaction", "buffer"),
  "struct stat *": pointer("buffer"),
  "struct stat64 *": pointer("buffer"),
  "struct statfs *": pointer("buffer"),
  "struct statx *": pointer("buffer"),
  "struct timespec *": pointer("timespec", "timespec64"),
  "struct user_desc *": pointer("desc"),
  "struct utsname *": pointer("buffer"),
  "union semun": { valid: object("buffer", "words"), edge: edges32, hostile: hostilePointers },
};

/** By how it is decoded, where the C type is any number or pointer. */
const byDecoder: ReadonlyMap<unknown, Values> = new Map<unknown, Values>([
  [fd.decode, descriptors],
  [anyFd.decode, descriptors],
  [dirfd.decode, { ...descriptors, edge: big(-100, -100, -1, 0) }],
  [id.decode, word(ids)],
  [legacyId.decode, word(ids)],
  [signal.decode, word(numbers(0, 2, 9, 10, 12, 13, 14, 15, 17, 18, 19, 28, 32, 33, 34, 63, 64, 65))],
  [int.decode, word(hinted(numbers(0, 1, 2, 3, 4, 8, 16, 100)))],
  [uint.decode, word(hinted(numbers(0, 1, 2, 3, 4, 8, 16, 100)))],
  [long.decode, word(hinted(numbers(0, 1, 10, 4096, 100_000)))],
  [ulong.decode, word(hinted(numbers(0, 1, 8, 4096, 0x1_0000)))],
  [loff.decode, { valid: numbers(0, 1, 10, 4096, 100_000), edge: edges32, hostile: [...hostile64, 2n ** 40n, 2n ** 62n] }],
  [dataArg.decode, word(numbers(0, 9, 0x1200_0000))],
  [address.decode, { valid: { of: "any", sources: [places, places, object("buffer")] }, edge: edgePointers, hostile: hostilePointers }],
  [
    calls.find(({ name }) => name === "keyctl")?.args["arg2"]?.decode,
    {
      valid: { of: "any", sources: [keys, keys, object("keytype", "text", "buffer"), numbers(0, 1, 100, 0x3f3f_0000)] },
      edge: [...edges32, ...edgePointers],
      hostile: hostilePointers,
    },
  ],
  [ptr.decode, { valid: hinted(object("buffer", "words")), edge: edgePointers, hostile: hostilePointers }],
]);
const general: ReadonlySet<string> = new Set(["int", "unsigned int", "long", "unsigned long", "void *", "uid_t", "gid_t", "loff_t"]);
/** The values of an argument type; undefined: it has none, and needs a row above. */
export const valuesOf = (arg: ArgType<unknown>): Values | undefined => {
  if (arg.names) {
    const names = Object.values(arg.names);
    // Flags of which there are none yet.
    if (names.length === 0) return word(numbers(0, 1));
    const all = names.reduce((bits, n) => bits | BigInt(n >>> 0), 0n);
    return { valid: { of: "names", names, combine: arg.combines === true }, edge: [0n, all, ...big(-1, 0x8000_0000)], hostile: hostile64 };
  }
  // A structure without a row of its own is drawn as any pointer, by the argument's name.
  const isPlain = general.has(arg.c) || (byC[arg.c] === undefined && arg.c.endsWith("*"));
  return isPlain ? byDecoder.get(arg.decode) : byC[arg.c];
};
