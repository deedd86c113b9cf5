// epoll(7): epoll_create, epoll_ctl, epoll_wait. Linux fs/eventpoll.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_CLOEXEC } from "../../../abi/uapi/fcntl.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { EPOLL_CTL, EPOLLEXCLUSIVE, EpollFile } from "../../fs/files/epoll.ts";
import { install } from "../../fs/vfs/install.ts";
import { fd, int, ptr, size } from "../../syscall/arg.ts";
import { choice, flags } from "../../syscall/arg-flags.ts";
import { sigset } from "../../syscall/arg-signal.ts";
import { filled, given } from "../../syscall/arg-struct.ts";
import { type ArgType, type Syscall, syscall } from "../../syscall/declaration.ts";
import { native, time64 } from "../../syscall/timespec.ts";
import { afterMilliseconds, afterTimespec, deadlineOf, expired, restoreMask, sleepOn, type Timeout, withSignalMask } from "./timeout.ts";

/** EPOLLEXCLUSIVE_OK_BITS: IN, OUT, ERR, HUP, EXCLUSIVE, WAKEUP, ET. Linux fs/eventpoll.c. */
const EXCLUSIVE_TAKES = 0xb000_001d;
/** Size of struct epoll_event in bytes: packed on x86-64, and with 4-byte alignment on i386. */
const EVENT_SIZE = 12;
const MAX_EVENTS = Math.floor(0x7fffffff / EVENT_SIZE);

const create = (t: Task, cloexec: boolean): number => install(t, new EpollFile(t.kernel.vfs.anonymous(t, "[eventpoll]")), cloexec);

const control = (t: Task, epfd: number, op: number, target: number, at: VAddr): number => {
  const event = op === EPOLL_CTL.DEL ? new Uint8Array(EVENT_SIZE) : t.mem.read(at, EVENT_SIZE);
  if (!event) return -E.EFAULT;
  const ep = t.files.get(epfd);
  const file = t.files.get(target);
  if (!ep || !file) return -E.EBADF;
  if (!file.pollable) return -E.EPERM;
  if (file === ep || !(ep instanceof EpollFile)) return -E.EINVAL;
  const v = new DataView(event.buffer, event.byteOffset);
  const events = v.getUint32(0, true);
  if (events & EPOLLEXCLUSIVE) {
    if (op === EPOLL_CTL.MOD) return -E.EINVAL;
    if (op === EPOLL_CTL.ADD && (file instanceof EpollFile || events & ~EXCLUSIVE_TAKES)) return -E.EINVAL;
  }
  if (op === EPOLL_CTL.ADD && file instanceof EpollFile && !ep.mayHold(file)) return -E.ELOOP;
  const data: readonly [number, number] = [v.getUint32(4, true), v.getUint32(8, true)];
  switch (op) {
    case EPOLL_CTL.ADD:
      return ep.add(t, target, file, events, data);
    case EPOLL_CTL.MOD:
      return ep.modify(t, target, file, events, data);
    case EPOLL_CTL.DEL:
      return ep.remove(target, file);
    default:
      return -E.EINVAL;
  }
};

const epollWait = (t: Task, epfd: number, at: VAddr, max: number, until: Timeout): Result => {
  if (max <= 0 || max > MAX_EVENTS) return -E.EINVAL;
  const ep = t.files.get(epfd);
  if (!ep) return -E.EBADF;
  if (!(ep instanceof EpollFile)) return -E.EINVAL;
  const ready = ep.collect(t, max);
  if (ready.length === 0) return expired(t, until) ? 0 : sleepOn(t, [ep.queue], until, E.EINTR);
  const bytes = new Uint8Array(ready.length * EVENT_SIZE);
  const v = new DataView(bytes.buffer);
  ready.forEach(({ events, data }, i) => {
    v.setUint32(i * EVENT_SIZE, events, true);
    v.setUint32(i * EVENT_SIZE + 4, data[0], true);
    v.setUint32(i * EVENT_SIZE + 8, data[1], true);
  });
  return t.mem.write(at, bytes) ? ready.length : -E.EFAULT;
};
const pwait = (
  t: Task,
  a: { epfd: number; events: VAddr; maxevents: number; sigmask: VAddr; sigsetsize: number },
  until: Timeout,
): Result => {
  if (until < 0) return until;
  const bad = withSignalMask(t, a.sigmask, a.sigsetsize);
  return bad < 0 ? bad : restoreMask(t, epollWait(t, a.epfd, a.events, a.maxevents, until));
};

const epfd = fd;
const waitArgs = { epfd, events: filled("epollEvents"), maxevents: int };
/** EPOLL_CTL_DEL does not read it. */
const event: ArgType<VAddr> = {
  ...ptr,
  show: (v, ctx) => (ctx.all["op"] === EPOLL_CTL.DEL ? ptr : given("epollEvent")).show(v, ctx),
};
const op = choice("int", { EPOLL_CTL_ADD: EPOLL_CTL.ADD, EPOLL_CTL_DEL: EPOLL_CTL.DEL, EPOLL_CTL_MOD: EPOLL_CTL.MOD }, "EPOLL_CTL_???");
const timespecForm = (abi: Abi) => (abi.long === 4 ? time64 : native);

/** Calls of epoll. man 7 epoll. */
export const epollCalls: readonly Syscall[] = [
  syscall("epoll_create", { size: int }, (t, a) => (a.size <= 0 ? -E.EINVAL : create(t, false))),
  syscall("epoll_create1", { flags: flags("int", { EPOLL_CLOEXEC: O_CLOEXEC }, "EPOLL_???") }, (t, a) =>
    a.flags & ~O_CLOEXEC ? -E.EINVAL : create(t, (a.flags & O_CLOEXEC) !== 0),
  ),
  syscall("epoll_ctl", { epfd, op, fd, event }, (t, a) => control(t, a.epfd, a.op, a.fd, a.event)),
  syscall("epoll_wait", { ...waitArgs, timeout: int }, (t, a) =>
    epollWait(
      t,
      a.epfd,
      a.events,
      a.maxevents,
      deadlineOf(t, () => afterMilliseconds(a.timeout)),
    ),
  ),
  syscall("epoll_pwait", { ...waitArgs, timeout: int, sigmask: sigset, sigsetsize: size }, (t, a) =>
    pwait(
      t,
      a,
      deadlineOf(t, () => afterMilliseconds(a.timeout)),
    ),
  ),
  syscall("epoll_pwait2", { ...waitArgs, timeout: given("timespec64"), sigmask: sigset, sigsetsize: size }, (t, a, abi) =>
    pwait(
      t,
      a,
      deadlineOf(t, () => afterTimespec(t, a.timeout, timespecForm(abi), abi)),
    ),
  ),
];
