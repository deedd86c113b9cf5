// A process as a file, readable after its end. man 2 pidfd_open; Linux fs/pidfs.c.

import { x64 } from "../../abi/abi.ts";
import type { VAddr } from "../../abi/brand.ts";
import { E } from "../../abi/errno.ts";
import { s32, struct, u32, u64 } from "../../abi/struct.ts";
import { O_RDWR } from "../../abi/uapi/fcntl.ts";
import type { WaitQueue } from "../base/wait.ts";
import type { Process } from "../core/process.ts";
import type { Task } from "../core/task.ts";
import { shownGid, shownUid } from "../cred/user-namespace.ts";
import { FileDescription, POLLIN, POLLRDNORM } from "../fs/vfs/file.ts";
import { install } from "../fs/vfs/install.ts";
import type { PidNamespace } from "./pid-namespace.ts";

/**
 * The request PIDFD_GET_INFO without the size of its struct, and the bits of the size. Linux uapi
 * linux/pidfd.h.
 */
const PIDFD_GET_INFO = 0xc000_ff0b;
const SIZE_BITS = 0x3fff_0000;
const INFO = { PID: 1, CREDS: 2, EXIT: 8 } as const;
const pidfdInfo = struct("pidfd_info", {
  mask: u64,
  cgroupid: u64,
  pid: u32,
  tgid: u32,
  ppid: u32,
  ruid: u32,
  rgid: u32,
  euid: u32,
  egid: u32,
  suid: u32,
  sgid: u32,
  fsuid: u32,
  fsgid: u32,
  exit_code: s32,
});

/**
 * PIDFD_GET_INFO: of a reaped process only how it ended, if that is asked for. There are no cgroups. Linux
 * fs/pidfs.c pidfd_info().
 */
const getInfo = (t: Task, process: Process, at: VAddr, size: number): number => {
  if (at === 0 || size < pidfdInfo.size(x64)) return -E.EINVAL;
  const wanted = t.mem.u32(at);
  if (wanted < 0 || t.mem.u32(at + 4) < 0) return -E.EFAULT;
  const isReaped = t.kernel.processes.get(process.pid) !== process;
  const pid = t.pidNs.numberOf(process.pid);
  if (isReaped && ((wanted & INFO.EXIT) === 0 || !isInside(t, process))) return -E.ESRCH;
  if (!isReaped && pid === 0) return -E.ESRCH;
  const { cred } = process.leader;
  const { userNs } = t.cred;
  const [uid, gid] = [(id: number) => shownUid(userNs, id), (id: number) => shownGid(userNs, id)];
  const none = { pid: 0, tgid: 0, ppid: 0, ruid: 0, rgid: 0, euid: 0, egid: 0, suid: 0, sgid: 0, fsuid: 0, fsgid: 0 };
  const alive = isReaped
    ? none
    : {
        pid,
        tgid: pid,
        ppid: process.parent ? t.pidNs.numberOf(process.parent.pid) : 0,
        ruid: uid(cred.uid),
        rgid: gid(cred.gid),
        euid: uid(cred.euid),
        egid: gid(cred.egid),
        suid: uid(cred.suid),
        sgid: gid(cred.sgid),
        fsuid: uid(cred.fsuid),
        fsgid: gid(cred.fsgid),
      };
  const ended = isReaped && (wanted & INFO.EXIT) !== 0;
  const mask = BigInt((isReaped ? 0 : INFO.PID | INFO.CREDS) | (ended ? INFO.EXIT : 0));
  const bytes = new Uint8Array(size);
  bytes.set(pidfdInfo.encode({ ...alive, mask, cgroupid: 0n, exit_code: ended ? (process.ended ?? 0) : 0 }, x64));
  return t.mem.write(at, bytes) ? 0 : -E.EFAULT;
};
/** True if the process was in the caller's pid namespace or below it. */
const isInside = (t: Task, process: Process): boolean => {
  for (let ns: PidNamespace | undefined = process.leader.pidNs; ns; ns = ns.parent) if (ns === t.pidNs) return true;
  return false;
};

/** The file of pidfd_open(2). PIDFD_NONBLOCK is O_NONBLOCK: waitid returns EAGAIN instead of waiting. */
export class Pidfd extends FileDescription {
  readonly process: Process;
  constructor(task: Task, process: Process, flags: number) {
    const path = task.kernel.vfs.anonymous(task, "[pidfd]");
    super(path.dentry.inode, O_RDWR | flags, path);
    this.process = process;
  }
  override ioctl(task: Task, request: number, arg: VAddr): number {
    const size = (request >>> 16) & 0x3fff;
    return (request & ~SIZE_BITS) >>> 0 === PIDFD_GET_INFO ? getInfo(task, this.process, arg, size) : -E.ENOTTY;
  }
  override poll(): number {
    return this.process.ended === undefined ? 0 : POLLIN | POLLRDNORM;
  }
  override queues(): readonly WaitQueue[] {
    return [this.process.endEvents];
  }
  override info(): string {
    return `Pid:\t${this.process.ended === undefined || this.process.parent?.children.has(this.process) ? this.process.pid : -1}\nNSpid:\t${this.process.pid}\n`;
  }
}

/** A new descriptor for the process with an id of the machine, or -errno: -ESRCH after its end. */
export const pidfdFor = (task: Task, pid: number): number => {
  const process = task.kernel.processes.get(pid);
  return process ? installPidfd(task, process) : -E.ESRCH;
};
/** A new descriptor for a process, close-on-exec, or -errno. */
export const installPidfd = (task: Task, process: Process, flags = 0): number => install(task, new Pidfd(task, process, flags), true);
