// fork, vfork, clone, clone3, exit. man 2 clone; Linux kernel/fork.c.

import { type Abi, i386 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { CLONE, CLONE_ARGS, CLONE_ARGS_VER0 } from "../../../abi/uapi/sched.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { wait } from "../../base/wait.ts";
import type { Cgroup } from "../../cgroup/cgroup.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { changeCred, unshareParts } from "../../core/task-part.ts";
import { CgroupDir } from "../../fs/sys/cgroup-fs.ts";
import { type CloneRequest, cloneTask } from "../../lifecycle/clone.ts";
import { exitTask } from "../../lifecycle/exit.ts";
import { enterNamespaces } from "../../namespace/create.ts";
import { announceChild, eventStop } from "../../ptrace/events.ts";
import { endProcess } from "../../signal/send.ts";
import { NSIG, SIG } from "../../signal/state/set.ts";
import { EVENT, type PtraceEvent } from "../../signal/tracing.ts";
import { int, ptr, ulong } from "../../syscall/arg.ts";
import { cloneFlags, cloneParts } from "../../syscall/arg-process.ts";
import { given } from "../../syscall/arg-struct.ts";
import { type Args, type ArgsOf, type ArgType, type Syscall, syscall } from "../../syscall/declaration.ts";
import { exitStatus } from "../../task/end.ts";
import { shownPid } from "../../task/pid-namespace.ts";
import { installPidfd } from "../../task/pidfd.ts";

const CSIGNAL = 0xff;
const plain: CloneRequest = { flags: 0, exitSignal: SIG.SIGCHLD, stack: 0, tls: 0, parentTid: 0, childTid: 0, pidfd: 0 };

/**
 * Makes the child. With CLONE_VFORK the caller sleeps until the child has executed a program or ended; the
 * handler is then called again with the child in `waited`.
 */
const clone = (t: Task, abi: Abi, request: CloneRequest): Result => {
  const begun = t.waited.data as Begun | undefined;
  if (begun) return afterBirth(t, begun);
  const child = cloneTask(t, abi, request);
  if (typeof child === "number") return child;
  if ((request.flags & CLONE.PIDFD) !== 0) {
    const fd = installPidfd(t, child.process);
    if (fd >= 0) t.mem.setU32(request.pidfd, fd);
  }
  const event = t.trace && announceChild(t, child, request.flags, request.exitSignal);
  const vfork = (request.flags & CLONE.VFORK) !== 0;
  if (!vfork && event === undefined) return shownPid(t, child.pid);
  t.waited.data = { child: child.pid, event, vfork };
  return afterBirth(t, t.waited.data as Begun);
};

/** A clone for which its caller or its tracer waits. Linux kernel_clone(). */
interface Begun {
  readonly child: number;
  event: PtraceEvent | undefined;
  vfork: boolean;
}

const afterBirth = (t: Task, begun: Begun): Result => {
  const { child, event } = begun;
  const seen = t.trace ? shownPid(t.trace.tracer, child) : child;
  if (event !== undefined) {
    begun.event = undefined;
    const stop = eventStop(t, event, seen);
    if (stop) return stop;
  }
  if (t.kernel.tasks.get(child)?.vforkParent === t) return wait([], { killable: true });
  if (begun.vfork) {
    begun.vfork = false;
    const stop = eventStop(t, EVENT.VFORK_DONE, seen);
    if (stop) return stop;
  }
  return shownPid(t, child);
};

/** clone's flags word: the exit signal in the low byte. */
const legacy = (t: Task, abi: Abi, a: { flags: number; stack: number; parent_tid: number; child_tid: number; tls: number }): Result => {
  const flags = a.flags & ~CSIGNAL;
  // The pidfd is written to the argument of the parent's id: kernel_clone().
  if ((flags & CLONE.PIDFD) !== 0 && (flags & CLONE.PARENT_SETTID) !== 0) return -E.EINVAL;
  return clone(t, abi, {
    flags,
    exitSignal: a.flags & CSIGNAL,
    stack: a.stack,
    tls: a.tls,
    parentTid: a.parent_tid,
    childTid: a.child_tid,
    pidfd: a.parent_tid,
  });
};

const MAX_PID_NS_LEVEL = 32;
const CLONE3_FLAGS =
  (0xffff_ffffn & ~BigInt(CSIGNAL | CLONE.DETACHED)) | BigInt(CLONE.CLEAR_SIGHAND) | BigInt(CLONE.INTO_CGROUP) | BigInt(CLONE.NEWTIME);

const readCloneArgs = (t: Task, at: VAddr, size: number, abi: Abi) => {
  if (size > PAGE_SIZE) return -E.E2BIG;
  if (size < CLONE_ARGS_VER0.size(abi)) return -E.EINVAL;
  const bytes = t.mem.read(at, size);
  if (!bytes) return -E.EFAULT;
  // Bytes beyond the known members must be zero.
  const known = CLONE_ARGS.size(abi);
  if (bytes.subarray(known).some((b) => b !== 0)) return -E.E2BIG;
  const whole = new Uint8Array(known);
  whole.set(bytes.subarray(0, known));
  return CLONE_ARGS.decode(whole, abi);
};

/** The group of a descriptor, or -errno. Linux cgroup_get_from_file(), cgroup_css_set_fork(). */
const groupOf = (t: Task, fd: bigint): Cgroup | number => {
  const file = fd > 0x7fff_ffffn ? undefined : t.files.getRaw(Number(fd));
  if (!file) return fd > 0x7fff_ffffn ? -E.EINVAL : -E.EBADF;
  if (!(file.inode instanceof CgroupDir)) return -E.EBADF;
  const { group } = file.inode;
  if (group.removed) return -E.ENOENT;
  return group.parent && group.subtree.size > 0 ? -E.EBUSY : group;
};

/** Linux copy_clone_args_from_user(), clone3_args_valid(). */
const clone3 = (t: Task, at: VAddr, size: number, abi: Abi): Result => {
  const a = readCloneArgs(t, at, size, abi);
  if (typeof a === "number") return a;
  const count = Number(a.set_tid_size);
  if (a.set_tid_size > MAX_PID_NS_LEVEL || (a.set_tid === 0n && count > 0) || (a.set_tid !== 0n && count === 0)) return -E.EINVAL;
  if (a.exit_signal > CSIGNAL || a.exit_signal > NSIG) return -E.EINVAL;
  if ((a.flags & ~CLONE3_FLAGS) !== 0n) return -E.EINVAL;
  const has = (bit: number): boolean => (a.flags & BigInt(bit)) !== 0n;
  if (has(CLONE.SIGHAND) && has(CLONE.CLEAR_SIGHAND)) return -E.EINVAL;
  if ((has(CLONE.THREAD) || has(CLONE.PARENT)) && a.exit_signal !== 0n) return -E.EINVAL;
  if ((a.stack === 0n) !== (a.stack_size === 0n)) return -E.EINVAL;
  const cgroup = has(CLONE.INTO_CGROUP) ? groupOf(t, a.cgroup) : undefined;
  if (typeof cgroup === "number") return cgroup;
  const setTid: number[] = [];
  for (let i = 0; i < count; i++) {
    const pid = t.mem.u32(Number(a.set_tid) + 4 * i);
    if (pid < 0) return -E.EFAULT;
    setTid.push(pid | 0);
  }
  return clone(t, abi, {
    flags: Number(BigInt.asUintN(32, a.flags)),
    clearSighand: has(CLONE.CLEAR_SIGHAND),
    exitSignal: Number(a.exit_signal),
    stack: Number(a.stack + a.stack_size),
    tls: Number(a.tls),
    parentTid: Number(a.parent_tid),
    childTid: Number(a.child_tid),
    pidfd: Number(a.pidfd),
    ...(count > 0 ? { setTid } : {}),
    ...(cgroup ? { cgroup } : {}),
  });
};

/** CONFIG_CLONE_BACKWARDS: i386 has the thread pointer before the child's tid. */
const { flags, stack, parent_tid, child_tid, tls } = cloneParts;
const cloneArguments = { flags, stack, parent_tid, child_tid, tls } as const satisfies Args;
const cloneArgumentsI386 = { flags, stack, parent_tid, tls, child_tid } as const satisfies Args;
/** strace's order. */
const cloneShown = ["stack", "flags", "parent_tid", "tls", "child_tid"] as const;
type CloneArguments = ArgsOf<typeof cloneArguments>;

const exit = (t: Task, code: number): number => {
  exitTask(t, exitStatus(code));
  return 0;
};

const exitGroup = (t: Task, code: number): number => {
  endProcess(t.process, exitStatus(code));
  exitTask(t, t.process.exiting as number);
  return 0;
};

const UNSHARE =
  CLONE.FS |
  CLONE.FILES |
  CLONE.SYSVSEM |
  CLONE.THREAD |
  CLONE.SIGHAND |
  CLONE.VM |
  CLONE.NEWUSER |
  CLONE.NEWPID |
  CLONE.NEWNS |
  CLONE.NEWUTS |
  CLONE.NEWIPC |
  CLONE.NEWNET |
  CLONE.NEWTIME |
  CLONE.NEWCGROUP;
/** Linux kernel/fork.c ksys_unshare(). Without flags it succeeds. */
const unshare = (t: Task, flags: number): number => {
  if ((flags & ~UNSHARE) !== 0) return -E.EINVAL;
  const implied = (flags & CLONE.NEWUSER) !== 0 ? CLONE.THREAD | CLONE.FS : 0;
  return unshareAll(t, flags | implied | ((flags & CLONE.NEWNS) !== 0 ? CLONE.FS : 0));
};
const unshareAll = (t: Task, flags: number): number => {
  if ((flags & (CLONE.THREAD | CLONE.SIGHAND | CLONE.VM)) !== 0 && t.process.threads.length > 1) return -E.EINVAL;
  const spaces = enterNamespaces(t, flags);
  if (typeof spaces === "number") return spaces;
  unshareParts(t, flags);
  changeCred(t, spaces.cred);
  t.childPidNs = spaces.pidNs;
  t.namespaces = spaces.namespaces;
  if ((flags & CLONE.FS) !== 0) t.fs = t.fs.clone();
  spaces.enterMounts?.(t.fs);
  if ((flags & CLONE.FILES) !== 0 && t.files.refs > 1) {
    // Linux sane_fdtable_size(): the table may have been made under a higher limit.
    if (t.files.size > t.kernel.nrOpen) return -E.EMFILE;
    const own = t.files.clone();
    if (!own) return -E.ENOMEM;
    t.files.drop();
    t.files = own;
  }
  return 0;
};

const cloneArgs: ArgType<VAddr> = {
  ...given("cloneArgs", "size"),
  after: (v, ctx) => (ctx.ret < 0 ? "" : (ctx.style.texts.cloneResults(ctx, v, ctx.ret) ?? "")),
};

/** Calls that start and end tasks, and unshare(2). man 2 clone, fork, exit_group. */
export const cloneCalls: readonly Syscall[] = [
  syscall("fork", {}, (t, _a, abi) => clone(t, abi, plain)),
  syscall("vfork", {}, (t, _a, abi) => clone(t, abi, { ...plain, flags: CLONE.VFORK | CLONE.VM })),
  syscall("clone", cloneArguments, (t, a: CloneArguments, abi) => legacy(t, abi, a), { only: "x64", shown: cloneShown }),
  syscall("clone", cloneArgumentsI386, (t, a, abi) => legacy(t, abi, a), { only: i386.name, shown: cloneShown }),
  syscall("clone3", { args: cloneArgs, size: ulong }, (t, a, abi) => clone3(t, a.args, a.size, abi)),
  syscall("exit", { status: int }, (t, a) => exit(t, a.status)),
  syscall("exit_group", { status: int }, (t, a) => exitGroup(t, a.status)),
  syscall("set_tid_address", { tidptr: ptr }, (t, a) => {
    t.clearChildTid = a.tidptr;
    return shownPid(t, t.pid);
  }),
  syscall("unshare", { flags: cloneFlags }, (t, a) => unshare(t, a.flags)),
];
