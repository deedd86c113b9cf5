// The region emitter, loaded when a region is compiled: in which script of the command line, tools/chunks.json says.
import * as regionEmitter from "./region-emitter.ts";

export const lazyRegionEmitter = (): typeof regionEmitter => regionEmitter;
