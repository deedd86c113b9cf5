// Rows as text: name, encoding and attributes, from which a row is read when a program meets it. A decoder asks for no more; what a row does is its
// family's to say, which takes longer to work out than most programs decode.
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

/** All rows by number: u32, where each begins and the last one ends, counted behind these; then their texts, JSON in ASCII. */
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

/** Reads a row by its number; `meaning` is asked when the row is first to do something. */
export const readRows = (
  packed: Uint8Array<ArrayBuffer>,
  count: number,
  meaning: (number: number) => Meaning,
): ((number: number) => Row) => {
  const starts = new Uint32Array(packed.buffer, packed.byteOffset, count + 1);
  const texts = packed.subarray(starts.byteLength);
  return (number) => {
    if (number >= count) throw new Error(`there is no row ${number}`);
    // Not spread: that takes four times as long.
    const text: string = Reflect.apply(String.fromCharCode, null, texts.subarray(starts[number], starts[number + 1]));
    const [name, encoding, attributes] = JSON.parse(text) as RowText;
    let known: Meaning | undefined;
    return row(name, encoding, (o, i) => (known ??= meaning(number))(o, i), attributes);
  };
};
