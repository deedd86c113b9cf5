// A system call as people write one: `openat`, `i386.socketcall(1)`, `x32.read(0, 0x1000, 16)`, `x64.1000`,
// `-1`.
import { type Abi, X32_BIT, x32, x64 } from "../abi/abi.ts";
import { abis } from "../abi/syscall-number.ts";
import { didYouMean } from "../nearest.ts";
import { Problem } from "../problem.ts";
import { type SyscallData, syscallData } from "../seccomp/index.ts";
import { anAbi } from "../seccomp/wants.ts";
import { aFlag, aText, listOf, optional, shapeOf, takes, unsigned64, word32 } from "../wants.ts";
import { namedNumber, numberNames } from "./named.ts";
import { type CallName, isKnownName, knownNames, numberOf } from "./names.ts";

/**
 * A system call as text: `openat`, `socket(1, 2)`, `i386.socketcall(1)`, `x64.1000`, `-1`. Arguments may be
 * cut off where a matcher compares the beginning.
 */
export type CallText = Named | `${AbiText}.${Named}` | `${number}` | `${AbiText}.${number}` | `${AbiText}.${number}(${string}`;
type Named = CallName | `${CallName}(${string}`;
type AbiText = "x64" | "i386" | "x32";

/** A system call as a person wrote it: ABI, number, perhaps arguments. */
export interface Call {
  readonly abi: Abi;
  /** As filters see it, unsigned. */
  readonly number: number;
  /** The name, if it was given. */
  readonly name: string | undefined;
  /** True if the text names the ABI. */
  readonly qualified: boolean;
  /** Undefined: none were given. */
  readonly args: readonly bigint[] | undefined;
}

const CALL = /^(?:(x64|i386|x32)\.)?(-?\w+)(?:\(([^()]*)\))?$/;
const wrong = (message: string, help = "such as openat, i386.socketcall(1), x64.1000"): Problem =>
  new Problem("bad-call", message, { help });

const numberIn = (text: string): bigint => {
  const trimmed = text.trim();
  if (/^-?(0x[0-9a-fA-F]+|\d+)$/.test(trimmed))
    return BigInt.asUintN(64, trimmed.startsWith("-") ? -BigInt(trimmed.slice(1)) : BigInt(trimmed));
  const value = trimmed === "AT_FDCWD" ? -100n : trimmed === "NULL" ? 0n : namedNumber(trimmed);
  if (value === undefined) {
    const help = /^[A-Z]/.test(trimmed) ? didYouMean(trimmed, numberNames()) : undefined;
    throw wrong(`${JSON.stringify(trimmed)} is no argument`, help ?? "arguments are numbers or names, such as 0x7e020000, -100, AF_UNIX");
  }
  return BigInt.asUintN(64, value);
};
/** `CLONE_NEWUSER|CLONE_NEWNET|17` */
const argument = (text: string): bigint => text.split("|").reduce((sum, part) => sum | numberIn(part), 0n);

/**
 * A system call as text: a name or a number, with an ABI before it and arguments behind it: numbers, and
 * names such as AF_UNIX or CLONE_NEWUSER|CLONE_NEWNET.
 *
 * @throws {Problem} There is no such call, or an argument is neither.
 *
 * @example
 * parseCall("i386.socketcall(1)").args;   // [1n]
 */
export const parseCall = takes("parseCall", { text: aText }, (text: string): Call => {
  const [, abiName, what, list] = CALL.exec(text.trim()) ?? [];
  if (what === undefined) throw wrong(`${JSON.stringify(text)} is no system call`);
  const abi = abis.find(({ name }) => name === abiName) ?? x64;
  const args = list === undefined ? undefined : list.trim() === "" ? [] : list.split(",").map(argument);
  if (args && args.length > 6) throw wrong("a system call has at most six arguments");
  const qualified = abiName !== undefined;
  if (/^-?(0x[0-9a-f]+|\d+)$/i.test(what)) {
    const plain = Number(what) >>> 0;
    return { abi, number: abi === x32 && plain < X32_BIT ? plain + X32_BIT : plain, name: undefined, qualified, args };
  }
  if (!isKnownName(what)) throw wrong(`there is no system call "${what}"`, didYouMean(what, knownNames()));
  const found = qualified ? abi : (abis.find((candidate) => numberOf(what, candidate) !== undefined) ?? abi);
  const number = numberOf(what, found);
  if (number === undefined) throw wrong(`${found.name} has no system call "${what}"`);
  return { abi: found, number, name: what, qualified, args };
});

const aCall = shapeOf<Call>("a call: of parseCall(…)", {
  abi: anAbi,
  number: word32,
  name: optional(aText),
  qualified: aFlag,
  args: optional(listOf(unsigned64)),
});
/**
 * The call as a filter sees it.
 *
 * @example
 * policy.diagram.valueOf(dataOfCall(parseCall("socket(1, 1)")));
 */
export const dataOfCall = takes(
  "dataOfCall",
  { call: aCall },
  ({ abi, number, args = [] }: Call): SyscallData => syscallData(number, { abi, args }),
);
