// execve, execveat. man 2 execve; Linux fs/exec.c do_execveat_common().

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { ARG_MAX, MAX_ARG_STRLEN } from "../../../abi/uapi/limits.ts";
import { cost } from "../../base/cost.ts";
import { Part } from "../../base/part.ts";
import { RLIMIT } from "../../base/rlimit.ts";
import type { Kernel } from "../../core/kernel.ts";
import { RegistersReplaced, type Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { StringBuffer } from "../../exec/strings.ts";
import { resolve } from "../../fs/vfs/resolve.ts";
import { type ExecTarget, execute } from "../../lifecycle/exec.ts";
import { execStop } from "../../ptrace/events.ts";
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, atFlags, dirfd } from "../../syscall/arg-file.ts";
import { argv, envp } from "../../syscall/arg-process.ts";
import { cstring } from "../../syscall/arg-string.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { baseOf, getname } from "../file/path.ts";

/** All strings together get a quarter of the stack, at most so many bytes. */
const MAX_TOTAL = 6 << 20;

/** The number of pointers before NULL, or -errno. More than `most` are -E2BIG. Linux fs/exec.c count(). */
const stringsPart = new Part<Kernel, StringBuffer>("strings of execve");
const countStrings = (t: Task, at: VAddr, most: number, long: 4 | 8): number => {
  if (at === 0) return 0;
  for (let count = 0; count <= most; count++) {
    const s = t.mem.word(at + count * long, long);
    if (s <= 0) return s < 0 ? -E.EFAULT : count;
    t.kernel.charge(cost.entry);
  }
  return -E.E2BIG;
};

/**
 * Appends the strings of a list in user memory. Returns the number of strings, or -errno. NULL is an empty
 * list. `most`: bytes of all strings and pointers, together with those that `buffer` has already.
 */
const readStrings = (t: Task, at: VAddr, buffer: StringBuffer, most: number, { long }: Abi): number => {
  const total = countStrings(t, at, Math.floor(most / (long + 1)), long);
  for (let count = 0; count < total; count++) {
    const s = t.mem.word(at + count * long, long);
    if (s < 0) return -E.EFAULT;
    if (s === 0) return count;
    const length = t.mem.stringLength(s, MAX_ARG_STRLEN);
    if (length < 0) return -E.EFAULT;
    if (length >= MAX_ARG_STRLEN || buffer.length + length + 1 + (count + 1) * long > most) return -E.E2BIG;
    if (!buffer.append(t.mem, s, length)) return -E.EFAULT;
  }
  return total;
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
  const most = Math.max(ARG_MAX, Math.min(MAX_TOTAL, t.process.limit(RLIMIT.STACK) / 4));
  const buffer = stringsPart.make(t.kernel, () => new StringBuffer());
  buffer.clear();
  const args = readStrings(t, argvAt, buffer, most, abi);
  if (args < 0) return args;
  const between = buffer.length;
  const env = readStrings(t, envpAt, buffer, most - args * abi.long, abi);
  if (env < 0) return env;
  const oldPid = t.pid;
  const result = execute(t, target, { argv: buffer.list(0, between, args), envp: buffer.list(between, buffer.length, env) });
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
