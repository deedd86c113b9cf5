// Return values and calls in words: `ERRNO(EPERM)`, `i386.socketcall(1, 2)`.
import { type Abi, x64 } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { aTerminal } from "../../seccomp/diagram/undecided.ts";
import { actionOf, dataOf, describeReturn, isUndecided, type SyscallData, undecidedAt, upstream } from "../../seccomp/index.ts";
import { someData } from "../../seccomp/wants.ts";
import { takes } from "../../wants.ts";
import { abiOf, nameOf } from "../names.ts";
import { numberText } from "./predicate-text.ts";

const errnoName = (n: number): string | undefined => Object.entries(E).find(([name, value]) => value === n && name !== "EWOULDBLOCK")?.[0];

/**
 * A return value, or where it was not decided.
 *
 * @example
 * valueText(0x00050001);   // "ERRNO(EPERM)"
 */
export const valueText = takes("valueText", { value: aTerminal }, (value: number): string => {
  if (isUndecided(value)) {
    const { filter, pc } = undecidedAt(value);
    return `not decided (instruction ${pc}${filter ? ` of filter ${filter}` : ""})`;
  }
  const { returns } = upstream;
  if (actionOf(returns, value) !== "errno") return describeReturn(returns, value);
  const errno = dataOf(value);
  return `ERRNO(${errnoName(errno) ?? errno})`;
});

/** `openat`, `i386.openat`, `x32.openat`, `i386 number 999`. */
export const numberNameText = (number: number, abi: Abi): string => {
  const name = nameOf(number, abi) ?? `number ${numberText(number >>> 0)}`;
  if (abi === x64) return name;
  return name.startsWith("number") ? `${abi.name} ${name}` : `${abi.name}.${name}`;
};

/**
 * A call with its arguments, the last zeros left out.
 *
 * @example
 * callText(dataOfCall(parseCall("i386.socketcall(1, 2)")));   // "i386.socketcall(1, 2)"
 */
export const callText = takes("callText", { data: someData }, ({ nr, arch, ipLo, ipHi, args }: SyscallData): string => {
  const abi = abiOf(arch, nr);
  const values = Array.from({ length: 6 }, (_, i) => (BigInt(args[2 * i + 1] as number) << 32n) | BigInt(args[2 * i] as number));
  while (values.length > 0 && values.at(-1) === 0n) values.pop();
  const call = abi ? numberNameText(nr >>> 0, abi) : `number ${numberText(nr >>> 0)} of architecture 0x${arch.toString(16)}`;
  const ip = ipLo || ipHi ? ` at ip 0x${((BigInt(ipHi) << 32n) | BigInt(ipLo)).toString(16)}` : "";
  return `${call}(${values.map(numberText).join(", ")})${ip}`;
});
