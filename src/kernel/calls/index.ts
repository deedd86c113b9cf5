// Every system call there is: the dispatch tables, the support table and the completeness test read this list.
// Each file of this folder exports the calls of one subject.
import type { Syscall } from "../syscall.ts";
import { attrCalls } from "./attr.ts";
import { cloneCalls } from "./clone.ts";
import { copyCalls } from "./copy.ts";
import { credCalls } from "./cred.ts";
import { dirCalls } from "./dir.ts";
import { epollCalls } from "./epoll.ts";
import { execCalls } from "./exec.ts";
import { fcntlCalls } from "./fcntl.ts";
import { fileTimeCalls } from "./file-times.ts";
import { futexCalls } from "./futex.ts";
import { identityCalls } from "./identity.ts";
import { inspectCalls } from "./inspect.ts";
import { ioctlCalls } from "./ioctl.ts";
import { killCalls } from "./kill.ts";
import { linkCalls } from "./link.ts";
import { memoryCalls } from "./memory.ts";
import { messageCalls } from "./message.ts";
import { messagesCalls } from "./messages.ts";
import { mountCalls } from "./mount.ts";
import { namespaceCalls } from "./namespace.ts";
import { openCalls } from "./open.ts";
import { pipeCalls } from "./pipe.ts";
import { pollCalls } from "./poll.ts";
import { prctlCalls } from "./prctl.ts";
import { privilegeCalls } from "./privilege.ts";
import { ptraceCalls } from "./ptrace.ts";
import { randomCalls } from "./random.ts";
import { readWriteCalls } from "./read-write.ts";
import { resourceCalls } from "./resource.ts";
import { restartCalls } from "./restart.ts";
import { rseqCalls } from "./rseq.ts";
import { schedCalls } from "./sched.ts";
import { seccompCalls } from "./seccomp.ts";
import { seekCalls } from "./seek.ts";
import { selectCalls } from "./select.ts";
import { signalCalls } from "./signal.ts";
import { signalfdCalls } from "./signalfd.ts";
import { sigreturnCalls } from "./sigreturn.ts";
import { socketCalls } from "./socket.ts";
import { socketcallCalls } from "./socketcall.ts";
import { statCalls } from "./stat.ts";
import { systemCalls } from "./system.ts";
import { threadAreaCalls } from "./thread-area.ts";
import { timeCalls } from "./time.ts";
import { timerCalls } from "./timer.ts";
import { timerfdCalls } from "./timerfd.ts";
import { truncateCalls } from "./truncate.ts";
import { waitCalls } from "./wait.ts";
import { xattrCalls } from "./xattr.ts";

export const calls: readonly Syscall[] = [
  // Files.
  ...openCalls,
  ...readWriteCalls,
  ...seekCalls,
  ...truncateCalls,
  ...dirCalls,
  ...linkCalls,
  ...statCalls,
  ...attrCalls,
  ...fileTimeCalls,
  ...fcntlCalls,
  ...pipeCalls,
  ...ioctlCalls,
  ...pollCalls,
  ...selectCalls,
  ...epollCalls,
  ...copyCalls,
  ...xattrCalls,
  ...mountCalls,
  // Processes, memory, signals, time, the machine.
  ...identityCalls,
  ...credCalls,
  ...privilegeCalls,
  ...cloneCalls,
  ...namespaceCalls,
  ...execCalls,
  ...waitCalls,
  ...memoryCalls,
  ...threadAreaCalls,
  ...signalCalls,
  ...sigreturnCalls,
  ...killCalls,
  ...timeCalls,
  ...rseqCalls,
  ...schedCalls,
  ...systemCalls,
  ...randomCalls,
  ...seccompCalls,
  ...prctlCalls,
  ...futexCalls,
  ...resourceCalls,
  ...timerCalls,
  ...restartCalls,
  ...signalfdCalls,
  ...timerfdCalls,
  // Sockets.
  ...socketCalls,
  ...messageCalls,
  ...messagesCalls,
  ...socketcallCalls,
  // Tracing.
  ...ptraceCalls,
  ...inspectCalls,
];
