// The calls of shells and tools, loaded at the first use of one (lazy.ts). Loaders and C libraries do not
// make them at the start of a program.
import type { Syscall } from "../syscall/declaration.ts";
import { dirCalls } from "./dir/directory.ts";
import { fcntlCalls } from "./file/fcntl.ts";
import { pipeCalls } from "./file/pipe.ts";
import { copyCalls } from "./file/splice.ts";
import { fileTimeCalls } from "./file/times.ts";
import { truncateCalls } from "./file/truncate.ts";
import { xattrCalls } from "./file/xattr.ts";
import { epollCalls } from "./poll/epoll.ts";
import { pollCalls } from "./poll/poll.ts";
import { selectCalls } from "./poll/select.ts";
import { adviceCalls } from "./process/advice.ts";
import { execCalls } from "./process/exec.ts";
import { inspectCalls } from "./process/inspect.ts";
import { restartCalls } from "./process/restart.ts";
import { schedCalls } from "./process/sched.ts";
import { waitCalls } from "./process/wait.ts";
import { privilegeCalls } from "./security/capability.ts";
import { seccompCalls } from "./security/seccomp.ts";
import { killCalls } from "./signal/kill.ts";
import { timeCalls } from "./time/clock.ts";

/** Calls that are loaded at the first use of one. */
export const onDemandCalls: readonly Syscall[] = [
  ...truncateCalls,
  ...dirCalls,
  ...fileTimeCalls,
  ...pipeCalls,
  ...pollCalls,
  ...selectCalls,
  ...epollCalls,
  ...copyCalls,
  ...xattrCalls,
  ...privilegeCalls,
  ...waitCalls,
  ...killCalls,
  ...timeCalls,
  ...schedCalls,
  ...seccompCalls,
  ...restartCalls,
  ...inspectCalls,
  ...execCalls,
  ...adviceCalls,
  ...fcntlCalls,
];
