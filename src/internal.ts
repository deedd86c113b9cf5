// The package "trapgate/internal": the machine with its kernel and JIT, for the project's own tests and
// tools. Any release may change it.
export type { CachedRegion, CachedRegions, CodeStore, CodeUnit, CompiledRegion } from "./cpu/jit/cache/format.ts";
export type { BootOptions } from "./machine/boot.ts";
export { MemoryCodeStore } from "./machine/code-memory.ts";
export { type Backlog, type ClosedRun, type Connection, Machine } from "./machine/machine.ts";
