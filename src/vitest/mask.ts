// Traces for snapshots: numbers that change with each build of a guest become names that do not.

import { aText, check, listOf } from "../wants.ts";

/** Addresses below this are lengths, flags and offsets. */
const LOWEST = 0x10000;
// Flags without a name are written in hexadecimal too: 0x80000|O_RDONLY, 0x20000 /* MAP_??? */
const ADDRESS = /(?<![\w|])0x([0-9a-f]{5,16})\b(?!\s*\/\* \w*\?\?\?)/g;

/**
 * Replaces the addresses of a trace by names: `ADDR1` for the first one, `ADDR2` for the next different one.
 * Equal addresses have equal names in all lines. So a snapshot stays valid when a guest is rebuilt, and still
 * shows calls that use the same memory.
 *
 * @example
 * expect(maskTrace(run.trace)).toMatchSnapshot();
 * maskTrace(["brk(0x55550000) = 0x55550000"]);   // ["brk(ADDR1) = ADDR1"]
 */
export const maskTrace = (trace: readonly string[]): string[] => {
  check("maskTrace", { trace: listOf(aText) }, [trace]);
  const names = new Map<bigint, string>();
  return trace.map((line) =>
    line.replace(ADDRESS, (text, digits: string) => {
      const address = BigInt(`0x${digits}`);
      if (address < LOWEST) return text;
      const name = names.get(address) ?? `ADDR${names.size + 1}`;
      names.set(address, name);
      return name;
    }),
  );
};
