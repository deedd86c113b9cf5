// Several messages in one call. man 2 sendmmsg, recvmmsg; Linux net/socket.c __sys_sendmmsg(), do_recvmmsg().

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { UIO_MAXIOV } from "../../../abi/uapi/limits.ts";
import { MSG } from "../../../abi/uapi/socket.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { fd, uint } from "../../syscall/arg.ts";
import { filled, given } from "../../syscall/arg-struct.ts";
import { timespec, timespec64 } from "../../syscall/arg-time.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { native, readNanoseconds, type TimeForm, time64, timespecOf } from "../../syscall/timespec.ts";
import { msghdr } from "./msghdr.ts";
import { flagArg, recvmsg, sendmsg } from "./sendmsg.ts";
import { socketOf } from "./socket.ts";

/** Size of msg_len in struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; }. */
const LENGTH = 4;
const stride = (abi: Abi): number => Math.ceil((msghdr.size(abi) + LENGTH) / abi.long) * abi.long;
/**
 * Processes messages until one fails or `last` returns true. Returns their number, or the errno of the first.
 * `fails` gets the errno of a later message. A waiting message continues; a signal ends the call with the
 * messages before it.
 */
const processMessages = (
  t: Task,
  at: VAddr,
  limit: number,
  abi: Abi,
  one: (at: VAddr, n: number) => Result,
  { last, fails }: { readonly last?: () => boolean; readonly fails?: (errno: number) => void } = {},
): Result => {
  let n = (t.waited.data as { messages?: number } | undefined)?.messages ?? 0;
  while (n < limit) {
    const message = (at + n * stride(abi)) as VAddr;
    const result = one(message, n);
    if (typeof result !== "number") {
      t.waited.data = { ...t.waited.data, messages: n };
      return "interrupted" in result && n > 0 ? { ...result, interrupted: -n } : result;
    }
    const failed = result < 0 ? -result : t.mem.setU32(message + msghdr.size(abi), result) ? 0 : E.EFAULT;
    if (failed !== 0) {
      if (n === 0) return -failed;
      fails?.(failed);
      return n;
    }
    n++;
    t.waited.data = { done: 0, messages: n };
    if (last?.()) break;
  }
  return n;
};

/** sendmmsg(2): the number of sent messages, or -errno. Messages above UIO_MAXIOV are ignored. */
export const sendSeveral = (t: Task, socket: number, at: VAddr, count: number, how: number, abi: Abi): Result => {
  const s = socketOf(t, socket);
  if (typeof s === "number") return s;
  return processMessages(t, at, Math.min(count, UIO_MAXIOV), abi, (message) => sendmsg(t, socket, message, how, abi));
};

/** recvmmsg(2). The timeout is checked after each message and does not end a wait. man 2 recvmmsg, BUGS. */
export const receiveSeveral = (
  t: Task,
  socket: number,
  at: VAddr,
  count: number,
  how: number,
  timeout: VAddr,
  form: TimeForm,
  abi: Abi,
): Result => {
  if (timeout !== 0 && t.waited.deadline === undefined) {
    const ns = readNanoseconds(t, timeout, form, abi);
    if (ns < 0) return ns;
    t.waited.deadline = t.kernel.now + ns;
  }
  const s = socketOf(t, socket);
  if (typeof s === "number") return s;
  const begins = (t.waited.data as { messages?: number } | undefined)?.messages === undefined;
  const before = begins ? s.takeError() : 0;
  if (before < 0) return before;
  const remaining = (): number => Math.max(0, (t.waited.deadline as number) - t.kernel.now);
  const flags = how & ~MSG.WAITFORONE;
  const later = (how & MSG.WAITFORONE) !== 0 ? flags | MSG.DONTWAIT : flags;
  const result = processMessages(t, at, count, abi, (message, n) => recvmsg(t, socket, message, n === 0 ? flags : later, abi), {
    last: () => timeout !== 0 && remaining() === 0,
    fails: (errno) => {
      if (errno !== E.EAGAIN) s.error = errno;
    },
  });
  if (timeout === 0 || typeof result !== "number" || result <= 0) return result;
  return form.write(t, timeout, timespecOf(remaining()), abi) ? result : -E.EFAULT;
};

const note = "a signal after the first message does not leave error 512 (ERESTARTSYS) for the next call, as Linux's does";
/** Calls for several messages at once. man 2 sendmmsg, recvmmsg. */
export const messagesCalls: readonly Syscall[] = [
  syscall(
    "sendmmsg",
    { sockfd: fd, msgvec: given("mmsghdr", "vlen"), vlen: uint, flags: flagArg },
    (t, a, abi) => sendSeveral(t, a.sockfd, a.msgvec, a.vlen, a.flags, abi),
    { isOneStep: true },
  ),
  syscall(
    "recvmmsg",
    { sockfd: fd, msgvec: filled("mmsghdr"), vlen: uint, flags: flagArg, timeout: timespec },
    (t, a, abi) => receiveSeveral(t, a.sockfd, a.msgvec, a.vlen, a.flags, a.timeout, native, abi),
    { note, isOneStep: true },
  ),
  syscall(
    "recvmmsg_time64",
    { sockfd: fd, msgvec: filled("mmsghdr"), vlen: uint, flags: flagArg, timeout: timespec64 },
    (t, a, abi) => receiveSeveral(t, a.sockfd, a.msgvec, a.vlen, a.flags, a.timeout, time64, abi),
    { note, isOneStep: true },
  ),
];
