// The functions that meanings may call. Compiled routines (src/cpu/routines, exact arithmetic); the build
// reads their types off the compiled module. Helper functions, by name.
import type { WasmType } from "../../wasm/encoder.ts";

/** The type of a routine. */
export interface RoutineType {
  readonly params: readonly WasmType[];
  readonly result?: WasmType | undefined;
}
/**
 * Helper functions (helpers.ts), callable as `o.helper(name, a, b)`. Generated code passes the position in
 * this list.
 */
// biome-ignore format: table
export const helperNames = [
  "loadSegment", "farJump", "farCall", "farReturn", "iret", "softInterrupt", "cpuid", "rdtsc", "processorNumber", "random",
  "enter",
  "fnstenv", "fldenv", "fnsave", "frstor", "fxsave", "fxrstor", "xsave", "xsaveopt", "xsavec", "xrstor", "xrstorHeader", "xgetbv",
  "accessRights", "segmentLimit", "verifyRead", "verifyWrite", "setBase", "vendorSyscall", "vendorSysenter",
] as const;
/** The name of a helper function. */
export type HelperName = (typeof helperNames)[number];
/** Helpers that do nothing or raise #UD, depending on the processor's model. */
export const modelHelpers: Readonly<Partial<Record<HelperName, "syscall32" | "sysenterLong">>> = {
  vendorSyscall: "syscall32",
  vendorSysenter: "sysenterLong",
};
/** Helpers that push or pop. */
export const stackHelpers: ReadonlySet<HelperName> = new Set(["farCall", "farReturn", "iret", "enter"]);
