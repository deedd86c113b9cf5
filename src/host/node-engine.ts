// What V8 is told before it compiles guest code.
import { setFlagsFromString } from "node:v8";

/** Versions whose V8 knows branch hints and does not use them unasked; one that lacks a flag complains about it on standard error. */
const hinting = /^v2[02]\./;

/** Keep what rarely happens in generated code, such as misses of the TLB, away from what mostly does. */
export const useBranchHints = (): void => {
  if (hinting.test(process.version)) setFlagsFromString("--experimental-wasm-branch-hinting");
};
