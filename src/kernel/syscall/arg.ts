// Argument types, one value per C type as strace prints it.
import { BAD_ADDRESS, type Fd, type VAddr, vaddr } from "../../abi/brand.ts";
import type { ArgType, RawArgs } from "./declaration.ts";

const lo = (raw: RawArgs, i: number): number => raw[2 * i] as number;
const hi = (raw: RawArgs, i: number): number => raw[2 * i + 1] as number;
/** "%#lx" of C: 0 has no prefix. */
export const hexText = (n: number): string => (n === 0 ? "0" : `0x${n.toString(16)}`);

/** 32-bit arguments ignore the upper half of the register (landmines B1 and B3). */
export const int: ArgType<number> = { c: "int", decode: (raw, i) => (raw[2 * i] as number) | 0, show: String };
/** `unsigned int`, with the upper half of the register ignored. */
export const uint: ArgType<number> = { c: "unsigned int", decode: lo, show: String };
/** A flag word or address-like number shown in hex. */
export const hexInt: ArgType<number> = { c: "unsigned int", decode: lo, show: hexText };

/** `long` as a number, sign-extended. Exact below 2^53. */
export const long: ArgType<number> = {
  c: "long",
  decode: (raw, i, abi) =>
    abi.long === 4 ? (raw[2 * i] as number) | 0 : ((raw[2 * i + 1] as number) | 0) * 0x1_0000_0000 + (raw[2 * i] as number),
  show: String,
};
/**
 * `unsigned long` and `size_t` as a number. Exact below 2^53; larger values exceed every guest address and
 * size.
 */
export const ulong: ArgType<number> = {
  c: "unsigned long",
  decode: (raw, i, abi) => (abi.long === 4 ? (raw[2 * i] as number) : (raw[2 * i + 1] as number) * 0x1_0000_0000 + (raw[2 * i] as number)),
  show: String,
};
/** `unsigned long` shown in hex. */
export const hexLong: ArgType<number> = { ...ulong, show: hexText };
/** `size_t` as a number. */
export const size: ArgType<number> = { ...ulong, c: "size_t" };
/** loff_t: two registers on i386, low half first. */
export const loff: ArgType<number> = {
  c: "loff_t",
  wide: true,
  decode: (raw, i, abi) => ((abi.splits64 ? lo(raw, i + 1) : hi(raw, i)) | 0) * 0x1_0000_0000 + lo(raw, i),
  show: String,
};

/** Any pointer: a user address or BAD_ADDRESS. 0 is NULL. */
export const ptr: ArgType<VAddr> = {
  c: "void *",
  decode: (raw, i, abi) => (abi.long === 4 ? (raw[2 * i] as VAddr) : vaddr(raw[2 * i] as number, raw[2 * i + 1] as number)),
  show: (v) => (v === 0 ? "NULL" : v === BAD_ADDRESS ? "(bad address)" : hexText(v)),
};
/** A file descriptor, not checked. */
export const fd: ArgType<Fd> = { c: "int", decode: (raw, i) => (lo(raw, i) | 0) as Fd, show: (v, ctx) => ctx.style.fd(ctx.task, v) };
