// siginfo_t in guest memory: 128 bytes, a union after three ints. Linux include/uapi/asm-generic/siginfo.h, include/linux/compat.h.
import type { Abi } from "../../abi/abi.ts";
import { SI, type SigInfo } from "./info.ts";
import { SIG } from "./set.ts";

export const SIGINFO_SIZE = 128;

/** Which members of the union are in use. Linux siginfo_layout(). */
type Layout = "kill" | "timer" | "child" | "fault" | "sys" | "poll" | "queue";

const FAULTS = new Set([SIG.SIGILL, SIG.SIGFPE, SIG.SIGSEGV, SIG.SIGBUS, SIG.SIGTRAP]);

export const layoutOf = (signo: number, code: number): Layout => {
  if (code > SI.USER && code < SI.KERNEL) {
    if (FAULTS.has(signo)) return "fault";
    if (signo === SIG.SIGCHLD) return "child";
    if (signo === SIG.SIGIO) return "poll";
    if (signo === SIG.SIGSYS) return "sys";
  }
  if (code === SI.TIMER) return "timer";
  if (code === SI.SIGIO) return "poll";
  return code < 0 && code !== SI.TKILL ? "queue" : "kill";
};

interface Writer {
  /** Offset of the union: after 12 bytes, and aligned to 8 where pointers are 8 bytes. */
  readonly base: number;
  readonly abi: Abi;
  readonly v: DataView;
}
const long = ({ v, abi }: Writer, at: number, value: number | bigint): void => {
  const x = BigInt(value);
  if (abi.long === 8) v.setBigUint64(at, BigInt.asUintN(64, x), true);
  else v.setUint32(at, Number(BigInt.asUintN(32, x)), true);
};

const WRITE: Record<Layout, (w: Writer, i: SigInfo) => void> = {
  kill: ({ v, base }, i) => {
    v.setInt32(base, i.pid ?? 0, true);
    v.setUint32(base + 4, i.uid ?? 0, true);
  },
  queue: (w, i) => {
    WRITE.kill(w, i);
    long(w, w.base + 8, i.value ?? 0n);
  },
  timer: (w, i) => {
    w.v.setInt32(w.base, i.timerId ?? 0, true);
    w.v.setInt32(w.base + 4, i.overrun ?? 0, true);
    long(w, w.base + 8, i.value ?? 0n);
  },
  child: (w, i) => {
    WRITE.kill(w, i);
    w.v.setInt32(w.base + 8, i.status ?? 0, true);
    const times = w.abi.long === 8 ? w.base + 16 : w.base + 12;
    long(w, times, i.utime ?? 0);
    long(w, times + w.abi.long, i.stime ?? 0);
  },
  fault: (w, i) => long(w, w.base, i.addr ?? 0n),
  sys: (w, i) => {
    long(w, w.base, i.callAddr ?? 0n);
    w.v.setInt32(w.base + w.abi.long, i.syscall ?? 0, true);
    w.v.setUint32(w.base + w.abi.long + 4, i.arch ?? 0, true);
  },
  poll: (w, i) => {
    long(w, w.base, i.band ?? 0);
    w.v.setInt32(w.base + w.abi.long, i.fd ?? 0, true);
  },
};

/** The 128 bytes user code gets. */
export const siginfoBytes = (info: SigInfo, abi: Abi): Uint8Array => {
  const out = new Uint8Array(SIGINFO_SIZE);
  const v = new DataView(out.buffer);
  if (info.raw) out.set(info.raw.subarray(0, SIGINFO_SIZE));
  v.setInt32(0, info.signo, true);
  v.setInt32(4, info.errno ?? 0, true);
  v.setInt32(8, info.code, true);
  if (!info.raw) WRITE[layoutOf(info.signo, info.code)]({ base: abi.long === 8 ? 16 : 12, abi, v }, info);
  return out;
};

/** What rt_sigqueueinfo(2) was given. The caller's code decides which members mean something. */
export const siginfoFrom = (signo: number, bytes: Uint8Array, abi: Abi): SigInfo => {
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const base = abi.long === 8 ? 16 : 12;
  return {
    signo,
    errno: v.getInt32(4, true),
    code: v.getInt32(8, true),
    pid: v.getInt32(base, true),
    uid: v.getUint32(base + 4, true),
    value: abi.long === 8 ? v.getBigUint64(base + 8, true) : BigInt(v.getUint32(base + 8, true)),
    ...(abi.long === 8 ? { raw: bytes.slice() } : {}),
  };
};
