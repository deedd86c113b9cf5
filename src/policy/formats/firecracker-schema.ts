// The JSON of Firecracker's filters, one for each thread: src/seccompiler/src/types.rs, docs/seccompiler.md.
import { z } from "zod";
import { uint64 } from "./container-schema.ts";

const data = z.number().int().min(0).max(0xffff);
const action = z.union([
  z.enum(["allow", "kill_thread", "kill_process", "log", "trap"]),
  z.strictObject({ errno: data }),
  z.strictObject({ trace: data }),
]);
/** An action of Firecracker's filters. */
export type FirecrackerAction = z.infer<typeof action>;

const condition = z.object({
  index: z.number().int().min(0).max(5),
  type: z.enum(["dword", "qword"]),
  op: z.union([z.enum(["eq", "ne", "ge", "gt", "le", "lt"]), z.strictObject({ masked_eq: uint64 })]),
  val: uint64,
});
/** A condition on an argument. */
export type FirecrackerCondition = z.infer<typeof condition>;

/** zod's schema of a file: filters by the name of the thread. */
export const firecrackerFilters = z.record(
  z.string(),
  z.object({
    default_action: action,
    filter_action: action,
    filter: z.array(z.object({ syscall: z.string(), args: z.array(condition).nullish() })),
  }),
);
