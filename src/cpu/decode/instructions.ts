// The instruction rows of a processor: by opcode, by number, and the handlers of their forms. A program uses
// few rows. A row is read when an opcode first leads to it; the build makes the tables of numbers for that.

import type { Row } from "../isa/row.ts";
import { type Model, needsMet } from "../machine/model.ts";
import { DecodeTables } from "./decoder.ts";
import { slotsOf } from "./operand-slots.ts";

/** Indices of all rows and forms: u16. */
export interface InstructionIndex {
  /** Start of each opcode's list (`decodeSlots` plus one of them), then the numbers of the rows. */
  readonly opcodes: Uint16Array;
  /** Start of each row's list (the number of rows plus one), then pairs of form key and handler. */
  readonly forms: Uint16Array;
}

/** Packs lists: the starts, then the lists. Throws if they exceed 16 bits. */
export const packLists = (lists: readonly (readonly number[])[]): Uint16Array => {
  let at = lists.length + 1;
  const starts = [at, ...lists.map((list) => (at += list.length))];
  if (at > 0xffff) throw new Error("these lists need more than 16 bits");
  return Uint16Array.from([...starts, ...lists.flat()]);
};
const listOf = (packed: Uint16Array, n: number): Uint16Array => packed.subarray(packed[n], packed[n + 1]);

/** A row in use: its number, the register slots of its records, the handlers of its forms. */
export class RowInfo {
  readonly number: number;
  readonly row: Row;
  readonly #forms: Uint16Array;
  readonly #handlers = new Map<number, number>();
  #memory: readonly (number | undefined)[] | undefined;
  #plain: readonly (number | undefined)[] | undefined;
  constructor(number: number, row: Row, forms: Uint16Array) {
    this.number = number;
    this.row = row;
    this.#forms = forms;
  }
  get memory(): readonly (number | undefined)[] {
    return (this.#memory ??= slotsOf(this.row, true));
  }
  get plain(): readonly (number | undefined)[] {
    return (this.#plain ??= slotsOf(this.row, false));
  }
  /** The key of a form with this handler; -1 if the row has none. */
  keyOf(handler: number): number {
    const pairs = this.#forms;
    for (let n = 0; n < pairs.length; n += 2) if (pairs[n + 1] === handler) return pairs[n] as number;
    return -1;
  }
  /** The table index of a form's handler (form.ts). */
  handler(key: number): number {
    let handler = this.#handlers.get(key);
    if (handler === undefined) {
      const pairs = this.#forms;
      let n = 0;
      while (n < pairs.length && pairs[n] !== key) n += 2;
      handler = pairs[n + 1] ?? 0;
      this.#handlers.set(key, handler);
    }
    return handler;
  }
}

/** All instruction rows, read on demand. */
export class InstructionRows {
  readonly #read: (number: number) => Row;
  readonly #index: InstructionIndex;
  readonly #rows: Row[] = [];
  /** Numbers of the rows read so far, and more about those that were decoded. */
  readonly #numbers = new Map<Row, number>();
  readonly #info = new Map<Row, RowInfo>();
  /** Decode tables by the name of the model. */
  readonly #tables = new Map<string, DecodeTables>();
  /** `read` returns a row by its number. It is called once per row. */
  constructor(read: (number: number) => Row, index: InstructionIndex) {
    this.#read = read;
    this.#index = index;
  }
  /** A row by its number. */
  row(number: number): Row {
    return this.#rows[number] ?? this.#meet(number);
  }
  #meet(number: number): Row {
    const row = this.#read(number);
    this.#rows[number] = row;
    this.#numbers.set(row, number);
    return row;
  }
  /** The details of a row that `row` or a table has returned. */
  info(row: Row): RowInfo {
    return this.#info.get(row) ?? this.#decoded(row);
  }
  #decoded(row: Row): RowInfo {
    const number = this.#numbers.get(row) as number;
    const info = new RowInfo(number, row, listOf(this.#index.forms, number));
    this.#info.set(row, info);
    return info;
  }
  /** The decode tables of a model's instructions. */
  tables(model: Model): DecodeTables {
    let tables = this.#tables.get(model.name);
    if (!tables) {
      const find = (slot: number): readonly Row[] => {
        const rows: Row[] = [];
        for (const number of listOf(this.#index.opcodes, slot)) {
          const row = this.row(number);
          if (needsMet(model, row)) rows.push(row);
        }
        return rows;
      };
      this.#tables.set(model.name, (tables = new DecodeTables(find, model)));
    }
    return tables;
  }
}
