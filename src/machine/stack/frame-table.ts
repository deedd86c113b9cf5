// Entries of a file's unwind table (.eh_frame) by the address of code. Linux Standard Base 5.0, "Exception
// Frames".
import { Cursor } from "./file-reader.ts";
import type { ElfModule } from "./symbols.ts";

const PT_GNU_EH_FRAME = 0x6474e550;
/** No record of a compiler is as long. */
const MOST_BYTES = 65536;

/** DW_EH_PE_*: reads a pointer. `base` gives the addresses that it may be relative to. */
export const encoded = (cursor: Cursor, encoding: number, long: 4 | 8, base: { readonly pc: number; readonly data: number }): number => {
  const formats: Readonly<Record<number, () => number>> = {
    0x0: () => cursor.unsigned(long),
    0x1: () => cursor.uleb(),
    0x2: () => cursor.unsigned(2),
    0x3: () => cursor.unsigned(4),
    0x4: () => cursor.unsigned(8),
    0x9: () => cursor.sleb(),
    0xa: () => cursor.signed(2),
    0xb: () => cursor.signed(4),
    0xc: () => cursor.signed(8),
  };
  const from = cursor.at;
  const read = formats[encoding & 0xf];
  if (!read) throw new RangeError("unknown pointer encoding");
  const value = read();
  const relative = encoding & 0x70;
  return relative === 0x10 ? value + base.pc + from : relative === 0x30 ? value + base.data : value;
};

interface FrameRecord {
  readonly bytes: Uint8Array;
  /** The address of the first byte. */
  readonly at: number;
}
/** A record of .eh_frame without its length. */
const recordAt = (
  { reader, offsetOf }: { reader: ElfModule["reader"]; offsetOf: (address: number) => number | undefined },
  at: number,
): FrameRecord | undefined => {
  const offset = offsetOf(at);
  const head = offset === undefined ? undefined : reader.bytes(offset, 4);
  const length = head && new DataView(head.buffer).getUint32(0, true);
  if (!length || length > MOST_BYTES) return undefined;
  const bytes = reader.bytes((offset as number) + 4, length);
  return bytes && { bytes, at: at + 4 };
};

/** The fields of a CIE, for all its entries. */
export interface Common {
  readonly codeAlign: number;
  readonly dataAlign: number;
  readonly encoding: number;
  readonly augmented: boolean;
  readonly isSignal: boolean;
  readonly initial: Cursor;
}
const commonOf = (record: FrameRecord, long: 4 | 8): Common | undefined => {
  const c = new Cursor(record.bytes);
  if (c.unsigned(4) !== 0) return undefined;
  const version = c.u8();
  const augmentation = c.text();
  const [codeAlign, dataAlign] = [c.uleb(), c.sleb()];
  if (version === 1) c.u8();
  else c.uleb();
  let encoding = 0;
  const augmented = augmentation.startsWith("z");
  if (augmented) {
    const end = c.uleb() + c.at;
    for (const letter of augmentation.slice(1)) {
      if (letter === "R") encoding = c.u8();
      else if (letter === "L") c.u8();
      else if (letter === "P") encoded(c, c.u8(), long, { pc: record.at, data: 0 });
    }
    c.at = end;
  }
  return { codeAlign, dataAlign, encoding, augmented, isSignal: augmentation.includes("S"), initial: c };
};

interface Entry {
  readonly record: FrameRecord;
  readonly common: Common;
  readonly start: number;
  readonly end: number;
  /** Its instructions. */
  readonly code: Cursor;
}

const filesOf = (module: ElfModule) => ({ reader: module.reader, offsetOf: (address: number) => module.offsetOf(address) });

/** The FDE at an address; undefined if it is none. */
const entryAt = (module: ElfModule, record: FrameRecord, data: number): Entry | undefined => {
  const { long } = module.header;
  const c = new Cursor(record.bytes);
  const back = c.unsigned(4);
  if (back === 0) return undefined;
  const commonRecord = recordAt(filesOf(module), record.at - back);
  const common = commonRecord && commonOf(commonRecord, long);
  if (!common) return undefined;
  const base = { pc: record.at, data };
  const start = encoded(c, common.encoding, long, base);
  const end = start + encoded(c, common.encoding & 0xf, long, base);
  if (common.augmented) {
    const length = c.uleb();
    c.at += length;
  }
  return { record, common, start, end, code: c };
};

/** By the sorted table of .eh_frame_hdr. Undefined: the file has none. */
const fromTable = (module: ElfModule, pc: number): number | undefined => {
  const { segments, reader } = module;
  const segment = segments.find(({ type }) => type === PT_GNU_EH_FRAME);
  const head = segment && reader.bytes(segment.offset, 12);
  // Version, and the encodings that linkers write: udata4, and sdata4 relative to the section.
  if (!segment || !head || head[0] !== 1 || head[2] !== 0x03 || head[3] !== 0x3b) return undefined;
  const skip = (head[1] as number) === 0xff ? 4 : 8;
  const countBytes = reader.bytes(segment.offset + skip, 4);
  const count = countBytes ? new DataView(countBytes.buffer).getUint32(0, true) : 0;
  const row = (n: number) => {
    const bytes = reader.bytes(segment.offset + skip + 4 + n * 8, 8);
    const v = bytes && new DataView(bytes.buffer);
    return v && { start: v.getInt32(0, true) + segment.vaddr, entry: v.getInt32(4, true) + segment.vaddr };
  };
  let [low, high] = [0, count];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = row(middle);
    if (!found) return undefined;
    if (found.start <= pc) low = middle + 1;
    else high = middle;
  }
  return low > 0 ? row(low - 1)?.entry : undefined;
};

/** Larger sections are not searched. */
const MOST_SECTION = 4 << 20;
/**
 * Static programs have no table: their section is read once. Starts of functions and their records, sorted.
 */
const indexOf = (module: ElfModule): readonly (readonly [start: number, at: number])[] => {
  const known = module.unwindIndex as readonly (readonly [number, number])[] | undefined;
  if (known) return known;
  const section = module.section(".eh_frame");
  const list: (readonly [number, number])[] = [];
  if (section && section.size <= MOST_SECTION) {
    for (let at = section.address; at < section.address + section.size; ) {
      const record = recordAt(filesOf(module), at);
      if (!record) break;
      const entry = entryAt(module, record, 0);
      if (entry) list.push([entry.start, at]);
      at = record.at + record.bytes.length;
    }
  }
  list.sort(([a], [b]) => a - b);
  module.unwindIndex = list;
  return list;
};

/** The entry whose range holds an address. */
export const entryFor = (module: ElfModule, pc: number): Entry | undefined => {
  const hasTable = module.segments.some(({ type }) => type === PT_GNU_EH_FRAME);
  const at = hasTable ? fromTable(module, pc) : indexOf(module).findLast(([start]) => start <= pc)?.[1];
  const record = at === undefined ? undefined : recordAt(filesOf(module), at);
  const entry = record && entryAt(module, record, module.segments.find(({ type }) => type === PT_GNU_EH_FRAME)?.vaddr ?? 0);
  return entry && pc >= entry.start && pc < entry.end ? entry : undefined;
};
