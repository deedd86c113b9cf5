// What meanings may call: compiled routines (src/cpu/routines, exact arithmetic), whose types the build reads off the compiled module,
// and actions on the machine by name.
import type { WasmType } from "../../wasm/encoder.ts";

export interface RoutineType {
  readonly params: readonly WasmType[];
  readonly result?: WasmType | undefined;
}
/** Actions (helpers.ts), callable as `o.act(name, a, b)`. The position is the number that generated code passes. */
// biome-ignore format: table
export const helperNames = [
  "loadSegment", "farJump", "farCall", "farReturn", "iret", "softInterrupt", "cpuid", "rdtsc", "random", "enter",
  "fnstenv", "fldenv", "fnsave", "frstor", "fxsave", "fxrstor", "xsave", "xsaveopt", "xsavec", "xrstor", "xrstorHeader", "xgetbv",
  "accessRights", "segmentLimit", "verifyRead", "verifyWrite", "setBase", "vendorSyscall", "vendorSysenter",
] as const;
export type HelperName = (typeof helperNames)[number];
/** Actions that are nothing or #UD, as the processor's model has it. */
export const modelHelpers: Readonly<Partial<Record<HelperName, "syscall32" | "sysenterLong">>> = {
  vendorSyscall: "syscall32",
  vendorSysenter: "sysenterLong",
};
/** Actions that push or pop. */
export const stackHelpers: ReadonlySet<HelperName> = new Set(["farCall", "farReturn", "iret", "enter"]);
