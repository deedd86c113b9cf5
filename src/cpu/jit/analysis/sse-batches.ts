// The SSE batches of a block: instructions that compute, load and move within vector registers. The emitter
// tests their inputs together (sse-batch.ts).

import type { Decoded } from "../../decode/decoder.ts";
import { effectsOf } from "../../isa/effects.ts";

/** True for an operation for which it asks the reader's guarantee. */
const isArithmetic = ({ row }: Decoded): boolean => {
  const { assured } = effectsOf(row);
  return !row.vex && assured !== undefined && assured.name !== "compare";
};
/** True for an instruction that writes a vector register and has no other effect. */
const isBatched = (d: Decoded): boolean => !d.row.vex && (isArithmetic(d) || effectsOf(d.row).pure) && isVector(d);
const isVector = (d: Decoded): boolean => {
  const kind = d.row.operands[0]!.kind;
  return kind === "xmm" || (kind.startsWith("xmm") && !d.isMemory);
};

/** True for a comparison of scalars in vector registers that writes flags. It may end a batch. */
export const isTail = (d: Decoded | undefined): d is Decoded =>
  d !== undefined && !d.row.vex && !d.isMemory && effectsOf(d.row).assured?.name === "compare";

/** The end of the batch that begins with instruction n; n if there is none. `limit`: the end of the code. */
export const sseBatchEnd = (list: readonly Decoded[], n: number, limit: number): number => {
  let end = n;
  let count = 0;
  for (let i = n; i < limit && isBatched(list[i]!); i++) {
    if (!isArithmetic(list[i]!)) continue;
    count++;
    end = i + 1;
  }
  if (count === 0) return n;
  if (end < limit && isTail(list[end])) return end + 1;
  return count >= 2 ? end : n;
};
