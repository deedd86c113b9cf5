// The instruction rows as a processor finds them: by opcode, by number, and which handler serves a form. A program meets few rows, so that
// each is read when an opcode first leads to it; what leads there are tables of numbers, made by the build.

import type { Row } from "../isa/row.ts";
import { type Model, needsMet } from "../machine/model.ts";
import { DecodeTables } from "./decoder.ts";
import { slotsOf } from "./operand-slots.ts";

/** Handlers of a form by its key, of all rows: u16. */
export interface InstructionIndex {
  /** Where the numbers of an opcode's rows begin (`decodeSlots` and one of them), then those numbers. */
  readonly opcodes: Uint16Array;
  /** Where the forms of a row begin (one more than there are rows of them), then pairs of form key and handler. */
  readonly forms: Uint16Array;
}

/** Lists one after the other, behind the places where each begins. */
export const packLists = (lists: readonly (readonly number[])[]): Uint16Array => {
  let at = lists.length + 1;
  const starts = [at, ...lists.map((list) => (at += list.length))];
  if (at > 0xffff) throw new Error("these lists need more than 16 bits");
  return Uint16Array.from([...starts, ...lists.flat()]);
};
const listOf = (packed: Uint16Array, n: number): Uint16Array => packed.subarray(packed[n], packed[n + 1]);

/** A row that has been met: its number, where its records keep registers, the handlers of its forms. */
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
  /** The handler of a form (form.ts), as its place in the table. */
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

export class Instructions {
  readonly #read: (number: number) => Row;
  readonly #index: InstructionIndex;
  readonly #rows: Row[] = [];
  /** Numbers of the rows that have been met, and more about those that were decoded. */
  readonly #numbers = new Map<Row, number>();
  readonly #info = new Map<Row, RowInfo>();
  /** Of the rows that a model has, by its name. */
  readonly #tables = new Map<string, DecodeTables>();
  /** `read` gives a row by its number, and is asked once for each that is met. */
  constructor(read: (number: number) => Row, index: InstructionIndex) {
    this.#read = read;
    this.#index = index;
  }
  /** A row by its number among all. */
  row(number: number): Row {
    return this.#rows[number] ?? this.#meet(number);
  }
  #meet(number: number): Row {
    const row = this.#read(number);
    this.#rows[number] = row;
    this.#numbers.set(row, number);
    return row;
  }
  /** About a row that a table or a number has given. */
  info(row: Row): RowInfo {
    return this.#info.get(row) ?? this.#decoded(row);
  }
  #decoded(row: Row): RowInfo {
    const number = this.#numbers.get(row) as number;
    const info = new RowInfo(number, row, listOf(this.#index.forms, number));
    this.#info.set(row, info);
    return info;
  }
  /** What decodes the instructions that a model has. */
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
