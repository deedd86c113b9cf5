// What a program needs only when some of its code is hot, or is run step by step: most end before that (when-hot.ts).
export { Evaluator } from "./evaluate.ts";
export { Regions } from "./jit/regions.ts";
