// A watch on user code's accesses to memory, for the exploration of schedules. Pages that it keeps out of the
// TLB bring each access to the slow path (memory-slow-path.ts), which asks it before the access.

/** Decides about the accesses of the running task. */
export interface AccessWatch {
  /**
   * Before an access: true abandons the instruction. `Cpu.run` then returns `exit.held`, with rip at the
   * instruction and nothing of it done. `record` and `budget` are the interpreter's (`Cpu.startOf`); without
   * a record a compiled region asks, and true leaves the instruction to the interpreter.
   */
  holds(address: number, bytes: number, how: number, record: number, budget: number): boolean;
  /** The accesses to the page of an address that may skip the slow path from now on. */
  cached(address: number, how: number): 0 | typeof READS | typeof ALL;
}
/** Reads skip the slow path. */
export const READS = 1;
/** Reads and permitted writes skip the slow path. */
export const ALL = 2;
