// The way to rare.ts, which the command line's bundle has in a script of its own, as cpu/when-hot.ts says.

import type { Syscall } from "../syscall.ts";
import { rareCalls } from "./rare.ts";

export const whenRare = (): readonly Syscall[] => rareCalls;
