// execve, execveat. man 2 execve; Linux fs/exec.c do_execveat_common().

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { ARG_MAX, MAX_ARG_STRLEN } from "../../../abi/uapi/limits.ts";
import { RLIMIT } from "../../base/rlimit.ts";
import { resolve } from "../../fs/vfs/resolve.ts";
import { type ExecTarget, execute } from "../../lifecycle/exec.ts";
import { execStop } from "../../ptrace/events.ts";
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, atFlags, dirfd } from "../../syscall/arg-file.ts";
import { argv, envp } from "../../syscall/arg-process.ts";
import { cstring } from "../../syscall/arg-string.ts";
import { RegistersReplaced, type Result, type Syscall, syscall } from "../../syscall/declaration.ts";
import type { Task } from "../../task/task.ts";
import { baseOf, getname } from "../file/path.ts";

/** All strings together get a quarter of the stack, at most so many bytes. */
const MAX_TOTAL = 6 << 20;

/** A list of strings in user memory, or -errno. NULL is an empty list. */
const readStrings = (t: Task, at: VAddr, space: { free: number }, abi: Abi): string[] | number => {
  const out: string[] = [];
  if (at === 0) return out;
  for (let p: number = at; ; p += abi.long) {
    const s = t.mem.word(p, abi.long);
    if (s < 0) return -E.EFAULT;
    if (s === 0) return out;
    const text = t.mem.cString(s, MAX_ARG_STRLEN);
    if (text === undefined) return -E.EFAULT;
    space.free -= text.length + 1 + abi.long;
    if (text.length >= MAX_ARG_STRLEN || space.free < 0) return -E.E2BIG;
    out.push(text);
  }
};

const targetOf = (t: Task, dir: number, at: VAddr, flags: number): ExecTarget | number => {
  const name = getname(t, at);
  if (typeof name === "number") return name;
  if (name === "" && (flags & AT_EMPTY_PATH) === 0) return -E.ENOENT;
  const base = baseOf(t, dir, name);
  if (typeof base === "number") return base;
  const path = name === "" ? base : resolve(t, base, name, (flags & AT_SYMLINK_NOFOLLOW) === 0);
  if (typeof path === "number") return path;
  // alloc_bprm(): the file name for the program.
  const isFullName = dir === AT_FDCWD || name.startsWith("/");
  return { path, name: isFullName ? name : name === "" ? `/dev/fd/${dir}` : `/dev/fd/${dir}/${name}` };
};

const exec = (t: Task, dir: number, path: VAddr, argvAt: VAddr, envpAt: VAddr, flags: number, abi: Abi): Result => {
  const done = t.waited.data as Executed | undefined;
  if (done) return done.executed;
  if ((flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) !== 0) return -E.EINVAL;
  const target = targetOf(t, dir, path, flags);
  if (typeof target === "number") return target;
  const space = { free: Math.max(ARG_MAX, Math.min(MAX_TOTAL, t.process.limit(RLIMIT.STACK) / 4)) };
  const args = readStrings(t, argvAt, space, abi);
  if (typeof args === "number") return args;
  const env = readStrings(t, envpAt, space, abi);
  if (typeof env === "number") return env;
  const oldPid = t.pid;
  const result = execute(t, target, { argv: args, envp: env });
  if (!(result instanceof RegistersReplaced)) return result;
  t.waited.data = { executed: result } satisfies Executed;
  return execStop(t, oldPid) ?? result;
};

/** The state of a call that has executed and stopped for its tracer: only the return remains. */
interface Executed {
  readonly executed: RegistersReplaced;
}

/** Calls that execute a program. man 2 execve, execveat. */
export const execCalls: readonly Syscall[] = [
  syscall("execve", { filename: cstring, argv, envp }, (t, a, abi) => exec(t, AT_FDCWD, a.filename, a.argv, a.envp, 0, abi)),
  syscall("execveat", { dirfd, pathname: cstring, argv, envp, flags: atFlags }, (t, a, abi) =>
    exec(t, a.dirfd, a.pathname, a.argv, a.envp, a.flags, abi),
  ),
];
