// Functions of this room without the checks of their arguments, for the kernel: it calls them for each call
// of a filtered task, with values of its own.
import { unchecked } from "../wants.ts";
import { wordsOf as checkedWordsOf } from "./layout.ts";
import { isLogged as checkedIsLogged } from "./log.ts";
import { actionOf as checkedActionOf, dataOf as checkedDataOf, errnoResult as checkedErrnoResult } from "./returns.ts";

/** The action of a return value: `actionOf` of returns.ts. */
export const actionOf = unchecked(checkedActionOf);
/** The data of a return value: `dataOf` of returns.ts. */
export const dataOf = unchecked(checkedDataOf);
/** The result under ERRNO: `errnoResult` of returns.ts. */
export const errnoResult = unchecked(checkedErrnoResult);
/** True if an action is logged: `isLogged` of log.ts. */
export const isLogged = unchecked(checkedIsLogged);
/** The words of struct seccomp_data: `wordsOf` of layout.ts. */
export const wordsOf = unchecked(checkedWordsOf);
