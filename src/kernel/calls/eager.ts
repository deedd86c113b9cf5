// The calls that dynamic loaders and C libraries make at the start and end of a program.
import type { Syscall } from "../syscall/declaration.ts";
import { linkCalls } from "./dir/link.ts";
import { attrCalls } from "./file/attributes.ts";
import { openCalls } from "./file/open.ts";
import { readWriteCalls } from "./file/read-write.ts";
import { seekCalls } from "./file/seek.ts";
import { statCalls } from "./file/stat.ts";
import { futexCalls } from "./ipc/futex.ts";
import { memoryCalls } from "./memory/memory.ts";
import { cloneCalls } from "./process/clone.ts";
import { identityCalls } from "./process/identity.ts";
import { prctlCalls } from "./process/prctl.ts";
import { resourceCalls } from "./process/resource.ts";
import { rseqCalls } from "./process/rseq.ts";
import { threadAreaCalls } from "./process/thread-area.ts";
import { credCalls } from "./security/cred.ts";
import { signalCalls } from "./signal/action.ts";
import { sigreturnCalls } from "./signal/sigreturn.ts";
import { randomCalls } from "./system/random.ts";
import { systemCalls } from "./system/system.ts";

/** Calls that are loaded with the kernel. */
export const eagerCalls: readonly Syscall[] = [
  ...openCalls,
  ...readWriteCalls,
  ...seekCalls,
  ...linkCalls,
  ...statCalls,
  ...attrCalls,
  ...identityCalls,
  ...credCalls,
  ...cloneCalls,
  ...memoryCalls,
  ...threadAreaCalls,
  ...signalCalls,
  ...sigreturnCalls,
  ...rseqCalls,
  ...systemCalls,
  ...randomCalls,
  ...prctlCalls,
  ...futexCalls,
  ...resourceCalls,
];
