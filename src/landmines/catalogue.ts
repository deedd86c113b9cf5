// The landmines: known ways around a system call filter, each a program that goes off. "v6" is the patch of February 2012, whose
// compat lock disarms group A; "upstream" is what was merged without it.
import { argument } from "./catalogue/argument.ts";
import { entry } from "./catalogue/entry.ts";
import { privilege } from "./catalogue/privilege.ts";
import { verdict } from "./catalogue/verdict.ts";
import type { Landmine } from "./landmine.ts";

export const catalogue: readonly Landmine[] = [...entry, ...argument, ...verdict, ...privilege];
