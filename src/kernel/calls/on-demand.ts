// The calls that are loaded on demand (lazy.ts). Loaders and C libraries do not make them at the start of a
// program.
import type { Syscall } from "../syscall/declaration.ts";
import { aioCalls } from "./aio/aio.ts";
import { dirCalls } from "./dir/directory.ts";
import { fanotifyCalls } from "./file/fanotify.ts";
import { fcntlCalls } from "./file/fcntl.ts";
import { handleCalls } from "./file/handle.ts";
import { inotifyCalls } from "./file/inotify.ts";
import { ioctlCalls } from "./file/ioctl.ts";
import { pipeCalls } from "./file/pipe.ts";
import { copyCalls } from "./file/splice.ts";
import { fileTimeCalls } from "./file/times.ts";
import { truncateCalls } from "./file/truncate.ts";
import { xattrCalls } from "./file/xattr.ts";
import { futex2Calls } from "./ipc/futex2.ts";
import { ipcCalls } from "./ipc/ipc.ts";
import { mqueueCalls } from "./ipc/mqueue.ts";
import { msgCalls } from "./ipc/msg.ts";
import { semCalls } from "./ipc/sem.ts";
import { shmCalls } from "./ipc/shm.ts";
import { mempolicyCalls } from "./memory/mempolicy.ts";
import { userfaultCalls } from "./memory/userfault.ts";
import { mountApiCalls } from "./mount/api.ts";
import { mountAttributeCalls } from "./mount/attributes.ts";
import { mountCalls } from "./mount/mount.ts";
import { namespaceCalls } from "./mount/setns.ts";
import { statmountCalls } from "./mount/statmount.ts";
import { messagesCalls } from "./net/sendmmsg.ts";
import { messageCalls } from "./net/sendmsg.ts";
import { socketCalls } from "./net/socket.ts";
import { socketcallCalls } from "./net/socketcall.ts";
import { epollCalls } from "./poll/epoll.ts";
import { pollCalls } from "./poll/poll.ts";
import { selectCalls } from "./poll/select.ts";
import { adviceCalls } from "./process/advice.ts";
import { execCalls } from "./process/exec.ts";
import { inspectCalls } from "./process/inspect.ts";
import { ioprioCalls } from "./process/ioprio.ts";
import { ptraceCalls } from "./process/ptrace.ts";
import { restartCalls } from "./process/restart.ts";
import { schedCalls } from "./process/sched.ts";
import { waitCalls } from "./process/wait.ts";
import { bpfCalls } from "./security/bpf.ts";
import { privilegeCalls } from "./security/capability.ts";
import { keyctlCalls } from "./security/keyctl.ts";
import { keyCalls } from "./security/keys.ts";
import { landlockCalls } from "./security/landlock.ts";
import { lsmCalls } from "./security/lsm.ts";
import { seccompCalls } from "./security/seccomp.ts";
import { killCalls } from "./signal/kill.ts";
import { signalfdCalls } from "./signal/signalfd.ts";
import { timeCalls } from "./time/clock.ts";
import { timerCalls } from "./time/timer.ts";
import { timerfdCalls } from "./time/timerfd.ts";
import { uringCalls } from "./uring/uring.ts";

/** Calls that are loaded at the first use of one. */
export const onDemandCalls: readonly Syscall[] = [
  ...truncateCalls,
  ...mempolicyCalls,
  ...dirCalls,
  ...fileTimeCalls,
  ...pipeCalls,
  ...pollCalls,
  ...selectCalls,
  ...epollCalls,
  ...copyCalls,
  ...xattrCalls,
  ...mountCalls,
  ...mountApiCalls,
  ...mountAttributeCalls,
  ...statmountCalls,
  ...privilegeCalls,
  ...namespaceCalls,
  ...waitCalls,
  ...killCalls,
  ...timeCalls,
  ...schedCalls,
  ...seccompCalls,
  ...landlockCalls,
  ...keyCalls,
  ...keyctlCalls,
  ...lsmCalls,
  ...bpfCalls,
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
  ...shmCalls,
  ...semCalls,
  ...msgCalls,
  ...adviceCalls,
  ...futex2Calls,
  ...ioprioCalls,
  ...mqueueCalls,
  ...ipcCalls,
  ...inotifyCalls,
  ...handleCalls,
  ...fanotifyCalls,
  ...userfaultCalls,
  ...uringCalls,
  ...aioCalls,
  ...fcntlCalls,
  ...ioctlCalls,
];
