// All families of instruction rows. Their order determines the numbers of forms, and nothing else.
import type { Family } from "../row.ts";
import { avx } from "./avx/avx.ts";
import { avxOnly } from "./avx/avx2.ts";
import { fma } from "./avx/fma.ts";
import { gathers } from "./avx/gather.ts";
import { vaes } from "./avx/vaes.ts";
import { alu } from "./integer/alu.ts";
import { bcd } from "./integer/bcd.ts";
import { bits } from "./integer/bit.ts";
import { bmi } from "./integer/bmi.ts";
import { branches } from "./integer/branch.ts";
import { exchange } from "./integer/exchange.ts";
import { extensions } from "./integer/extension.ts";
import { flags } from "./integer/flag.ts";
import { move } from "./integer/mov.ts";
import { multiply } from "./integer/multiply.ts";
import { shifts } from "./integer/shift.ts";
import { stack } from "./integer/stack.ts";
import { strings } from "./integer/string.ts";
import { aes } from "./sse/aes.ts";
import { sseArithmetic } from "./sse/arithmetic.ts";
import { sseCompare } from "./sse/compare.ts";
import { sseConvert } from "./sse/convert.ts";
import { galois } from "./sse/galois.ts";
import { sseMoves } from "./sse/move.ts";
import { packed } from "./sse/packed.ts";
import { packedOrder } from "./sse/packed-order.ts";
import { sha } from "./sse/sha.ts";
import { sse4a } from "./sse/sse4a.ts";
import { sse41 } from "./sse/sse41.ts";
import { sse42 } from "./sse/sse42.ts";
import { ssse3 } from "./sse/ssse3.ts";
import { segments } from "./system/segment.ts";
import { system } from "./system/system.ts";
import { x87ArithmeticRows } from "./x87/arithmetic.ts";
import { x87Moves } from "./x87/move.ts";
import { x87State } from "./x87/state.ts";

/** The families by name: one per file, named as in reports. */
export const families: Readonly<Record<string, Family>> = {
  alu,
  move,
  stack,
  branches,
  shifts,
  multiply,
  bits,
  exchange,
  strings,
  flags,
  bcd,
  segments,
  system,
  extensions,
  x87Arithmetic: x87ArithmeticRows,
  x87Moves,
  x87State,
  sseMoves,
  packed,
  packedOrder,
  sseArithmetic,
  sseCompare,
  sseConvert,
  ssse3,
  sse41,
  sse42,
  sse4a,
  aes,
  sha,
  galois,
  bmi,
  avx,
  avxOnly,
  vaes,
  fma,
  gathers,
};
