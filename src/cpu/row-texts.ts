// Rows as text, a line each: name, encoding and attributes, from which a row is read when a program meets it. A decoder asks for no more; what a row
// does is its family's to say, which takes longer to work out than most programs decode.
import type { Meaning } from "./ops.ts";
import { type Row, row } from "./row.ts";

type RowText = readonly [name: string, encoding: string, attributes?: Parameters<typeof row>[3]];

const nothing: Meaning = () => {};

/** All rows, by number. */
export const textOf = (rows: readonly Row[]): string => rows.map((r) => JSON.stringify(rowText(r))).join("\n");
const rowText = ({ does: _, ...facts }: Row): RowText => {
  const { name, encoding } = facts;
  const plain: Record<string, unknown> = { ...row(name, encoding, nothing) };
  const attributes = Object.fromEntries(Object.entries(facts).filter(([key, value]) => value !== plain[key]));
  return [name, encoding, attributes];
};

/** Reads a row by its number; `meaning` is asked when the row is first to do something. */
export const readRows = (text: string, meaning: (number: number) => Meaning): ((number: number) => Row) => {
  const lines = text.split("\n");
  return (number) => {
    const line = lines[number];
    if (line === undefined) throw new Error(`there is no row ${number}`);
    const [name, encoding, attributes] = JSON.parse(line) as RowText;
    let known: Meaning | undefined;
    return row(name, encoding, (o, i) => (known ??= meaning(number))(o, i), attributes);
  };
};
