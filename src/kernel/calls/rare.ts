// The calls that a program makes when it does something: not loaded before (when-rare.ts).
import type { Syscall } from "../syscall.ts";
import { copyCalls } from "./copy.ts";
import { dirCalls } from "./dir.ts";
import { epollCalls } from "./epoll.ts";
import { execCalls } from "./exec.ts";
import { fcntlCalls } from "./fcntl.ts";
import { fileTimeCalls } from "./file-times.ts";
import { inspectCalls } from "./inspect.ts";
import { ioctlCalls } from "./ioctl.ts";
import { killCalls } from "./kill.ts";
import { messageCalls } from "./message.ts";
import { messagesCalls } from "./messages.ts";
import { mountCalls } from "./mount.ts";
import { namespaceCalls } from "./namespace.ts";
import { pipeCalls } from "./pipe.ts";
import { pollCalls } from "./poll.ts";
import { privilegeCalls } from "./privilege.ts";
import { ptraceCalls } from "./ptrace.ts";
import { restartCalls } from "./restart.ts";
import { schedCalls } from "./sched.ts";
import { seccompCalls } from "./seccomp.ts";
import { selectCalls } from "./select.ts";
import { signalfdCalls } from "./signalfd.ts";
import { socketCalls } from "./socket.ts";
import { socketcallCalls } from "./socketcall.ts";
import { timeCalls } from "./time.ts";
import { timerCalls } from "./timer.ts";
import { timerfdCalls } from "./timerfd.ts";
import { truncateCalls } from "./truncate.ts";
import { waitCalls } from "./wait.ts";
import { xattrCalls } from "./xattr.ts";

export { fprogText, seccompPrctl, shownMode } from "./seccomp.ts";

export const rareCalls: readonly Syscall[] = [
  ...truncateCalls,
  ...dirCalls,
  ...fileTimeCalls,
  ...pipeCalls,
  ...pollCalls,
  ...selectCalls,
  ...epollCalls,
  ...copyCalls,
  ...xattrCalls,
  ...mountCalls,
  ...privilegeCalls,
  ...namespaceCalls,
  ...waitCalls,
  ...killCalls,
  ...timeCalls,
  ...schedCalls,
  ...seccompCalls,
  ...timerCalls,
  ...restartCalls,
  ...signalfdCalls,
  ...timerfdCalls,
  ...socketCalls,
  ...messageCalls,
  ...messagesCalls,
  ...socketcallCalls,
  ...ptraceCalls,
  ...inspectCalls,
  ...execCalls,
  ...fcntlCalls,
  ...ioctlCalls,
];
