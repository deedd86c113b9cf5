// Instructions that programs have, so that a start neither reads what it will not need nor works out what could be known before: handlers of their forms are
// the first module's, and what they become is known to a processor from the beginning (src/cpu/templates.ts).
import { readFileSync } from "node:fs";
import { contextIndex } from "../../src/cpu/context.ts";
import { Decoder, type DecodeTables } from "../../src/cpu/decode.ts";
import { formOf } from "../../src/cpu/instance.ts";
import type { Instructions } from "../../src/cpu/instructions.ts";
import { layout } from "../../src/cpu/layout.ts";
import { cpuModel, defaultModel } from "../../src/cpu/model.ts";
import { Records } from "../../src/cpu/records.ts";
import type { Row } from "../../src/cpu/row.ts";
import { State } from "../../src/cpu/state.ts";
import { type AlikeRoutines, Templates } from "../../src/cpu/templates.ts";

export const beginningsFile = new URL("beginnings.txt", import.meta.url);
/** Longer than an instruction. */
const slot = 16;

interface Common {
  readonly mode: 64 | 32;
  /** `slot` bytes. */
  readonly bytes: Uint8Array;
}
/** The context of flat code. */
export const contextOf = (mode: 64 | 32): number => contextIndex(mode, mode, true);

export const common = (): readonly Common[] => {
  const list: Common[] = [];
  let mode: 64 | 32 = 64;
  for (const line of readFileSync(beginningsFile, "utf8").split("\n")) {
    const bits = /^(64|32)-bit$/.exec(line)?.[1];
    if (bits) mode = bits === "64" ? 64 : 32;
    else if (!line.startsWith("#"))
      for (const hex of line.split(" ").filter(Boolean)) {
        const bytes = new Uint8Array(slot);
        bytes.set(Buffer.from(hex, "hex"));
        list.push({ mode, bytes });
      }
  }
  return list;
};

/** Is a form of a row (`formsOf`) one of theirs? */
export const commonForms = (tables: DecodeTables): ((row: Row, key: number) => boolean) => {
  const decoder = new Decoder(tables);
  const keys = new Map<Row, Set<number>>();
  for (const { mode, bytes } of common()) {
    if (decoder.decode(bytes, 0, slot, 0, mode) !== "ok") continue;
    const { row } = decoder.d;
    const there = keys.get(row) ?? new Set();
    keys.set(row, there.add(formOf(decoder.d, contextOf(mode)).key));
  }
  return (row, key) => keys.get(row)?.has(key) ?? false;
};

/** What a processor of the default model has learned when it has met them all. */
export const learnedOf = (instructions: Instructions, routines: BufferSource): Uint8Array => {
  const pages = Math.ceil(layout.frames / 65536) + 1;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(routines), { vm: { memory }, env: { memory, abort() {} } });
  const model = cpuModel(defaultModel)!;
  const state = new State(memory, model);
  const tables = instructions.tables(model);
  const decoder = new Decoder(tables);
  const records = new Records(state, instructions, []);
  const templates = new Templates(state, tables, exports as unknown as AlikeRoutines);
  // Where three would have two places, the last two have them.
  for (const { mode, bytes } of common().toReversed()) {
    state.u8.set(bytes, layout.frames);
    const [end, context] = [layout.frames + slot, contextOf(mode)];
    if ((templates.decode(layout.records, 0, 1, layout.frames, end, 0, context) & 0xff) === 1) continue;
    if (decoder.decode(state.u8, layout.frames, end, 0, mode) !== "ok") continue;
    const note = records.write(layout.records, decoder.d, 0, context);
    templates.learn(decoder.d, layout.frames, end, context, layout.records, note, records);
  }
  return templates.learned;
};
