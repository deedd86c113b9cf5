// A system call by name as the data of a filter run. Linux uapi linux/seccomp.h (struct seccomp_data).
import { type Abi, x64 } from "../abi/abi.ts";
import type { SyscallName } from "../abi/numbers.ts";
import { isSyscallName, syscallNumber, syscallsOf } from "../abi/syscall-number.ts";
import { didYouMean } from "../nearest.ts";
import { Problem } from "../problem.ts";
import { anything, aText, either, listOf, optional, optionsOf, shown, takes, wants } from "../wants.ts";
import type { SyscallData } from "./data.ts";
import { anAbi } from "./wants.ts";

/** The parts of a call besides its number. */
export interface SyscallDataOptions {
  /** The ABI of the call's door. Default x64. */
  readonly abi?: Abi;
  /**
   * Up to six argument registers. A negative number stands for its two's complement in 64 bits. Default: all
   * 0.
   */
  readonly args?: readonly (number | bigint)[];
  /** The instruction pointer. Default 0. */
  readonly ip?: number | bigint;
}

const someOptions = optionsOf<SyscallDataOptions>({ abi: anything, args: optional(listOf(anything)), ip: anything });
const usage = (message: string, help?: string): Problem => new Problem("bad-call", message, { help });

/** The number of a call as filters see it, signed. */
const numberOf = (call: SyscallName | number, abi: Abi): number => {
  if (typeof call === "number") {
    if (Number.isInteger(call)) return call | 0;
    throw usage(`a system call's number is a whole number, not ${call}`);
  }
  const names = (): Iterable<string> => syscallsOf(abi).values();
  if (!isSyscallName(call)) throw usage(`there is no system call ${JSON.stringify(call)}`, didYouMean(String(call), names()));
  const number = syscallNumber(call, abi);
  if (number === undefined) throw usage(`${abi.name} has no system call "${call}"`, didYouMean(call, names()));
  return number | 0;
};

const word = (value: number | bigint, what: string): bigint => {
  if (typeof value !== "bigint" && !Number.isSafeInteger(value)) throw usage(`${what} is a whole number, not ${shown(value)}`);
  return BigInt.asUintN(64, BigInt(value));
};
const low = (value: bigint): number => Number(value & 0xffff_ffffn);
const high = (value: bigint): number => Number(value >> 32n);

/**
 * The data of a filter run for a call, by name or by number.
 *
 * @throws {Problem} The ABI has no such call, an argument is no whole number, or there are more than six.
 *
 * @example
 * const { nr, arch, args } = syscallData("openat", { abi: i386, args: [-100, 0x8000] });
 * nr;        // 295
 * arch;      // 0x40000003
 * args[2];   // 0x8000
 */
export const syscallData = takes(
  "syscallData",
  {
    call: either(
      "the name or the number of a system call",
      aText,
      wants("a number", (value) => typeof value === "number"),
    ),
    options: optional(someOptions),
  },
  (call: SyscallName | number, { abi = x64, args = [], ip = 0 }: SyscallDataOptions = {}): SyscallData => {
    if (anAbi(abi, []) !== undefined) throw usage("the ABI is x64, i386 or x32 of trapgate/seccomp");
    if (args.length > 6) throw usage(`a system call has at most six arguments, not ${args.length}`);
    const at = word(ip, "the instruction pointer");
    const words = args.flatMap((value, i) => {
      const whole = word(value, `argument ${i}`);
      return [low(whole), high(whole)];
    });
    const registers = new Uint32Array(12);
    registers.set(words);
    return { nr: numberOf(call, abi), arch: abi.auditArch, ipLo: low(at), ipHi: high(at), args: registers };
  },
);
