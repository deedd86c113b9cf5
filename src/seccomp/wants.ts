// Requirements of arguments that are the data of this room: profiles and calls.
import { type Abi, i386, x32, x64 } from "../abi/abi.ts";
import { aFlag, aText, either, listOf, oneOf, shapeOf, wants, wholeNumber, word32, wordsOfCount } from "../wants.ts";
import type { SyscallData } from "./data.ts";
import type { EvaluatorRules } from "./evaluate.ts";
import type { DataLayout } from "./layout.ts";
import type { PathLimit } from "./path-limit.ts";
import type { Action, ActionRow, ReturnRules } from "./returns.ts";

const actionNames: readonly Action[] = ["kill_process", "kill_thread", "trap", "errno", "user_notif", "trace", "log", "allow"];
/** The name of an action. */
export const anAction = oneOf(actionNames);
/** An ABI. */
export const anAbi = wants("x64, i386 or x32 of trapgate/seccomp", (value) => [x64, i386, x32].includes(value as Abi));

const WORD = /^(sys_number|arch|reserved|instruction_pointer\.(lo|hi)|args\[[0-5]\]\.(lo|hi))$/;
const aField = wants("a word of struct seccomp_data", (value) => typeof value === "string" && WORD.test(value));
/** The name of a word that diagrams have. */
export const aWord = wants(
  'a word such as "sys_number" or "args[0].lo"',
  (value) => typeof value === "string" && value !== "reserved" && WORD.test(value),
);
/** The layout of struct seccomp_data. */
export const aLayout = shapeOf<DataLayout>("the layout of a profile, such as upstream.layout", {
  words: listOf(aField, 1),
  size: wholeNumber(4, 256),
});
const aRow = shapeOf<ActionRow>("an action of a profile", { action: anAction, value: word32, name: aText });
/** The return values of a profile. */
export const someReturns = shapeOf<ReturnRules>("the return values of a profile, such as upstream.returns", {
  actions: listOf(aRow, 1),
  mask: word32,
  unknown: anAction,
  combine: oneOf(["lowest", "first-not-allow"]),
  maxErrno: wholeNumber(0, 0xffff),
});
const someCodes = wants("a set of codes", (value) => value instanceof Set);
const perhapsCodes = wants("a set of codes or null", (value) => value === null || value instanceof Set);
/** The codes that a profile takes. */
export const aChecker = shapeOf("the checker of a profile, such as upstream.checker", {
  socket: someCodes,
  seccomp: perhapsCodes,
  shiftRange: aFlag,
});

const evaluation = { layout: aLayout, reciprocalDivision: aFlag };
const meaning = { ...evaluation, returns: someReturns, checker: aChecker };
const aPathLimit = shapeOf<PathLimit>("a limit of instructions", {
  max: word32,
  penalty: word32,
  count: oneOf(["classic", "converted"]),
  errno: aText,
});
const ofProfile = "a profile: upstream, v6, or one of seccompProfile(…)";
/** The rules that an evaluation reads. */
export const someRules = shapeOf<EvaluatorRules>(ofProfile, evaluation);
/** The rules that a diagram reads. */
export const meaningRules = shapeOf(ofProfile, meaning);
/** The rules that filters read. */
export const aProfile = shapeOf(ofProfile, {
  ...meaning,
  compatLock: aFlag,
  pathLimit: either(
    "a limit of instructions or null",
    wants("null", (value) => value === null),
    aPathLimit,
  ),
});

const signed32 = wants(
  "a number of 32 bits",
  (value) => Number.isInteger(value) && (value as number) >= -(2 ** 31) && (value as number) < 2 ** 32,
);
/** A return value of a filter, with or without its sign. */
export const aValue = signed32;
/** A call as filters see it. */
export const someData = shapeOf<SyscallData>("a call: of syscallData(…)", {
  nr: signed32,
  arch: word32,
  ipLo: word32,
  ipHi: word32,
  args: wordsOfCount(12),
});
