// All system calls, for the support table and the completeness test. The gate uses the parts.
// Each file of this folder exports the calls of one subject.
import { features } from "../features/index.ts";
import type { Syscall } from "../syscall/declaration.ts";
import { commonCalls } from "./common.ts";
import { eagerCalls } from "./eager.ts";
import { onDemandCalls } from "./on-demand.ts";
import { rareCalls } from "./rare.ts";

/** All declarations. */
export const calls: readonly Syscall[] = [
  ...eagerCalls,
  ...commonCalls,
  ...onDemandCalls,
  ...rareCalls,
  ...features.flatMap(({ calls: own }) => own?.() ?? []),
];
