// An ELF file as a backtrace needs it: where its segments lie, names of its functions and variables. man 5
// elf, "Elf64_Shdr", "Elf64_Sym".
import { type ElfHeader, type ProgramHeader, PT, parseElf, programHeaders, programHeadersSize } from "../../kernel/exec/elf.ts";
import type { Backing } from "../../memory/backing.ts";
import { FileReader } from "./file-reader.ts";

const SHT = { SYMTAB: 2, DYNSYM: 11 } as const;
/** STT_FUNC and STT_GNU_IFUNC; STT_OBJECT. */
const FUNCTIONS: readonly number[] = [2, 10];
const OBJECTS: readonly number[] = [1];
/** Larger tables are not read: the host pays for them. */
const MOST_SYMBOLS = 100_000;
const MOST_NAMES = 8 << 20;
const MOST_SECTIONS = 256;

interface Symbols {
  /** Sorted addresses of functions or variables, with sizes and the offsets of their names. */
  readonly starts: Float64Array;
  readonly sizes: Float64Array;
  readonly names: Uint32Array;
  readonly strings: Uint8Array;
}

/** A section header. man 5 elf */
export interface Section {
  /** Offset of its name. */
  readonly name: number;
  readonly address: number;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

const sectionsOf = (reader: FileReader, long: 4 | 8): readonly Section[] => {
  const head = reader.bytes(0, 64);
  if (!head) return [];
  const v = new DataView(head.buffer);
  const word = (view: DataView, at: number): number =>
    long === 8 ? view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true) : view.getUint32(at, true);
  const offset = word(v, long === 8 ? 40 : 32);
  const count = Math.min(MOST_SECTIONS, v.getUint16(long === 8 ? 60 : 48, true));
  const entry = long === 8 ? 64 : 40;
  const table = offset === 0 ? undefined : reader.bytes(offset, count * entry);
  if (!table) return [];
  const t = new DataView(table.buffer);
  return Array.from({ length: count }, (_, n) => {
    const at = n * entry;
    const field = (i: number): number => word(t, at + 8 + i * long);
    return {
      name: t.getUint32(at, true),
      address: field(1),
      type: t.getUint32(at + 4, true),
      offset: field(2),
      size: field(3),
      link: t.getUint32(at + 8 + 4 * long, true),
    };
  });
};

/** Symbols that are in no section. uapi linux/elf.h */
const [SHN_ABS, SHN_COMMON] = [0xfff1, 0xfff2] as const;

const symbolsIn = (
  reader: FileReader,
  sections: readonly Section[],
  { type, kinds, long }: { readonly type: number; readonly kinds: readonly number[]; readonly long: 4 | 8 },
): Symbols | undefined => {
  const section = sections.find((s) => s.type === type);
  const strings = section && sections[section.link];
  const entry = long === 8 ? 24 : 16;
  if (!section || !strings || strings.size > MOST_NAMES || section.size / entry > MOST_SYMBOLS) return undefined;
  const [table, names] = [reader.bytes(section.offset, section.size), reader.bytes(strings.offset, strings.size)];
  if (!table || !names) return undefined;
  const v = new DataView(table.buffer);
  const found: { start: number; size: number; name: number }[] = [];
  for (let at = 0; at + entry <= table.length; at += entry) {
    const kind = v.getUint8(at + (long === 8 ? 4 : 12)) & 0xf;
    const section = v.getUint16(at + (long === 8 ? 6 : 14), true);
    // Versions (GLIBC_2.34) are absolute symbols of value 0.
    const isDefined = section !== 0 && section !== SHN_ABS && section !== SHN_COMMON;
    if (!isDefined || !kinds.includes(kind)) continue;
    const [start, size] =
      long === 8
        ? [v.getUint32(at + 12, true) * 2 ** 32 + v.getUint32(at + 8, true), v.getUint32(at + 16, true)]
        : [v.getUint32(at + 4, true), v.getUint32(at + 8, true)];
    found.push({ start, size, name: v.getUint32(at, true) });
  }
  if (found.length === 0) return undefined;
  found.sort((a, b) => a.start - b.start);
  return {
    starts: Float64Array.from(found, ({ start }) => start),
    sizes: Float64Array.from(found, ({ size }) => size),
    names: Uint32Array.from(found, ({ name }) => name),
    strings: names,
  };
};

interface Named {
  readonly name: string;
  readonly displacement: number;
}

/** A mapped ELF file. */
export class ElfModule {
  readonly reader: FileReader;
  readonly header: ElfHeader;
  readonly segments: readonly ProgramHeader[];
  private readonly _symbols = new Map<readonly number[], readonly Symbols[]>();
  private _sections: readonly Section[] | undefined;
  /** Kept by the unwinder. */
  unwindIndex: unknown = undefined;

