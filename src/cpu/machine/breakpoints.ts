// Breakpoints of the debug registers DR0 to DR3, as DR7 enables them. SDM Vol. 3B 18.2.
import { access } from "./mmu.ts";

/** One enabled breakpoint on the linear addresses [address, address + length). */
export interface Breakpoint {
  /** Its bit in DR6: B0 to B3. */
  readonly bit: number;
  readonly address: number;
  readonly length: number;
  /** DR7.RWn: before an instruction at the address, after a write, or after a read or write. */
  readonly on: "execute" | "write" | "access";
}

/** DR6.BS: a single step. */
export const DR6_STEP = 0x4000;

/** The DR6 bits of the breakpoints that an access of `bytes` bytes at `address` meets. */
export const dataHits = (list: readonly Breakpoint[], address: number, bytes: number, how: number): number => {
  let bits = 0;
  for (const b of list) {
    if (b.on === "execute" || (b.on === "write" && how !== access.write)) continue;
    if (address < b.address + b.length && b.address < address + bytes) bits |= b.bit;
  }
  return bits;
};
/** The DR6 bits of the breakpoints on an instruction at `address`. */
export const codeHits = (list: readonly Breakpoint[], address: number): number =>
  list.reduce((bits, b) => (b.on === "execute" && b.address === address ? bits | b.bit : bits), 0);
/** True if a data breakpoint is in the page of the address: accesses to it must not be cached. */
export const watchesPage = (list: readonly Breakpoint[], address: number): boolean =>
  list.some(
    (b) => b.on !== "execute" && b.address < (Math.floor(address / 4096) + 1) * 4096 && address - (address % 4096) < b.address + b.length,
  );
