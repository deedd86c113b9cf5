// What a program needs only when some of its code is hot: most end before that (when-hot.ts).
export { emitRegion } from "./jit/emit.ts";
export { families } from "./rows/index.ts";
