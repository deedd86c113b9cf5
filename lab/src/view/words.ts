// Words of seccomp_data as people say them.
import { i386, x64 } from "trapgate/seccomp";
import { nameOf } from "../../../src/policy/names.ts";
import { hex } from "./hex.ts";

const arches: ReadonlyMap<number, string> = new Map([
  [x64.auditArch, "x86-64"],
  [i386.auditArch, "i386"],
]);

/** `39 (getpid)`, `x86-64`, `0x7`. */
export const wordText = (word: string, value: number, abi: string): string => {
  if (word === "arch") return arches.get(value) ?? hex(value);
  if (word !== "sys_number") return value < 10 ? String(value) : hex(value);
  const name = nameOf(value, abi === "i386" ? i386 : x64);
  const shown = value < 0x1000 ? String(value) : hex(value);
  return name ? `${shown} (${name})` : shown;
};
