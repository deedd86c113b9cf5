// The calls of servers, debuggers and system programs, loaded at the first use of one (lazy.ts). Most
// programs make none of them.
import type { Syscall } from "../syscall/declaration.ts";
import { handleCalls } from "./file/handle.ts";
import { inotifyCalls } from "./file/inotify.ts";
import { futex2Calls } from "./futex/futex2.ts";
import { mempolicyCalls } from "./memory/mempolicy.ts";
import { mountApiCalls } from "./mount/api.ts";
import { mountAttributeCalls } from "./mount/attributes.ts";
import { mountCalls } from "./mount/mount.ts";
import { namespaceCalls } from "./mount/setns.ts";
import { statmountCalls } from "./mount/statmount.ts";
import { messagesCalls } from "./net/sendmmsg.ts";
import { messageCalls } from "./net/sendmsg.ts";
import { socketCalls } from "./net/socket.ts";
import { socketcallCalls } from "./net/socketcall.ts";
import { ioprioCalls } from "./process/ioprio.ts";
import { ptraceCalls } from "./process/ptrace.ts";
import { bpfCalls } from "./security/bpf.ts";
import { lsmCalls } from "./security/lsm.ts";
import { signalfdCalls } from "./signal/signalfd.ts";
import { timerCalls } from "./time/timer.ts";
import { timerfdCalls } from "./time/timerfd.ts";

/** Calls that are loaded at the first use of one, with those of features, after those of on-demand.ts. */
export const rareCalls: readonly Syscall[] = [
  ...mempolicyCalls,
  ...mountCalls,
  ...mountApiCalls,
  ...mountAttributeCalls,
  ...statmountCalls,
  ...namespaceCalls,
  ...lsmCalls,
  ...bpfCalls,
  ...timerCalls,
  ...signalfdCalls,
  ...timerfdCalls,
  ...socketCalls,
  ...messageCalls,
  ...messagesCalls,
  ...socketcallCalls,
  ...ptraceCalls,
  ...futex2Calls,
  ...ioprioCalls,
  ...inotifyCalls,
  ...handleCalls,
];
