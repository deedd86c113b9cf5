// Compression, and the checks of files that others can have written. tools/chunks.json assigns them to a
// script.
import * as fflate from "fflate";
import * as typeCheck from "./type-check.ts";
import * as validate from "./validate.ts";

/** The module, loaded at the first use. */
export const lazyTypeCheck = (): typeof typeCheck => typeCheck;
/** The module, loaded at the first use. */
export const lazyValidate = (): typeof validate => validate;
/** The module, loaded at the first use. */
export const lazyDeflate = (): typeof fflate => fflate;
