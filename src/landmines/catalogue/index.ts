// The landmines: known ways around a system call filter, each a program that goes off. "v6" is the patch of February 2012, whose
// compat lock disarms group A; "upstream" is what was merged without it.

import { argument } from "./argument.ts";
import { entry } from "./entry.ts";
import type { Landmine } from "./landmine.ts";
import { privilege } from "./privilege.ts";
import { verdict } from "./verdict.ts";

export const catalogue: readonly Landmine[] = [...entry, ...argument, ...verdict, ...privilege];
