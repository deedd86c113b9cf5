// The evaluator, loaded when a program is single-stepped: in which script of the command line, tools/chunks.json says.
import * as evaluate from "./evaluate.ts";

export const lazyEvaluate = (): typeof evaluate => evaluate;
