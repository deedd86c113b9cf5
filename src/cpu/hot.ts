// What a program needs only when some of its code is hot, or is run step by step: most end before that (when-hot.ts).

export { Regions } from "./jit/runtime/region-table.ts";
export { Evaluator } from "./oracle/evaluate.ts";
