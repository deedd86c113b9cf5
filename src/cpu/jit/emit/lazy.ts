// The region emitter, loaded when the first region is compiled. tools/chunks.json assigns it to a chunk of
// the bundle.
import * as regionEmitter from "./region-emitter.ts";

/** The module of the region emitter. */
export const lazyRegionEmitter = (): typeof regionEmitter => regionEmitter;
