// ioctl(2) on terminals. man 2 ioctl_tty; Linux drivers/tty/tty_io.c tty_ioctl(), tty_ioctl.c
// tty_mode_ioctl().
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { T } from "../../../abi/uapi/ioctl.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { SIG } from "../../signal/state/set.ts";
import { checkForeground, disassociate, setForeground, stealControlling } from "./control.ts";
import { type Termios, termio, termios, termios2, V, winsize } from "./termios.ts";
import type { Tty } from "./tty.ts";
import type { TtyFile } from "./tty-file.ts";

type Handler = (task: Task, tty: Tty, arg: VAddr, abi: Abi) => Result;

const put = (task: Task, at: VAddr, bytes: Uint8Array): number => (task.mem.write(at, bytes) ? 0 : -E.EFAULT);
const putInt = (task: Task, at: VAddr, value: number): number => (task.mem.setU32(at, value) ? 0 : -E.EFAULT);

/** `flush`: unread input is discarded (TCSETSF). Output needs no drain, because it is written at once. */
const set =
  (read: (bytes: Uint8Array, abi: Abi, now: Termios) => Partial<Termios>, size: (abi: Abi) => number, flush: boolean): Handler =>
  (task, tty, arg, abi) => {
    const denied = checkForeground(task, tty, SIG.SIGTTOU);
    if (denied < 0) return denied;
    const bytes = task.mem.read(arg, size(abi));
    if (!bytes) return -E.EFAULT;
    if (flush) tty.flushInput();
    tty.setTermios(read(bytes, abi, tty.termios));
    return 0;
  };
const setTermios = (flush: boolean): Handler => set((b, abi) => termios.decode(b, abi), termios.size, flush);
const setTermios2 = (flush: boolean): Handler => set((b, abi) => termios2.decode(b, abi), termios2.size, flush);
/** The short form does not change the upper halves of the flags and the later control characters. */
const setTermio = (flush: boolean): Handler =>
  set(
    (b, abi, now) => {
      const short = termio.decode(b, abi);
      const half = (old: number, low: number): number => ((old & 0xffff0000) | low) >>> 0;
      const c_cc = now.c_cc.slice();
      c_cc.set(short.c_cc);
      return {
        c_iflag: half(now.c_iflag, short.c_iflag),
        c_oflag: half(now.c_oflag, short.c_oflag),
        c_cflag: half(now.c_cflag, short.c_cflag),
        c_lflag: half(now.c_lflag, short.c_lflag),
        c_line: short.c_line,
        c_cc,
      };
    },
    termio.size,
    flush,
  );

const flush: Handler = (task, tty, arg) => {
  const denied = checkForeground(task, tty, SIG.SIGTTOU);
  if (denied < 0) return denied;
  if (arg > 2) return -E.EINVAL;
  if (arg !== 1) tty.flushInput();
  if (arg !== 0) tty.flushOutput();
  return 0;
};
/** TCXONC. The argument is TCOOFF, TCOON, TCIOFF or TCION, from 0 on. */
const flow: Handler = (_task, tty, arg) => {
  if (arg > 3) return -E.EINVAL;
  if (arg < 2) tty.flow(arg === 1);
  else tty.echo([tty.termios.c_cc[arg === 2 ? V.STOP : V.START] as number]);
  return 0;
};
const owns = (task: Task, tty: Tty): boolean => task.process.tty === tty;

