// Fetching signals: signalfd, rt_sigtimedwait. man 2 signalfd, sigwaitinfo; Linux fs/signalfd.c,
// kernel/signal.c do_sigtimedwait().
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../../../abi/uapi/fcntl.ts";
import { wait } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { SignalFile } from "../../fs/files/signalfd.ts";
import { install } from "../../fs/vfs/install.ts";
import { fetchSignal } from "../../signal/fetch.ts";
import { siginfoBytes } from "../../signal/layout.ts";
import { SIGSET_SIZE, UNBLOCKABLE } from "../../signal/state/set.ts";
import { ptr, ulong } from "../../syscall/arg.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { anyFd } from "../../syscall/arg-process.ts";
import { sigset } from "../../syscall/arg-signal.ts";
import { timespec, timespec64 } from "../../syscall/arg-time.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { native, readNanoseconds, type TimeForm, time64 } from "../../syscall/timespec.ts";
import { readSigset } from "./action.ts";

const signalfd = (t: Task, fd: number, at: VAddr, size: number, how: number): number => {
  if (size !== SIGSET_SIZE) return -E.EINVAL;
  const mask = readSigset(t, at);
  if (mask === undefined) return -E.EFAULT;
  if ((how & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) return -E.EINVAL;
  const wanted = mask & ~UNBLOCKABLE;
  if (fd === -1) return install(t, new SignalFile(t, t.kernel.vfs.anonymous(t, "[signalfd]"), wanted, how), (how & O_CLOEXEC) !== 0);
  const file = t.files.get(fd);
  if (!(file instanceof SignalFile)) return file ? -E.EINVAL : -E.EBADF;
  file.mask = wanted;
  t.actions.arrivals.wake();
  return fd;
};

const timedwait = (t: Task, set: VAddr, info: VAddr, timeout: VAddr, size: number, form: TimeForm, abi: Abi): Result => {
  if (size !== SIGSET_SIZE) return -E.EINVAL;
  const wanted = readSigset(t, set);
  if (wanted === undefined) return -E.EFAULT;
  if (timeout !== 0 && t.waited.deadline === undefined) {
    const ns = readNanoseconds(t, timeout, form, abi);
    if (ns < 0) return ns;
    t.waited.deadline = t.kernel.now + ns;
  }
  const found = fetchSignal(t, wanted & ~UNBLOCKABLE);
  if (found) return info === 0 || t.mem.write(info, siginfoBytes(found, abi)) ? found.signo : -E.EFAULT;
  const { deadline, expired } = t.waited;
  if (expired || (deadline !== undefined && deadline <= t.kernel.now)) return -E.EAGAIN;
  return wait([t.actions.arrivals], {
    until: deadline !== undefined && Number.isFinite(deadline) ? deadline : undefined,
    interrupted: E.EINTR,
  });
};

const waitArgs = { uthese: sigset, uinfo: ptr, uts: timespec, sigsetsize: ulong } as const;
const fdFlags = flags("int", { SFD_CLOEXEC: O_CLOEXEC, SFD_NONBLOCK: O_NONBLOCK }, "SFD_???");
/** Calls that fetch signals. man 2 signalfd, sigwaitinfo. */
export const signalfdCalls: readonly Syscall[] = [
  syscall("signalfd", { fd: anyFd, mask: sigset, sigsetsize: ulong }, (t, a) => signalfd(t, a.fd, a.mask, a.sigsetsize, 0)),
  syscall("signalfd4", { fd: anyFd, mask: sigset, sigsetsize: ulong, flags: fdFlags }, (t, a) =>
    signalfd(t, a.fd, a.mask, a.sigsetsize, a.flags),
  ),
  syscall("rt_sigtimedwait", waitArgs, (t, a, abi) => timedwait(t, a.uthese, a.uinfo, a.uts, a.sigsetsize, native, abi)),
  syscall("rt_sigtimedwait_time64", { ...waitArgs, uts: timespec64 }, (t, a, abi) =>
    timedwait(t, a.uthese, a.uinfo, a.uts, a.sigsetsize, time64, abi),
  ),
];
