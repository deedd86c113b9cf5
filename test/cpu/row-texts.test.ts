// Rows read from text equal the rows: all data that a decoder needs, and the meanings.
import { expect, test } from "vitest";
import { cpuCode } from "../../src/cpu/code.ts";
import { effectsOf } from "../../src/cpu/isa/effects.ts";
import type { Row } from "../../src/cpu/isa/row.ts";
import { packRows, readRows } from "../../src/cpu/isa/row-texts.ts";
import { rows } from "../../src/cpu/isa/rows/all.ts";

const facts = ({ does: _, ...rest }: Row): Omit<Row, "does"> => rest;

test("every row, by its number", () => {
  const asked: number[] = [];
  const read = readRows(packRows(rows), rows.length, (number) => {
    asked.push(number);
    return rows[number]!.does;
  });
  const all = rows.map((_, number) => read(number));
  expect(all.map(facts)).toEqual(rows.map(facts));
  // The decoder reads them the faster if all have their fields in the same order.
  expect(new Set(all.map((row) => Object.keys(row).join())).size).toBe(1);
  expect(asked).toEqual([]);
});

test("the build's are those of the source", () => {
  const { instructions } = cpuCode(new WebAssembly.Memory({ initial: 1 }));
  const built = rows.map((_, number) => instructions.row(number));
  expect(built.map(facts)).toEqual(rows.map(facts));
  // Their effects equal those of the same row.
  expect(built.map(effectsOf)).toEqual(rows.map(effectsOf));
});

test("there is no row beyond the last", () => {
  expect(() => readRows(packRows(rows), rows.length, () => () => {})(rows.length)).toThrow(`there is no row ${rows.length}`);
});
