// Instructions that programs have. They let a start skip unnecessary code and computations: handlers of their
// forms are in modules of their own, and a processor begins with their predecoded records
// (src/cpu/interp/predecode.ts).
import { readFileSync } from "node:fs";
import { Decoder, type DecodeTables } from "../../src/cpu/decode/decoder.ts";
import { formOf } from "../../src/cpu/decode/instance.ts";
import type { InstructionRows } from "../../src/cpu/decode/instructions.ts";
import { PredecodeCache, type PredecodeRoutines } from "../../src/cpu/interp/predecode.ts";
import { Records } from "../../src/cpu/interp/records.ts";
import { commonModules } from "../../src/cpu/isa/form.ts";
import type { Row } from "../../src/cpu/isa/row.ts";
import { contextIndex, contexts } from "../../src/cpu/machine/context.ts";
import { layout, predecodeEntry } from "../../src/cpu/machine/layout.ts";
import { cpuModel, defaultModel } from "../../src/cpu/machine/model.ts";
import { State } from "../../src/cpu/machine/state.ts";

export const beginningsFile = new URL("beginnings.txt", import.meta.url);
/** Longer than an instruction. */
export const slot = 16;

export type Mode = 64 | 32;
interface Common {
  readonly mode: Mode;
  /** The module (`commonParts`) for the form: that of most programs, or that of some. */
  readonly part: number;
  /** `slot` bytes. */
  readonly bytes: Uint8Array;
}
/** The context of flat code. */
export const contextOf = (mode: Mode): number => contextIndex(mode, mode, true);

/** The headings of beginnings.txt. */
export const headings: readonly { readonly text: string; readonly mode: Mode; readonly part: number }[] = [
  { text: "64-bit, most programs", mode: 64, part: 0 },
  { text: "64-bit, some", mode: 64, part: 1 },
  { text: "32-bit, most programs", mode: 32, part: 0 },
  { text: "32-bit, some", mode: 32, part: 1 },
];

export const common = (): readonly Common[] => {
  const list: Common[] = [];
  let heading = headings[0]!;
  for (const line of readFileSync(beginningsFile, "utf8").split("\n")) {
    const found = headings.find(({ text }) => text === line);
    if (found) heading = found;
    else if (!line.startsWith("#"))
      for (const hex of line.split(" ").filter(Boolean)) {
        const bytes = new Uint8Array(slot);
        bytes.set(Buffer.from(hex, "hex"));
        list.push({ ...heading, bytes });
      }
  }
  return list;
};

/** In which of the common parts a form of a row (`formsOf`) is. */
export const commonModule = (tables: DecodeTables): ((row: Row, key: number) => number | undefined) => {
  const decoder = new Decoder(tables);
  const parts = new Map<Row, Map<number, number>>();
  for (const { mode, part, bytes } of common()) {
    if (decoder.decode(bytes, 0, slot, 0, mode) !== "ok") continue;
    const { row } = decoder.d;
    const there = parts.get(row) ?? new Map<number, number>();
    const { key } = formOf(decoder.d, contextOf(mode));
    parts.set(row, there.set(key, Math.min(part, there.get(key) ?? part)));
  }
  return (row, key) => parts.get(row)?.get(key);
};

/** A decoder with templates, which has met nothing. */
export const emptyTemplates = (instructions: InstructionRows, routines: BufferSource) => {
  const pages = Math.ceil(layout.frames / 65536) + 1;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(routines), { vm: { memory }, env: { memory, abort() {} } });
  const exports = instance.exports as unknown as PredecodeRoutines;
  const model = cpuModel(defaultModel)!;
  const state = new State(memory, model);
  const tables = instructions.tables(model);
  return { state, decoder: new Decoder(tables), templates: new PredecodeCache(state, tables, exports), routines: exports };
};

/**
 * The records that a processor of the default model has after decoding a part's instructions, by part and
 * context.
 */
export const preloadsOf = (instructions: InstructionRows, routines: BufferSource): readonly (readonly Uint8Array[])[] => {
  const { state, decoder, templates } = emptyTemplates(instructions, routines);
  const records = new Records(state, instructions, []);
  // The opcodes of flat code, by number.
  const opcodes = [contextOf(64), contextOf(32)].map((context) => templates.opcodes(context));
  const lists = Array.from({ length: commonModules }, () => contexts.map((): Uint8Array[] => []));
  for (const { mode, part, bytes } of common()) {
    state.u8.set(bytes, layout.frames);
    const [end, context] = [layout.frames + slot, contextOf(mode)];
    if ((templates.decode(layout.records, 0, 1, layout.frames, end, 0, context) & 0xff) === 1) continue;
    if (decoder.decode(state.u8, layout.frames, end, 0, mode) !== "ok") continue;
    const note = records.write(layout.records, decoder.d, 0, context);
    const t = templates.addEntry(decoder.d, layout.frames, end, context, layout.records, note, records);
    if (t !== 0) lists[part]![context]!.push(state.u8.slice(t, t + predecodeEntry.size));
  }
  return lists.map((of) => opcodes.map((kinds, context) => Buffer.concat([kinds, ...of[context]!])));
};
