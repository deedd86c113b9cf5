// The dynamic symbols of a shared object of the kernel: names and values. TIS ELF 1.2, Figure 1-15.
import { PT, parseElf, programHeaders } from "./elf.ts";

const DT = { NULL: 0, HASH: 4, STRTAB: 5, SYMTAB: 6 } as const;

/** Symbols of a well-formed image whose file offsets equal its addresses. */
export const dynamicSymbols = (bytes: Uint8Array): ReadonlyMap<string, number> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = parseElf(bytes.subarray(0, 64));
  if (header === undefined) throw new Error("the vDSO image is no ELF file");
  const { long } = header;
  const word = (at: number): number => (long === 8 ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true));
  const dynamic = programHeaders(header, bytes.subarray(header.phoff)).find((p) => p.type === PT.DYNAMIC);
  const tags = new Map<number, number>();
  for (let at = dynamic?.offset ?? 0; word(at) !== DT.NULL; at += 2 * long) tags.set(word(at), word(at + long));
  const strings = tags.get(DT.STRTAB) ?? 0;
  const symbols = tags.get(DT.SYMTAB) ?? 0;
  // nchain of DT_HASH is the number of symbols.
  const count = view.getUint32((tags.get(DT.HASH) ?? 0) + 4, true);
  const found = new Map<string, number>();
  for (let i = 1; i < count; i++) {
    const at = symbols + i * (long === 8 ? 24 : 16);
    const name = strings + view.getUint32(at, true);
    found.set(String.fromCharCode(...bytes.subarray(name, bytes.indexOf(0, name))), word(at + (long === 8 ? 8 : 4)));
  }
  return found;
};
