// The virtual time of work on an address space.
import type { AddressSpace } from "../../memory/space.ts";
import { cost } from "../base/cost.ts";
import type { Kernel } from "./kernel.ts";

/**
 * Run `act` and charge for the mappings and page table entries that it visits. Returns the result of `act`.
 */
export const charged = <T>(kernel: Kernel, space: AddressSpace, act: () => T): T => {
  const { walked } = space;
  const { changes } = space.areas;
  const result = act();
  kernel.charge((space.walked - walked) * cost.page + (space.areas.changes - changes) * cost.mapping);
  return result;
};
