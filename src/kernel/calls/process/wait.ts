// wait4, waitid, waitpid. man 2 wait, wait4; Linux kernel/exit.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_NONBLOCK } from "../../../abi/uapi/fcntl.ts";
import { W } from "../../../abi/uapi/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { waitForChild } from "../../lifecycle/wait.ts";
import { siginfo, siginfoBytes } from "../../signal/layout.ts";
import { SIG } from "../../signal/state/set.ts";
import { int } from "../../syscall/arg.ts";
import { idtype, statusPointer, waitidOptions, waitOptions } from "../../syscall/arg-process.ts";
import { filled } from "../../syscall/arg-struct.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import type { ChildEvent, ChildSelector } from "../../task/child-event.ts";
import { Pidfd } from "../../task/pidfd.ts";
import { rusageBytes } from "../../task/rusage.ts";

const WAIT4_OPTIONS = W.NOHANG | W.UNTRACED | W.CONTINUED | W.NOTHREAD | W.CLONE | W.ALL;
const WAITID_OPTIONS = W.NOHANG | W.NOWAIT | W.EXITED | W.STOPPED | W.CONTINUED | W.NOTHREAD | W.CLONE | W.ALL;
const INT_MIN = -0x8000_0000;

const anyChild: ChildSelector = () => true;
const pidIs =
  (pid: number): ChildSelector =>
  (child, thread) =>
    (thread ?? child).pid === pid;
const groupIs =
  (pgid: number): ChildSelector =>
  (child) =>
    child.pgid === pgid;

const writeUsage = (t: Task, at: VAddr, found: ChildEvent, abi: Abi): boolean => at === 0 || t.mem.write(at, rusageBytes(found.usage, abi));

const wait4 = (t: Task, pid: number, status: VAddr, options: number, usage: VAddr, abi: Abi): Result => {
  if ((options & ~WAIT4_OPTIONS) !== 0) return -E.EINVAL;
  if (pid === INT_MIN) return -E.ESRCH;
  const own = t.process.pgid;
  const selects = pid === -1 ? anyChild : pid < 0 ? groupIs(t.pidNs.idOf(-pid)) : pid === 0 ? groupIs(own) : pidIs(t.pidNs.idOf(pid));
  const found = waitForChild(t, selects, options | W.EXITED);
  if (typeof found === "number" || "interrupted" in found) return found;
  if (status !== 0 && !t.mem.setU32(status, found.word)) return -E.EFAULT;
  return writeUsage(t, usage, found, abi) ? found.pid : -E.EFAULT;
};

const P = { ALL: 0, PID: 1, PGID: 2, PIDFD: 3 } as const;

/** The children that waitid selects. `nonblock`: the pidfd has O_NONBLOCK. -errno. */
const chosen = (t: Task, type: number, id: number): { selects: ChildSelector; nonblock: boolean } | number => {
  switch (type) {
    case P.ALL:
      return { selects: anyChild, nonblock: false };
    case P.PID:
      return id <= 0 ? -E.EINVAL : { selects: pidIs(t.pidNs.idOf(id)), nonblock: false };
    case P.PGID:
      return id < 0 ? -E.EINVAL : { selects: groupIs(id === 0 ? t.process.pgid : t.pidNs.idOf(id)), nonblock: false };
    case P.PIDFD: {
      const file = id < 0 ? undefined : t.files.get(id);
      if (id < 0) return -E.EINVAL;
      if (!(file instanceof Pidfd)) return -E.EBADF;
      return { selects: (child) => child === file.process, nonblock: (file.flags & O_NONBLOCK) !== 0 };
    }
    default:
      return -E.EINVAL;
  }
};

const waitid = (t: Task, type: number, id: number, info: VAddr, options: number, usage: VAddr, abi: Abi): Result => {
  if ((options & ~WAITID_OPTIONS) !== 0 || (options & (W.EXITED | W.STOPPED | W.CONTINUED)) === 0) return -E.EINVAL;
  const selection = chosen(t, type, id);
  if (typeof selection === "number") return selection;
  const hang = selection.nonblock && (options & W.NOHANG) === 0;
  const found = waitForChild(t, selection.selects, hang ? options | W.NOHANG : options);
  if (typeof found === "object" && "interrupted" in found) return found;
  if (found === 0 && hang) return -E.EAGAIN;
  if (typeof found === "number") {
    // Without an event signo and pid are 0. With an error nothing is written.
    return found < 0 || info === 0 || (t.mem.clear(info, 12) && t.mem.clear(info + siginfo.child.offset(abi, "pid"), 12))
      ? found
      : -E.EFAULT;
  }
  const bytes = siginfoBytes({ signo: SIG.SIGCHLD, code: found.code, pid: found.pid, uid: found.uid, status: found.status }, abi);
  if (!writeUsage(t, usage, found, abi)) return -E.EFAULT;
  return info === 0 || t.mem.write(info, bytes.subarray(0, siginfo.child.offset(abi, "status") + 4)) ? 0 : -E.EFAULT;
};

/** Calls that wait for children. man 2 wait, wait4. */
export const waitCalls: readonly Syscall[] = [
  syscall("wait4", { pid: int, status: statusPointer, options: waitOptions, rusage: filled("rusage") }, (t, a, abi) =>
    wait4(t, a.pid, a.status, a.options, a.rusage, abi),
  ),
  syscall("waitpid", { pid: int, status: statusPointer, options: waitOptions }, (t, a, abi) =>
    wait4(t, a.pid, a.status, a.options, 0 as VAddr, abi),
  ),
  syscall(
    "waitid",
    { which: idtype, pid: int, infop: filled("childInfo"), options: waitidOptions, rusage: filled("rusage") },
    (t, a, abi) => waitid(t, a.which, a.pid, a.infop, a.options, a.rusage, abi),
  ),
];
