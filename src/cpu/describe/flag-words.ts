// Words of EFLAGS in descriptions: their decomposition into single flags, and results that are implied by
// their operands.
import { flagBit } from "../isa/flags.ts";
import type { Flag, FlagKind } from "../isa/ops.ts";
import { constant, operation, type Term } from "./term.ts";

/** The status flags in EFLAGS order. */
export const flagOrder = ["CF", "PF", "AF", "ZF", "SF", "OF"] as const;

/** True if the term is this constant. */
export const isConstant = (t: Term, v: bigint): boolean => t.kind === "constant" && t.value === v;
/** True if the term is 0. */
export const isZero = (t: Term): boolean => isConstant(t, 0n);
/** True if the term can only be 0 or 1. */
export const isBit = (t: Term): boolean => {
  if (t.kind === "read") return t.width === 1;
  if (t.kind === "binding") return !t.effect && isBit(t.value);
  if (t.kind === "constant") return t.value === 0n || t.value === 1n;
  if (t.kind !== "operation") return false;
  const [a, b] = t.args as [Term, Term];
  if (t.name === "&") return isBit(a) || isBit(b);
  if (t.name === "|" || t.name === "^") return isBit(a) && isBit(b);
  return /^(!|=|≠|<|≤|<s|≤s)$/.test(t.name);
};

/** The value of each flag in a word that is composed of single flags; undefined for other words. */
export const flagsOfWord = (t: Term): Map<Flag, Term> | undefined => {
  const parts = new Map<Flag, Term>();
  const add = (bits: bigint, value: Term): boolean => {
    const names = flagOrder.filter((f) => BigInt(flagBit[f]) & bits);
    for (const f of names) {
      if (parts.has(f)) return false;
      parts.set(f, value);
    }
    return names.reduce((n, f) => n | BigInt(flagBit[f]), 0n) === bits;
  };
  const visit = (piece: Term): boolean => {
    if (piece.kind === "binding") return !piece.effect && visit(piece.value);
    if (piece.kind === "constant") return add(piece.value, constant(1));
    if (piece.kind === "operation") {
      const [a, b, c] = piece.args as [Term, Term, Term];
      if (piece.name === "|") return visit(a) && visit(b);
      if (piece.name === "?" && b.kind === "constant" && isZero(c)) return add(b.value, isBit(a) ? a : operation("≠", a, constant(0)));
      if (piece.name === "?" && c.kind === "constant" && isZero(b)) return add(c.value, operation("=", a, constant(0)));
      if (piece.name === "<<" && b.kind === "constant" && isBit(a)) return add(1n << b.value, a);
    }
    return isBit(piece) && add(1n, piece);
  };
  return visit(t) ? parts : undefined;
};
/** True if the result is the plain sum or difference of the operands, which need not be written. */
export const isPlain = (r: Term, kind: FlagKind, a: Term, b: Term): boolean => {
  const inner = r.kind === "binding" ? r.value : r;
  const sum = inner.kind === "operation" && inner.name.startsWith("low") ? (inner.args[0] as Term) : inner;
  if (sum.kind !== "operation" || sum.name !== (kind === "add" ? "+" : "-")) return false;
  return sameTerm(sum.args[0] as Term, a) && sameTerm(sum.args[1] as Term, b);
};
/** True if both terms are the same object or equal constants. */
export const sameTerm = (a: Term, b: Term): boolean => a === b || (a.kind === "constant" && b.kind === "constant" && a.value === b.value);
