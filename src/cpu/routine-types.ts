// What meanings may call: compiled routines (AssemblyScript, exact arithmetic) by type, and actions on the machine by name.
import { type WasmType, wt } from "./wasm.ts";

export interface RoutineType { readonly params: readonly WasmType[]; readonly result: WasmType | undefined }
const { i32, i64 } = wt;
void i32;
void i64;

/** Routines of src/cpu/routines, callable as `o.call(name, …)`. */
export const routineTypes: Record<string, RoutineType> = {};

/** Actions (act.ts), callable as `o.act(name, a, b)`. The position is the number that generated code passes. */
export const actNames = ["loadSegment", "farJump", "farCall", "farReturn", "iret", "softInterrupt", "cpuid", "rdtsc", "xgetbv", "enter"] as const;
export type ActName = (typeof actNames)[number];
