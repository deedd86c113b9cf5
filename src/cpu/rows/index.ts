// All families of instruction rows. Their order is the numbering of forms; nothing else depends on it.
import type { Family } from "../row.ts";
import { aes } from "./aes.ts";
import { alu } from "./alu.ts";
import { avx } from "./avx.ts";
import { avxOnly } from "./avx2.ts";
import { bcd } from "./bcd.ts";
import { bits } from "./bit.ts";
import { bmi } from "./bmi.ts";
import { branches } from "./branch.ts";
import { exchange } from "./exchange.ts";
import { extensions } from "./extension.ts";
import { flags } from "./flag.ts";
import { fma } from "./fma.ts";
import { galois } from "./galois.ts";
import { gathers } from "./gather.ts";
import { move } from "./mov.ts";
import { multiply } from "./multiply.ts";
import { packed } from "./packed.ts";
import { packedOrder } from "./packed-order.ts";
import { segments } from "./segment.ts";
import { sha } from "./sha.ts";
import { shifts } from "./shift.ts";
import { sseArithmetic } from "./sse-arithmetic.ts";
import { sseCompare } from "./sse-compare.ts";
import { sseConvert } from "./sse-convert.ts";
import { sseMoves } from "./sse-move.ts";
import { sse4a } from "./sse4a.ts";
import { sse41 } from "./sse41.ts";
import { sse42 } from "./sse42.ts";
import { ssse3 } from "./ssse3.ts";
import { stack } from "./stack.ts";
import { strings } from "./string.ts";
import { system } from "./system.ts";
import { vaes } from "./vaes.ts";
import { x87Arithmetic } from "./x87.ts";
import { x87Moves } from "./x87-move.ts";
import { x87State } from "./x87-state.ts";

/** By name: a file each, as reports name them. */
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
  x87Arithmetic,
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
