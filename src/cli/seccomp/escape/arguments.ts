// Arguments with which a call does something that can be seen, where a finding leaves them free.
import type { Abi } from "../../../abi/abi.ts";
import { nameOf } from "../../../policy/names.ts";
import type { Diagram, SyscallData } from "../../../seccomp/index.ts";
import { at } from "./guest.ts";

const CLONE_NEWUTS = 0x0400_0000;
const CURRENT = -100;
const PRIVATE_ANONYMOUS = 0x22;
const argv = (abi: Abi): number => (abi.long === 4 ? at.argv32 : at.argv64);

/**
 * Useful arguments by call; 0 leaves the finding's argument. The calls leave nothing behind: files exist
 * already, owners and modes do not change.
 */
const useful: Readonly<Record<string, (abi: Abi) => readonly number[]>> = {
  open: () => [at.path],
  openat: () => [CURRENT, at.path],
  openat2: () => [CURRENT, at.path, at.zeros, 24],
  creat: () => [at.path, 0o666],
  // A read of no bytes.
  read: () => [0, at.zeros],
  write: () => [1, at.path],
  execve: (abi) => [at.self, argv(abi)],
  execveat: (abi) => [CURRENT, at.self, argv(abi)],
  socket: () => [1, 1],
  socketpair: () => [1, 1, 0, at.zeros],
  unshare: () => [CLONE_NEWUTS],
  chmod: () => [at.path, 0o666],
  fchmodat: () => [CURRENT, at.path, 0o666],
  fchmodat2: () => [CURRENT, at.path, 0o666],
  chown: () => [at.path, -1, -1],
  lchown: () => [at.path, -1, -1],
  fchownat: () => [CURRENT, at.path, -1, -1],
  stat: () => [at.path, at.zeros],
  lstat: () => [at.path, at.zeros],
  newfstatat: () => [CURRENT, at.path, at.zeros],
  statx: () => [CURRENT, at.path, 0, 0x7ff, at.zeros],
  mmap: (abi) => (abi.long === 8 ? [0, 4096, 0, PRIVATE_ANONYMOUS, -1] : []),
  mmap2: () => [0, 4096, 0, PRIVATE_ANONYMOUS, -1],
  dup2: () => [0, 60],
  dup3: () => [0, 60],
  memfd_create: () => [at.path],
  clock_gettime: () => [1, at.zeros],
  clock_gettime64: () => [1, at.zeros],
  clock_getres: () => [1, at.zeros],
  clock_getres_time64: () => [1, at.zeros],
};

/** The call with such arguments, if the filter treats it alike; otherwise as it is. */
export const withUseful = (diagram: Diagram, data: SyscallData, abi: Abi): SyscallData => {
  const verdict = diagram.valueOf(data);
  let best = data;
  for (const [i, value] of (useful[nameOf(data.nr >>> 0, abi) ?? ""]?.(abi) ?? []).entries()) {
    if (value === 0 || data.args[2 * i] !== 0 || data.args[2 * i + 1] !== 0) continue;
    const args = best.args.slice();
    args[2 * i] = value >>> 0;
    args[2 * i + 1] = value < 0 && abi.long === 8 ? 0xffff_ffff : 0;
    const candidate = { ...best, args };
    if (diagram.valueOf(candidate) === verdict) best = candidate;
  }
  return best;
};
