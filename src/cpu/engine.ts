// Who runs guest code. "auto": the interpreter, and the JIT for what is hot. "jit": compile everything that is met at a sample, at once
// (tests). "interpret": the handlers only. "evaluate": the bigint oracle, some thousand times slower.

export const engines = ["auto", "jit", "interpret", "evaluate"] as const;
export type Engine = (typeof engines)[number];
