// The rows that the generator can draw. The others must be those that silicon does not judge (scope.ts).
import { Decoder as Iced, Instruction } from "iced-x86";
import { Decoder, decodeTables } from "../../src/cpu/decode/decoder.ts";
import type { Row } from "../../src/cpu/isa/row.ts";
import { rows } from "../../src/cpu/isa/rows/all.ts";
import type { Vendor } from "../../src/cpu/machine/model.ts";
import { candidates, icedOptions, SLOT } from "./encodings.ts";
import { Random } from "./random.ts";
import { scopeOf, whyNeverJudged, whyUnjudged } from "./scope.ts";
import { type Mode, modes } from "./world.ts";

/** Another vendor's ways are not this processor's. */
export const isJudged = (row: Row, vendor: Vendor): boolean => (row.vendor ?? vendor) === vendor;

export const notMet = "was not met in the opcode maps";
/** The rows of which no case comes, and why: after at most so many passes over the opcode maps. */
export const undrawn = (vendor: Vendor, passes: number, seed: number): ReadonlyMap<Row, string> => {
  const judged = rows.filter((row) => isJudged(row, vendor));
  const open = new Set<Row>(judged);
  const never = new Map<Row, string>();
  const decoder = new Decoder(decodeTables(judged, vendor));
  const random = new Random(seed);
  const instruction = new Instruction();
  const look = (buffer: Uint8Array, mode: Mode): void => {
    const iced = new Iced(mode, buffer, icedOptions[vendor]);
    for (let at = 0; at < buffer.length; at += SLOT) {
      if (decoder.decode(buffer, at, at + SLOT, 0, mode) !== "ok" || !open.has(decoder.d.row)) continue;
      const { row } = decoder.d;
      iced.position = at;
      iced.decodeOut(instruction);
      const why = whyNeverJudged(instruction, vendor);
      if (why !== undefined) never.set(row, why);
      if (why !== undefined || (whyUnjudged(instruction, vendor) === undefined && scopeOf(instruction) !== undefined)) open.delete(row);
    }
    iced.free();
  };
  for (let n = 0; n < passes && open.size > 0; n++)
    for (const mode of modes) for (const vex of [false, true]) for (const buffer of candidates(mode, vex, random)) look(buffer, mode);
  instruction.free();
  for (const row of open) never.set(row, notMet);
  return never;
};