const handlers: Readonly<Record<number, Handler>> = {
  [T.TCGETS]: (task, tty, arg, abi) => put(task, arg, termios.encode(tty.termios, abi)),
  [T.TCSETS]: setTermios(false),
  [T.TCSETSW]: setTermios(false),
  [T.TCSETSF]: setTermios(true),
  [T.TCGETS2]: (task, tty, arg, abi) => put(task, arg, termios2.encode(tty.termios, abi)),
  [T.TCSETS2]: setTermios2(false),
  [T.TCSETSW2]: setTermios2(false),
  [T.TCSETSF2]: setTermios2(true),
  [T.TCGETA]: (task, tty, arg, abi) => put(task, arg, termio.encode({ ...tty.termios, c_cc: tty.termios.c_cc.subarray(0, 8) }, abi)),
  [T.TCSETA]: setTermio(false),
  [T.TCSETAW]: setTermio(false),
  [T.TCSETAF]: setTermio(true),
  [T.TCSBRK]: (task, tty) => checkForeground(task, tty, SIG.SIGTTOU),
  [T.TCSBRKP]: (task, tty) => checkForeground(task, tty, SIG.SIGTTOU),
  [T.TCXONC]: flow,
  [T.TCFLSH]: flush,
  [T.TIOCEXCL]: (_task, tty) => {
    tty.exclusive = true;
    return 0;
  },
  [T.TIOCNXCL]: (_task, tty) => {
    tty.exclusive = false;
    return 0;
  },
  [T.TIOCGEXCL]: (task, tty, arg) => putInt(task, arg, Number(tty.exclusive)),
  [T.TIOCSCTTY]: (task, tty, arg) => stealControlling(task, tty, arg === 1),
  [T.TIOCNOTTY]: (task, tty) => {
    if (!owns(task, tty)) return -E.ENOTTY;
    disassociate(task.process);
    return 0;
  },
  [T.TIOCGPGRP]: (task, tty, arg) => (owns(task, tty) ? putInt(task, arg, tty.pgrp) : -E.ENOTTY),
  [T.TIOCSPGRP]: (task, tty, arg) => {
    const pgrp = task.mem.u32(arg);
    return pgrp < 0 ? -E.EFAULT : setForeground(task, tty, pgrp | 0);
  },
  [T.TIOCGSID]: (task, tty, arg) => (owns(task, tty) && tty.session > 0 ? putInt(task, arg, tty.session) : -E.ENOTTY),
  [T.TIOCOUTQ]: (task, _tty, arg) => putInt(task, arg, 0),
  [T.FIONREAD]: (task, tty, arg) => putInt(task, arg, tty.input.total),
  [T.TIOCGWINSZ]: (task, tty, arg, abi) => put(task, arg, winsize.encode(tty.size, abi)),
  [T.TIOCSWINSZ]: (task, tty, arg, abi) => {
    const bytes = task.mem.read(arg, winsize.size(abi));
    if (!bytes) return -E.EFAULT;
    tty.setSize(winsize.decode(bytes, abi));
    return 0;
  },
  // TIOCSTI is disabled by default since Linux 6.2 (dev.tty.legacy_tiocsti).
  [T.TIOCSTI]: () => -E.EIO,
  [T.TIOCGETD]: (task, _tty, arg) => putInt(task, arg, 0),
  [T.TIOCSETD]: (task, _tty, arg) => {
    const line = task.mem.u32(arg);
    return line < 0 ? -E.EFAULT : line === 0 ? 0 : -E.EINVAL;
  },
  [T.TIOCGDEV]: (task, tty, arg) => putInt(task, arg, tty.rdev),
};

/** An ioctl(2) on an open terminal. -ENOTTY for other requests, -EIO after a hangup. */
export const ttyIoctl = (task: Task, file: TtyFile, request: number, arg: VAddr, abi: Abi): Result => {
  const handler = handlers[request];
  if (!handler) return -E.ENOTTY;
  if (file.tty.hungUp) return request === T.TIOCSPGRP ? -E.ENOTTY : -E.EIO;
  return handler(task, file.tty, arg, abi);
};
/** An ioctl(2) on a pseudo-terminal's master that acts on the slave. Undefined: not a terminal request. */
export const slaveIoctl = (task: Task, tty: Tty, request: number, arg: VAddr, abi: Abi): Result | undefined => {
  if (request === T.TIOCGPGRP) return putInt(task, arg, tty.pgrp);
  if (request === T.TIOCGSID) return tty.session > 0 ? putInt(task, arg, tty.session) : -E.ENOTTY;
  return handlers[request]?.(task, tty, arg, abi);
};
