// siginfo_t in guest memory: 128 bytes, a union after three ints. Linux include/uapi/asm-generic/siginfo.h,
// include/linux/compat.h.
import { type Abi, x32 } from "../../abi/abi.ts";
import { type Field, type Fields, long, type Struct, s32, struct, u32, unionOfPointers, word } from "../../abi/struct.ts";
import { SI, type SigInfo } from "./state/info.ts";
import { SIG } from "./state/set.ts";

/** Size of siginfo_t in bytes. */
export const SIGINFO_SIZE = 128;

/** The members of the union in use. Linux siginfo_layout(). */
type Layout = "kill" | "timer" | "child" | "fault" | "sys" | "poll" | "queue";

const FAULTS = new Set([SIG.SIGILL, SIG.SIGFPE, SIG.SIGSEGV, SIG.SIGBUS, SIG.SIGTRAP]);

/** The last si_code of SIGIO. Linux NSIGPOLL. */
const MOST_POLL = 6;

/** The members of the union that `signo` and `code` select. Linux siginfo_layout(). */
export const layoutOf = (signo: number, code: number): Layout => {
  if (code > SI.USER && code < SI.KERNEL) {
    if (FAULTS.has(signo)) return "fault";
    if (signo === SIG.SIGCHLD) return "child";
    if (signo === SIG.SIGSYS) return "sys";
    // SIGIO, and the signal of F_SETSIG.
    if (code <= MOST_POLL) return "poll";
  }
  if (code === SI.TIMER) return "timer";
  if (code === SI.SIGIO) return "poll";
  return code < 0 && code !== SI.TKILL ? "queue" : "kill";
};

/** clock_t: x32's has 64 bits only here. Linux include/linux/compat.h, _sigchld_x32. */
const clock: Field<number> = {
  size: (a) => (a === x32 ? 8 : long.size(a)),
  align: (a) => (a === x32 ? 8 : long.align(a)),
  get: (v, at, a) => (a === x32 ? Number(v.getBigInt64(at, true)) : long.get(v, at, a)),
  put: (v, at, x, a) => (a === x32 ? v.setBigInt64(at, BigInt(Math.trunc(x)), true) : long.put(v, at, x, a)),
};

const head = { signo: s32, errno: s32, code: s32, union: unionOfPointers };
const sender = { pid: s32, uid: u32 };
const member = <const F extends Fields>(fields: F) => struct("siginfo", { ...head, ...fields });

/** The structure by members in use, named as in `SigInfo`. */
export const siginfo = {
  kill: member(sender),
  queue: member({ ...sender, value: word }),
  timer: member({ timerId: s32, overrun: s32, value: word }),
  child: member({ ...sender, status: s32, utime: clock, stime: clock }),
  fault: member({ addr: word }),
  sys: member({ callAddr: word, syscall: s32, arch: u32 }),
  poll: member({ band: long, fd: s32 }),
} satisfies Record<Layout, Struct<Fields>>;

const none = new Uint8Array(SIGINFO_SIZE);

/** The 128 bytes for user code. */
export const siginfoBytes = (info: SigInfo, abi: Abi): Uint8Array => {
  const out = new Uint8Array(SIGINFO_SIZE);
  const s: Struct<Fields> = siginfo[layoutOf(info.signo, info.code)];
  const bytes = s.encode({ ...s.decode(none, abi), ...info }, abi);
  if (info.raw) {
    out.set(info.raw.subarray(0, SIGINFO_SIZE));
    out.set(bytes.subarray(0, siginfo.kill.offset(abi, "code") + 4));
  } else out.set(bytes);
  return out;
};

/** The argument of rt_sigqueueinfo(2). The caller's code decides the members in use. */
export const siginfoFrom = (signo: number, bytes: Uint8Array, abi: Abi): SigInfo => {
  const { errno, code, pid, uid, value } = siginfo.queue.decode(bytes, abi);
  return { signo, errno, code, pid, uid, value, ...(abi.long === 8 ? { raw: bytes.slice() } : {}) };
};
