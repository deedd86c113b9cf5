// Calls that many programs make soon after their start. Their declarations are made at the first use of one.
import type { Syscall } from "../syscall/declaration.ts";
import { attrCalls } from "./file/attributes.ts";
import { ioctlCalls } from "./file/ioctl.ts";
import { seekCalls } from "./file/seek.ts";
import { prctlCalls } from "./process/prctl.ts";
import { credCalls } from "./security/cred.ts";
import { signalCalls } from "./signal/action.ts";
import { sigreturnCalls } from "./signal/sigreturn.ts";
import { systemCalls } from "./system/system.ts";

/** Calls after those of eager.ts. */
export const commonCalls: readonly Syscall[] = [
  ...seekCalls,
  ...ioctlCalls,
  ...attrCalls,
  ...credCalls,
  ...signalCalls,
  ...sigreturnCalls,
  ...systemCalls,
  ...prctlCalls,
];
