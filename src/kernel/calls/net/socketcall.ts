// socketcall(2): i386's common entry to all socket calls, which hides them from filters (landmine B5). Linux
// net/socket.c, net/compat.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { ptr } from "../../syscall/arg.ts";
import { choice } from "../../syscall/arg-flags.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { native } from "../../syscall/timespec.ts";
import { receiveSeveral, sendSeveral } from "./sendmmsg.ts";
import { recvfrom, recvmsg, sendmsg, sendto } from "./sendmsg.ts";
import { accept, bind, connect, getpeername, getsockname, getsockopt, listen, setsockopt, shutdown, socket, socketpair } from "./socket.ts";

type Call = (t: Task, a: readonly number[], abi: Abi) => Result;
const n = (a: readonly number[], i: number): number => (a[i] as number) | 0;
const p = (a: readonly number[], i: number): VAddr => a[i] as VAddr;

/** SYS_*, Linux uapi linux/net.h: the number of argument words, and the call. */
const CALLS: Readonly<Record<number, readonly [name: string, words: number, call: Call]>> = {
  1: ["SYS_SOCKET", 3, (t, a) => socket(t, n(a, 0), n(a, 1), n(a, 2))],
  2: ["SYS_BIND", 3, (t, a) => bind(t, n(a, 0), p(a, 1), n(a, 2))],
  3: ["SYS_CONNECT", 3, (t, a) => connect(t, n(a, 0), p(a, 1), n(a, 2))],
  4: ["SYS_LISTEN", 2, (t, a) => listen(t, n(a, 0), n(a, 1))],
  5: ["SYS_ACCEPT", 3, (t, a) => accept(t, n(a, 0), p(a, 1), p(a, 2), 0)],
  6: ["SYS_GETSOCKNAME", 3, (t, a) => getsockname(t, n(a, 0), p(a, 1), p(a, 2))],
  7: ["SYS_GETPEERNAME", 3, (t, a) => getpeername(t, n(a, 0), p(a, 1), p(a, 2))],
  8: ["SYS_SOCKETPAIR", 4, (t, a) => socketpair(t, n(a, 0), n(a, 1), n(a, 2), p(a, 3))],
  9: ["SYS_SEND", 4, (t, a, abi) => sendto(t, n(a, 0), p(a, 1), p(a, 2), n(a, 3), 0 as VAddr, 0, abi)],
  10: ["SYS_RECV", 4, (t, a, abi) => recvfrom(t, n(a, 0), p(a, 1), p(a, 2), n(a, 3), 0 as VAddr, 0 as VAddr, abi)],
  11: ["SYS_SENDTO", 6, (t, a, abi) => sendto(t, n(a, 0), p(a, 1), p(a, 2), n(a, 3), p(a, 4), n(a, 5), abi)],
  12: ["SYS_RECVFROM", 6, (t, a, abi) => recvfrom(t, n(a, 0), p(a, 1), p(a, 2), n(a, 3), p(a, 4), p(a, 5), abi)],
  13: ["SYS_SHUTDOWN", 2, (t, a) => shutdown(t, n(a, 0), n(a, 1))],
  14: ["SYS_SETSOCKOPT", 5, (t, a, abi) => setsockopt(t, n(a, 0), n(a, 1), n(a, 2), p(a, 3), n(a, 4), abi)],
  15: ["SYS_GETSOCKOPT", 5, (t, a, abi) => getsockopt(t, n(a, 0), n(a, 1), n(a, 2), p(a, 3), p(a, 4), abi)],
  16: ["SYS_SENDMSG", 3, (t, a, abi) => sendmsg(t, n(a, 0), p(a, 1), n(a, 2), abi)],
  17: ["SYS_RECVMSG", 3, (t, a, abi) => recvmsg(t, n(a, 0), p(a, 1), n(a, 2), abi)],
  18: ["SYS_ACCEPT4", 4, (t, a) => accept(t, n(a, 0), p(a, 1), p(a, 2), n(a, 3))],
  19: ["SYS_RECVMMSG", 5, (t, a, abi) => receiveSeveral(t, n(a, 0), p(a, 1), p(a, 2), n(a, 3), p(a, 4), native, abi)],
  20: ["SYS_SENDMMSG", 4, (t, a, abi) => sendSeveral(t, n(a, 0), p(a, 1), p(a, 2), n(a, 3), abi)],
};

const socketcall = (t: Task, number: number, at: VAddr, abi: Abi): Result => {
  const row = CALLS[number];
  if (!row) return -E.EINVAL;
  const [, words, call] = row;
  const a = Array.from({ length: words }, (_, i) => t.mem.u32(at + 4 * i));
  return a.some((word) => word < 0) ? -E.EFAULT : call(t, a, abi);
};

const callArg = choice("int", Object.fromEntries(Object.entries(CALLS).map(([i, [name]]) => [name, Number(i)])), "SYS_???");

/** The call socketcall(2) of i386. */
export const socketcallCalls: readonly Syscall[] = [
  syscall("socketcall", { call: callArg, args: ptr }, (t, a, abi) => socketcall(t, a.call, a.args, abi)),
];
