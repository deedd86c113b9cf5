// seccomp(2), loaded when a program asks for a filter: in which script of the command line, tools/chunks.json says.
import * as seccomp from "./seccomp.ts";

export const lazySeccomp = (): typeof seccomp => seccomp;
