// The machine and the kernel: uname, sysinfo, host name, kernel log, reboot. man 2 uname, sysinfo, syslog,
// reboot.

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { SYSINFO } from "../../../abi/uapi/sysinfo.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { asBytes } from "../../base/byte-string.ts";
import { LOG_SIZE, syslogLine } from "../../base/log.ts";
import { type Wait, wait } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable, capableIn } from "../../cred/cred.ts";
import { hexInt, int, ptr, ulong } from "../../syscall/arg.ts";
import { filled, given } from "../../syscall/arg-struct.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { machineOf, PER } from "../../task/personality.ts";

const bytesOf = (text: string, size: number): Uint8Array => {
  const out = new Uint8Array(size);
  for (let i = 0; i < Math.min(text.length, size - 1); i++) out[i] = text.charCodeAt(i);
  return out;
};

/** Writes names of `size` bytes: six of 65; five of 65 (olduname); five of 9 (oldolduname). */
const uname = (t: Task, at: VAddr, size: 65 | 9, count: 5 | 6): number => {
  const { kernel } = t;
  const { hostname, domainname } = t.namespaces.uts;
  const names = ["Linux", hostname, kernel.profile.release, kernel.profile.version, machineOf(t.personality), domainname];
  const out = new Uint8Array(size * count);
  names.slice(0, count).forEach((name, i) => {
    out.set(bytesOf(name, size), size * i);
  });
  return t.mem.write(at, out) ? 0 : -E.EFAULT;
};
const utsname = filled("utsname");

const MAX_NAME = 64;
const setName = (t: Task, at: VAddr, length: number, set: (name: string) => void): number => {
  if (!capableIn(t.cred, t.namespaces.uts.owner, CAP.SYS_ADMIN)) return -E.EPERM;
  if (length < 0 || length > MAX_NAME) return -E.EINVAL;
  const bytes = t.mem.read(at, length);
  if (!bytes) return -E.EFAULT;
  set(String.fromCharCode(...bytes).replace(/\0.*$/s, ""));
  return 0;
};

const SYSINFO_PADDING = { 8: 0, 4: 8 } as const;
const sysinfo = (t: Task, at: VAddr, abi: Abi): number => {
  const { frames, now, tasks } = t.kernel;
  const bytes = SYSINFO.encode(
    {
      uptime: Math.floor(now / 1e9) + t.namespaces.time.total("boottime").sec,
      load1: 0,
      load5: 0,
      load15: 0,
      totalram: frames.total * PAGE_SIZE,
      freeram: frames.free * PAGE_SIZE,
      sharedram: 0,
      bufferram: 0,
      totalswap: 0,
      freeswap: 0,
      procs: tasks.size,
      pad: 0,
      totalhigh: 0,
      freehigh: 0,
      mem_unit: 1,
    },
    abi,
  );
  const out = new Uint8Array(bytes.length + SYSINFO_PADDING[abi.long]);
  out.set(bytes);
  return t.mem.write(at, out) ? 0 : -E.EFAULT;
};

/** Actions of syslog(2). Linux include/linux/syslog.h. */
const ACTION = {
  CLOSE: 0,
  OPEN: 1,
  READ: 2,
  READ_ALL: 3,
  READ_CLEAR: 4,
  CLEAR: 5,
  CONSOLE_OFF: 6,
  CONSOLE_ON: 7,
  CONSOLE_LEVEL: 8,
  SIZE_UNREAD: 9,
  SIZE_BUFFER: 10,
} as const;

