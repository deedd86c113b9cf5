// The calls that every C library makes at the start and end of a program.
import type { Syscall } from "../syscall/declaration.ts";
import { linkCalls } from "./dir/link.ts";
import { openCalls } from "./file/open.ts";
import { readWriteCalls } from "./file/read-write.ts";
import { statCalls } from "./file/stat.ts";
import { futexCalls } from "./futex/futex.ts";
import { memoryCalls } from "./memory/memory.ts";
import { cloneCalls } from "./process/clone.ts";
import { identityCalls } from "./process/identity.ts";
import { resourceCalls } from "./process/resource.ts";
import { rseqCalls } from "./process/rseq.ts";
import { threadAreaCalls } from "./process/thread-area.ts";
import { randomCalls } from "./system/random.ts";

/** Calls that are loaded with the kernel. */
export const eagerCalls: readonly Syscall[] = [
  ...openCalls,
  ...readWriteCalls,
  ...linkCalls,
  ...statCalls,
  ...identityCalls,
  ...cloneCalls,
  ...memoryCalls,
  ...threadAreaCalls,
  ...rseqCalls,
  ...randomCalls,
  ...futexCalls,
  ...resourceCalls,
];
