// The calls of programs that start and end: dynamic loaders and C libraries make no others.
import type { Syscall } from "../syscall.ts";
import { attrCalls } from "./attr.ts";
import { cloneCalls } from "./clone.ts";
import { credCalls } from "./cred.ts";
import { futexCalls } from "./futex.ts";
import { identityCalls } from "./identity.ts";
import { linkCalls } from "./link.ts";
import { memoryCalls } from "./memory.ts";
import { openCalls } from "./open.ts";
import { prctlCalls } from "./prctl.ts";
import { randomCalls } from "./random.ts";
import { readWriteCalls } from "./read-write.ts";
import { resourceCalls } from "./resource.ts";
import { rseqCalls } from "./rseq.ts";
import { seekCalls } from "./seek.ts";
import { signalCalls } from "./signal.ts";
import { sigreturnCalls } from "./sigreturn.ts";
import { statCalls } from "./stat.ts";
import { systemCalls } from "./system.ts";
import { threadAreaCalls } from "./thread-area.ts";

export const usualCalls: readonly Syscall[] = [
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
