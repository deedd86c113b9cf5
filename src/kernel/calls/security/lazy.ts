// seccomp(2), loaded when a program first attaches a filter. tools/chunks.json assigns it to a chunk of the
// bundle.
import * as seccomp from "./seccomp.ts";

/** The module with the implementation. */
export const lazySeccomp = (): typeof seccomp => seccomp;
