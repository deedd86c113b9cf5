// The engines that execute guest code. "auto": the interpreter, and the JIT for hot code. "jit": all code is
// compiled at its first sample (for tests). "baseline": the handlers, and the baseline tier for code that has
// run often. "interpret": the handlers only. "evaluate": the bigint oracle, which is slower by orders of
// magnitude.

/** The names of the engines. */
export const engines = ["auto", "jit", "baseline", "interpret", "evaluate"] as const;
/** One of the engines. */
export type Engine = (typeof engines)[number];
