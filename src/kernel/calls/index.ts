// Every system call there is: the dispatch tables, the support table and the completeness test read this list.
// Each file of this folder exports the calls of one subject.
import type { Syscall } from "../syscall.ts";
import { attrCalls } from "./attr.ts";
import { dirCalls } from "./dir.ts";
import { fcntlCalls } from "./fcntl.ts";
import { fileTimeCalls } from "./file-times.ts";
import { linkCalls } from "./link.ts";
import { openCalls } from "./open.ts";
import { pipeCalls } from "./pipe.ts";
import { readWriteCalls } from "./read-write.ts";
import { seekCalls } from "./seek.ts";
import { statCalls } from "./stat.ts";
import { truncateCalls } from "./truncate.ts";

export const calls: readonly Syscall[] = [
  // Files.
  ...openCalls, ...readWriteCalls, ...seekCalls, ...truncateCalls, ...dirCalls, ...linkCalls, ...statCalls, ...attrCalls, ...fileTimeCalls,
  ...fcntlCalls, ...pipeCalls,
];
