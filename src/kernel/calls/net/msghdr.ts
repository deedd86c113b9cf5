// struct msghdr and control messages. man 2 sendmsg, man 3 cmsg, man 7 unix "Ancillary messages"; Linux
// net/core/scm.c, net/compat.c.

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { struct, u32, ulong } from "../../../abi/struct.ts";
import { MSG } from "../../../abi/uapi/socket.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import { install } from "../../fs/vfs/install.ts";
import { SOL } from "../../net/options/numbers.ts";
import { credOf, type ReceiveResult, type SendRequest, type Socket, type Ucred } from "../../net/socket.ts";
import { shownPid } from "../../task/pid-namespace.ts";
import { pidfdFor } from "../../task/pidfd.ts";

/** The structure in the caller's ABI. */
export const msghdr = struct("msghdr", {
  msg_name: ulong,
  msg_namelen: u32,
  msg_iov: ulong,
  msg_iovlen: ulong,
  msg_control: ulong,
  msg_controllen: ulong,
  msg_flags: u32,
});
/** A decoded struct msghdr. */
export type Msghdr = ReturnType<typeof msghdr.decode>;

const SCM = { RIGHTS: 1, CREDENTIALS: 2, PIDFD: 4 } as const;
/** SCM_MAX_FD: the largest number of descriptors in a message. */
const MAX_RIGHTS = 253;
const UCRED_SIZE = 12;
const MAX_CONTROL = 20_480;

const align = (n: number, abi: Abi): number => Math.ceil(n / abi.long) * abi.long;
/** Size of struct cmsghdr { size_t len; int level; int type; }, aligned. */
const headSize = (abi: Abi): number => align(abi.long + 8, abi);

/** The descriptors and credentials of a message. */
export interface Ancillary {
  readonly rights: readonly FileDescription[];
  readonly cred: Ucred;
  readonly request?: SendRequest;
}

/** The sender's control messages to an address, or -errno. Linux __scm_send(). */
export const readControl = (t: Task, s: Socket, h: Msghdr, to: string | undefined, abi: Abi): Ancillary | number => {
  let cred = credOf(t);
  const rights: FileDescription[] = [];
  let request: SendRequest = {};
  if (h.msg_controllen === 0 || h.msg_control === 0) return { rights, cred };
  if (h.msg_controllen > MAX_CONTROL) return -E.ENOBUFS;
  const bytes = t.mem.read(h.msg_control, h.msg_controllen);
  if (!bytes) return -E.EFAULT;
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = headSize(abi);
  for (let at = 0; at + head <= bytes.length; ) {
    const length = abi.long === 8 ? Number(v.getBigUint64(at, true)) : v.getUint32(at, true);
    const level = v.getInt32(at + abi.long, true);
    const type = v.getInt32(at + abi.long + 4, true);
    if (length < head || at + length > bytes.length) return -E.EINVAL;
    const data = new DataView(bytes.buffer, bytes.byteOffset + at + head, length - head);
    if (level === SOL.SOCKET) {
      if (type === SCM.RIGHTS) {
        const bad = addRights(t, rights, data);
        if (bad < 0) return bad;
      } else if (type === SCM.CREDENTIALS) {
        const checked = checkCred(t, data);
        if (typeof checked === "number") return checked;
        cred = checked;
      } else return -E.EINVAL;
    } else {
      const more = s.sendRequest(level, type, data, to);
      if (typeof more === "number") return more;
      request = { ...request, ...more };
    }
    at += align(length, abi);
  }
  return { rights, cred, request };
};
const addRights = (t: Task, rights: FileDescription[], data: DataView): number => {
  if (rights.length + (data.byteLength >> 2) > MAX_RIGHTS) return -E.EINVAL;
  for (let i = 0; i + 4 <= data.byteLength; i += 4) {
    const file = t.files.getRaw(data.getInt32(i, true));
    if (!file) return -E.EBADF;
    rights.push(file);
  }
  return 0;
};
/** Linux scm_check_creds(): the sender's own ids, or any ids with capabilities. */
const checkCred = (t: Task, data: DataView): Ucred | number => {
  if (data.byteLength !== UCRED_SIZE) return -E.EINVAL;
  const [pid, uid, gid] = [0, 4, 8].map((o) => data.getUint32(o, true)) as [number, number, number];
  const { cred } = t;
  const pidOk = pid === shownPid(t, t.tgid) || capable(cred, CAP.SYS_ADMIN);
  const uidOk = [cred.uid, cred.euid, cred.suid].includes(uid) || capable(cred, CAP.SETUID);
  const gidOk = [cred.gid, cred.egid, cred.sgid].includes(gid) || capable(cred, CAP.SETGID);
  return pidOk && uidOk && gidOk ? { pid: t.pidNs.idOf(pid), uid, gid } : -E.EPERM;
};

/**
 * Fills the receiver's control buffer. Returns the used size and MSG_CTRUNC if it is too small. Linux
 * scm_recv().
 */
export const writeControl = (
  t: Task,
  h: Msghdr,
  got: ReceiveResult,
  passes: { readonly cred: boolean; readonly pidfd: boolean },
  flags: number,
  abi: Abi,
): { length: number; flags: number } => {
  const head = headSize(abi);
  const capacity = h.msg_control === 0 ? 0 : h.msg_controllen;
  let used = 0;
  let shown = 0;
  const put = (type: number, data: Uint8Array, level: number = SOL.SOCKET): void => {
    const whole = head + data.length;
    const length = Math.min(whole, capacity - used);
    if (length < head) {
      shown |= MSG.CTRUNC;
      return;
    }
    if (length < whole) shown |= MSG.CTRUNC;
    const at = h.msg_control + used;
    t.mem.setLong(at, length, abi.long);
    t.mem.setU32(at + abi.long, level);
    t.mem.setU32(at + abi.long + 4, type);
    t.mem.write(at + head, data.subarray(0, length - head));
    used += Math.min(align(length, abi), capacity - used);
  };
  for (const { level, type, data } of got.notes ?? []) put(type, data, level);
  if (passes.cred) put(SCM.CREDENTIALS, new Uint8Array(new Uint32Array([shownPid(t, got.cred.pid), got.cred.uid, got.cred.gid]).buffer));
  if (got.rights.length > 0) {
    const limit = Math.max(0, Math.floor((capacity - used - head) / 4));
    const fds: number[] = [];
    for (const file of got.rights.slice(0, limit)) {
      const fd = install(t, file, (flags & MSG.CMSG_CLOEXEC) !== 0);
      if (fd < 0) break;
      fds.push(fd);
    }
    if (fds.length > 0) put(SCM.RIGHTS, new Uint8Array(new Int32Array(fds).buffer));
    if (fds.length < got.rights.length) shown |= MSG.CTRUNC;
  }
  if (passes.pidfd) {
    const fd = capacity - used < head ? -E.EMFILE : pidfdFor(t, got.cred.pid);
    put(SCM.PIDFD, new Uint8Array(new Int32Array([fd]).buffer));
  }
  return { length: used, flags: shown };
};

/** A struct msghdr from user memory, or -errno. */
export const readMsghdr = (t: Task, at: VAddr, abi: Abi): Msghdr | number => {
  const bytes = t.mem.read(at, msghdr.size(abi));
  return bytes ? msghdr.decode(bytes, abi) : -E.EFAULT;
};
