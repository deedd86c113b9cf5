// Instructions by name: the rows of a name, and the alternative names of assemblers. SDM Vol. 1 Table B-1,
// Vol. 2 headings.

import type { Row } from "../isa/row.ts";
import { rows } from "../isa/rows/all.ts";
import { vendors } from "../machine/model.ts";
import { impliesOperands } from "./syntax.ts";

/** A row that a name can mean, with the sizes that the name implies. */
export interface NameMatch {
  readonly row: Row;
  readonly size?: 16 | 32 | 64;
  readonly addressSize?: 16 | 32 | 64;
}

/** Alternative names of conditions. */
const conditions: Readonly<Record<string, string>> = {
  c: "b",
  nae: "b",
  nb: "ae",
  nc: "ae",
  z: "e",
  nz: "ne",
  na: "be",
  nbe: "a",
  pe: "p",
  po: "np",
  nge: "l",
  nl: "ge",
  ng: "le",
  nle: "g",
};
const others: Readonly<Record<string, string>> = {
  sal: "shl",
  wait: "fwait",
  xlat: "xlatb",
  retn: "ret",
  movabs: "mov",
  loopz: "loope",
  loopnz: "loopne",
  icebp: "int1",
  sysretq: "sysret",
};

/** RETFW, RETFD, RETFQ: NASM's names of RETF by operand size. */
const farSizes = { w: 16, d: 32, q: 64 } as const;

const byName = ((): ReadonlyMap<string, readonly NameMatch[]> => {
  const names = new Map<string, NameMatch[]>();
  const add = (name: string, meant: NameMatch): void => {
    const list = names.get(name);
    if (list) list.push(meant);
    else names.set(name, [meant]);
  };
  const widths = [16, 32, 64] as const;
  for (const row of rows) {
    if (row.vendor !== undefined && row.vendor !== vendors[0]) continue; // the text is equal for all vendors
    const { sizedNames, addressNames } = row;
    // A name for two sizes means the smaller one: INSD.
    if (sizedNames)
      for (const [n, name] of sizedNames.entries()) if (sizedNames.indexOf(name) === n) add(name, { row, size: widths[n] as 16 });
    if (addressNames) for (const [n, name] of addressNames.entries()) add(name, { row, addressSize: widths[n] as 16 });
    const own = !sizedNames?.includes(row.name) && !addressNames?.includes(row.name);
    if (own && !(sizedNames && row.operands.length > 0 && impliesOperands(row))) add(row.name, { row });
  }
  return names;
})();

/** Rows by name, in their order; undefined if no such instruction exists. */
export const rowsNamed = (name: string): readonly NameMatch[] | undefined => {
  const known = byName.get(name) ?? byName.get(others[name] ?? "");
  if (known) return known;
  const far = /^retf([wdq])$/.exec(name);
  if (far) return byName.get("retf")?.map((meant) => ({ ...meant, size: farSizes[far[1] as "w"] }));
  const conditional = /^(j|set|cmov|fcmov)(\w+)$/.exec(name);
  const cc = conditional && conditions[conditional[2] as string];
  return cc ? byName.get(`${conditional[1]}${cc}`) : undefined;
};
