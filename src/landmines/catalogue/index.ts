// The landmines: known ways around system call filters, each as a program. "v6" is the patch of February
// 2012, whose compat lock disarms group A. "upstream" is the merged version without it.

import { argument } from "./argument.ts";
import { bypass } from "./bypass.ts";
import { entry } from "./entry.ts";
import type { Landmine } from "./landmine.ts";
import { privilege } from "./privilege.ts";
import { verdict } from "./verdict.ts";

/** All landmines, in the order of their ids. */
export const catalogue: readonly Landmine[] = [...entry, ...argument, ...verdict, ...privilege, ...bypass];