/** READ_ALL and SIZE_BUFFER are open to all, as with dmesg_restrict off. Other actions need CAP_SYSLOG. */
const syslog = (t: Task, type: number, at: VAddr, length: number): number | Wait => {
  const { log } = t.kernel;
  const open = type === ACTION.READ_ALL || type === ACTION.SIZE_BUFFER;
  if (!open && !capable(t.cred, CAP.SYSLOG) && !capable(t.cred, CAP.SYS_ADMIN)) return -E.EPERM;
  switch (type) {
    case ACTION.CLOSE:
    case ACTION.OPEN:
    case ACTION.CONSOLE_OFF:
    case ACTION.CONSOLE_ON:
      return 0;
    case ACTION.CONSOLE_LEVEL:
      return length < 1 || length > 8 ? -E.EINVAL : 0;
    case ACTION.CLEAR:
      log.cleared = log.total;
      return 0;
    case ACTION.SIZE_UNREAD:
      return log.unread;
    case ACTION.SIZE_BUFFER:
      return LOG_SIZE;
    case ACTION.READ: {
      if (at === 0 || length < 0) return -E.EINVAL;
      if (length === 0) return 0;
      if (log.unread === 0) return wait([log.changed]);
      const lines = log.take(length);
      return t.mem.write(at, asBytes(lines)) ? lines.length : -E.EFAULT;
    }
    case ACTION.READ_ALL:
    case ACTION.READ_CLEAR: {
      if (at === 0 || length < 0) return -E.EINVAL;
      if (length === 0) return 0;
      const tail = log.since(log.cleared).map(syslogLine).join("").slice(-length);
      if (!t.mem.write(at, asBytes(tail))) return -E.EFAULT;
      if (type === ACTION.READ_CLEAR) log.cleared = log.total;
      return tail.length;
    }
    default:
      return -E.EINVAL;
  }
};

const QUERY_PERSONALITY = 0xffff_ffff;
const personality = (t: Task, value: number): number => {
  const old = t.personality;
  if (value !== QUERY_PERSONALITY) {
    t.personality = value;
    t.mem.readImpliesExec = (value & PER.READ_IMPLIES_EXEC) !== 0;
  }
  return old;
};

/** Calls on the machine as a whole. man 2 uname, sysinfo, syslog, reboot. */
export const systemCalls: readonly Syscall[] = [
  syscall("uname", { name: utsname }, (t, a) => uname(t, a.name, 65, 6)),
  syscall("olduname", { name: ptr }, (t, a) => uname(t, a.name, 65, 5)),
  syscall("oldolduname", { name: ptr }, (t, a) => uname(t, a.name, 9, 5)),
  syscall("sethostname", { name: given("text", "len"), len: int }, (t, a) =>
    setName(t, a.name, a.len, (name) => {
      t.namespaces.uts.hostname = name;
    }),
  ),
  syscall("setdomainname", { name: given("text", "len"), len: int }, (t, a) =>
    setName(t, a.name, a.len, (name) => {
      t.namespaces.uts.domainname = name;
    }),
  ),
  syscall("sysinfo", { info: filled("sysinfo") }, (t, a, abi) => sysinfo(t, a.info, abi)),
  syscall("syslog", { type: int, buf: ptr, len: int }, (t, a) => syslog(t, a.type, a.buf, a.len)),
  syscall("personality", { persona: hexInt }, (t, a) => personality(t, a.persona), { hexResult: true }),
  syscall("reboot", { magic1: hexInt, magic2: hexInt, cmd: hexInt, arg: ptr }, () => -E.EPERM, {
    note: "always EPERM: the owner of the machine stops it",
  }),
  syscall("vhangup", {}, (t) => (capable(t.cred, CAP.SYS_TTY_CONFIG) ? 0 : -E.EPERM), { note: "does nothing" }),
  syscall("iopl", { level: int }, (_t, a) => (a.level > 3 || a.level < 0 ? -E.EINVAL : a.level === 0 ? 0 : -E.EPERM), {
    note: "no port access",
  }),
  syscall(
    "ioperm",
    { from: ulong, num: ulong, turn_on: int },
    (_t, a) => (a.from + a.num > 65536 ? -E.EINVAL : a.turn_on === 0 ? 0 : -E.EPERM),
    {
      note: "no port access",
    },
  ),
];
