// Rows as text: name, encoding and attributes. A row is read from it at its first use. A decoder needs no
// more. The meaning comes from the row's family, whose evaluation takes longer than the decoding of most
// programs.
import type { Meaning } from "./ops.ts";
import { type Row, row } from "./row.ts";

type RowText = readonly [name: string, encoding: string, attributes?: Parameters<typeof row>[3]];

const nothing: Meaning = () => {};

const rowText = ({ does: _, ...facts }: Row): RowText => {
  const { name, encoding } = facts;
  const plain: Record<string, unknown> = { ...row(name, encoding, nothing) };
  const attributes = Object.fromEntries(Object.entries(facts).filter(([key, value]) => value !== plain[key]));
  return [name, encoding, attributes];
};

/** Packs all rows by number: u32 offsets of each text and of the end; then the texts, JSON in ASCII. */
export const packRows = (rows: readonly Row[]): Uint8Array<ArrayBuffer> => {
  const texts = rows.map((r) => JSON.stringify(rowText(r)));
  let at = 0;
  const starts = Uint32Array.from([0, ...texts.map((text) => (at += text.length))]);
  const bytes = new TextEncoder().encode(texts.join(""));
  if (bytes.length !== at) throw new Error("a row's text is not ASCII");
  const packed = new Uint8Array(starts.byteLength + at);
  packed.set(new Uint8Array(starts.buffer));
  packed.set(bytes, starts.byteLength);
  return packed;
};

/** Returns a function that reads a row by its number. `meaning` is called when the row is first executed. */
export const readRows = (
  packed: Uint8Array<ArrayBuffer>,
  count: number,
  meaning: (number: number) => Meaning,
): ((number: number) => Row) => {
  const starts = new Uint32Array(packed.buffer, packed.byteOffset, count + 1);
  const texts = packed.subarray(starts.byteLength);
  return (number) => {
    if (number >= count) throw new Error(`there is no row ${number}`);
    // Not spread, which is several times slower.
    const text: string = Reflect.apply(String.fromCharCode, null, texts.subarray(starts[number], starts[number + 1]));
    const [name, encoding, attributes] = JSON.parse(text) as RowText;
    let known: Meaning | undefined;
    return row(name, encoding, (o, i) => (known ??= meaning(number))(o, i), attributes);
  };
};
