// Flags of clone(2), unshare(2) and setns(2). Linux uapi linux/sched.h. The low byte of clone(2)'s flags is
// the exit signal.

import { struct, u64 } from "../struct.ts";

const FIRST = {
  flags: u64,
  pidfd: u64,
  child_tid: u64,
  parent_tid: u64,
  exit_signal: u64,
  stack: u64,
  stack_size: u64,
  tls: u64,
} as const;
/** struct clone_args of the first kernels with clone3(2). Linux CLONE_ARGS_SIZE_VER0. */
export const CLONE_ARGS_VER0 = struct("clone_args", FIRST);
/** All of its members. Linux CLONE_ARGS_SIZE_VER2. */
export const CLONE_ARGS = struct("clone_args", { ...FIRST, set_tid: u64, set_tid_size: u64, cgroup: u64 });

/** CLONE_* without the prefix. */
export const CLONE = {
  VM: 0x100,
  FS: 0x200,
  FILES: 0x400,
  SIGHAND: 0x800,
  PIDFD: 0x1000,
  PTRACE: 0x2000,
  VFORK: 0x4000,
  PARENT: 0x8000,
  THREAD: 0x10000,
  NEWNS: 0x20000,
  SYSVSEM: 0x40000,
  SETTLS: 0x80000,
  PARENT_SETTID: 0x100000,
  CHILD_CLEARTID: 0x200000,
  DETACHED: 0x400000,
  UNTRACED: 0x800000,
  CHILD_SETTID: 0x1000000,
  NEWCGROUP: 0x2000000,
  NEWUTS: 0x4000000,
  NEWIPC: 0x8000000,
  NEWUSER: 0x10000000,
  NEWPID: 0x20000000,
  NEWNET: 0x40000000,
  IO: 0x80000000,
  CLEAR_SIGHAND: 2 ** 32,
  INTO_CGROUP: 2 ** 33,
  NEWTIME: 0x80,
} as const;
