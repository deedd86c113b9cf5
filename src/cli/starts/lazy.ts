// Reading and writing of kept starts, which most short programs do not need. tools/chunks.json assigns it to
// a script.
import * as heap from "../../host/guarded-heap.ts";
import * as heapWarning from "./heap.ts";
import * as kept from "./kept.ts";

/** The module, loaded at the first use. */
export const lazyKept = (): typeof kept => kept;
/** Likewise. */
export const lazyGuardedHeap = (): typeof heap => heap;
/** Likewise. */
export const lazyHeapWarning = (): typeof heapWarning => heapWarning;