  constructor(reader: FileReader, header: ElfHeader, segments: readonly ProgramHeader[]) {
    this.reader = reader;
    this.header = header;
    this.segments = segments;
  }

  /** The address that a byte of the file has in the file's own numbering. */
  addressOf(offset: number): number | undefined {
    const segment = this.segments.find((s) => s.type === PT.LOAD && offset >= s.offset && offset < s.offset + s.filesz);
    return segment && offset - segment.offset + segment.vaddr;
  }
  offsetOf(address: number): number | undefined {
    const segment = this.segments.find((s) => s.type === PT.LOAD && address >= s.vaddr && address < s.vaddr + s.filesz);
    return segment && address - segment.vaddr + segment.offset;
  }

  get sections(): readonly Section[] {
    return (this._sections ??= sectionsOf(this.reader, this.header.long));
  }
  section(name: string): Section | undefined {
    const head = this.reader.bytes(0, 64);
    const names = head && this.sections[new DataView(head.buffer).getUint16(this.header.long === 8 ? 62 : 50, true)];
    if (!names) return undefined;
    const wanted = `${name}\0`;
    return this.sections.find((section) => {
      const bytes = this.reader.bytes(names.offset + section.name, wanted.length);
      return bytes && String.fromCharCode(...bytes) === wanted;
    });
  }

  /** The address of a page of the file in the file's own numbering, by the segment that begins in it. */
  pageAddressOf(offset: number): number | undefined {
    const segment = this.segments.find((s) => s.type === PT.LOAD && s.offset >= offset && s.offset < offset + 4096);
    return segment && segment.vaddr - (segment.offset - offset);
  }

  /** The function that holds an address, and how far inside. */
  functionAt(address: number): Named | undefined {
    return this._at(FUNCTIONS, address);
  }
  /** The variable that holds an address, and how far inside. */
  objectAt(address: number): Named | undefined {
    return this._at(OBJECTS, address);
  }
  /** The address of a function in the file's own numbering. */
  functionNamed(name: string): number | undefined {
    return this._named(FUNCTIONS, name)?.start;
  }
  /** A function or variable in the file's own numbering. Size 0: the file does not say. */
  named(name: string): { readonly start: number; readonly size: number } | undefined {
    return this._named(FUNCTIONS, name) ?? this._named(OBJECTS, name);
  }
  private _named(kinds: readonly number[], name: string): { readonly start: number; readonly size: number } | undefined {
    const wanted = Uint8Array.from(`${name}\0`, (letter) => letter.charCodeAt(0));
    for (const { starts, sizes, names, strings } of this._tables(kinds)) {
      const at = names.findIndex((from) => wanted.every((byte, i) => strings[from + i] === byte));
      if (at >= 0) return { start: starts[at] as number, size: sizes[at] as number };
    }
    return undefined;
  }
  private _tables(kinds: readonly number[]): readonly Symbols[] {
    let tables = this._symbols.get(kinds);
    if (!tables) {
      const { reader, header, sections } = this;
      const { long } = header;
      tables = [SHT.SYMTAB, SHT.DYNSYM].flatMap((type) => symbolsIn(reader, sections, { type, kinds, long }) ?? []);
      this._symbols.set(kinds, tables);
    }
    return tables;
  }
  private _at(kinds: readonly number[], address: number): Named | undefined {
    for (const symbols of this._tables(kinds)) {
      const found = nearestBelow(symbols, address);
      if (found) return found;
    }
    return undefined;
  }
}

const nearestBelow = ({ starts, sizes, names, strings }: Symbols, address: number) => {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) <= address) low = middle + 1;
    else high = middle;
  }
  const at = low - 1;
  if (at < 0) return undefined;
  const displacement = address - (starts[at] as number);
  // Assembly functions often have no size.
  const size = sizes[at] as number;
  if (size !== 0 && displacement >= size) return undefined;
  const from = names[at] as number;
  const end = strings.indexOf(0, from);
  return { name: String.fromCharCode(...strings.subarray(from, Math.min(end < 0 ? from : end, from + 200))), displacement };
};

const modules = new WeakMap<Backing, ElfModule | null>();

/** Null: the file is no ELF file for x86. */
export const moduleOf = (backing: Backing): ElfModule | null => {
  const known = modules.get(backing);
  if (known !== undefined) return known;
  const made = read(backing);
  modules.set(backing, made);
  return made;
};
const read = (backing: Backing): ElfModule | null => {
  const reader = new FileReader(backing);
  const head = reader.bytes(0, 64);
  const header = head && parseElf(head, { x32: true });
  const size = header && programHeadersSize(header);
  const table = size === undefined ? undefined : reader.bytes(header?.phoff as number, size);
  return header && table ? new ElfModule(reader, header, programHeaders(header, table)) : null;
};
