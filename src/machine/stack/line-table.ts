// Source files and lines of instructions, from a file's .debug_line. DWARF 5, 6.2 "Line Number Information";
// versions 2 to 5. A file's section is hostile input: a unit that cannot be read ends the table.
import { Cursor } from "./file-reader.ts";
import type { ElfModule, Section } from "./symbols.ts";

/** A line of a source file. */
export interface SourcePosition {
  /** The file's name without its directory. */
  readonly file: string;
  readonly line: number;
}

/** Larger sections are not read: the host pays for them. */
const MOST_BYTES = 32 << 20;
const MOST_ROWS = 2_000_000;
/** A row with this line ends a sequence: no instruction follows it. */
const END = -1;

/** DW_FORM of entries of file tables. DWARF 5, 7.5.6 */
const FORM = { data2: 5, data4: 6, data8: 7, string: 8, block: 9, data1: 0x0b, strp: 0x0e, udata: 0x0f, data16: 0x1e, lineStrp: 0x1f };
/** DW_LNCT_path. */
const PATH = 1;

interface Row {
  readonly address: number;
  readonly file: number;
  readonly line: number;
}
/** The sections of one file. */
interface Strings {
  readonly line: Uint8Array | undefined;
  readonly other: Uint8Array | undefined;
}

const textAt = (strings: Uint8Array | undefined, at: number): string =>
  strings && at < strings.length ? new Cursor(strings, at).text() : "";
const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** The tables of directories or files of version 5: the paths of their entries. */
const entriesOf = (c: Cursor, long: 4 | 8, strings: Strings): string[] => {
  const formats = Array.from({ length: c.u8() }, () => [c.uleb(), c.uleb()] as const);
  const value = (form: number): string => {
    if (form === FORM.string) return c.text();
    if (form === FORM.lineStrp) return textAt(strings.line, c.unsigned(long));
    if (form === FORM.strp) return textAt(strings.other, c.unsigned(long));
    if (form === FORM.udata) c.uleb();
    else if (form === FORM.block) c.at += c.uleb();
    else {
      const size = { [FORM.data1]: 1, [FORM.data2]: 2, [FORM.data4]: 4, [FORM.data8]: 8, [FORM.data16]: 16 }[form];
      if (size === undefined) throw new RangeError(`form ${form}`);
      c.at += size;
    }
    return "";
  };
  return Array.from({ length: c.uleb() }, () => {
    let path = "";
    for (const [type, form] of formats) {
      const text = value(form);
      if (type === PATH) path = text;
    }
    return path;
  });
};
/** The same of versions 2 to 4: file 1 is the first. */
const filesOf = (c: Cursor): string[] => {
  while (c.text() !== "");
  const files = [""];
  for (let name = c.text(); name !== ""; name = c.text()) {
    files.push(name);
    for (let i = 0; i < 3; i++) c.uleb();
  }
  return files;
};

/** The parts of a unit's header that its program needs. */
interface Unit {
  readonly end: number;
  readonly minimum: number;
  readonly base: number;
  readonly range: number;
  readonly lengths: readonly number[];
  readonly address: number;
}

/** Runs the line number program of one unit. DWARF 5, 6.2.5 */
const runProgram = (c: Cursor, { end, minimum, base, range, lengths, address: long }: Unit, add: (row: Row) => void): void => {
  let [address, file, line] = [0, 1, 1];
  const row = (): void => add({ address, file, line });
  const advance = (n: number): void => void (address += n * minimum);
  const extended = (): void => {
    const size = c.uleb();
    const next = c.at + size;
    const code = c.u8();
    if (code === 1) {
      add({ address, file, line: END });
      [address, file, line] = [0, 1, 1];
    } else if (code === 2) address = c.unsigned(size - 1 === 4 ? 4 : (long as 4 | 8));
    c.at = next;
  };
  while (c.at < end) {
    const code = c.u8();
    if (code >= lengths.length + 1) {
      const special = code - lengths.length - 1;
      advance(Math.floor(special / range));
      line += base + (special % range);
      row();
    } else if (code === 0) extended();
    else if (code === 1) row();
    else if (code === 2) advance(c.uleb());
    else if (code === 3) line += c.sleb();
    else if (code === 4) file = c.uleb();
    else if (code === 8) advance(Math.floor((255 - lengths.length - 1) / range));
    else if (code === 9) address += c.unsigned(2);
    else for (let n = lengths[code - 1] as number; n > 0; n--) c.uleb();
  }
};

/** Sorted rows of all units of a section. */
class LineTable {
  private readonly _files: string[] = [];
  private readonly _rows: Row[] = [];

  constructor(section: Uint8Array, strings: Strings, long: 4 | 8) {
    const c = new Cursor(section);
    try {
      while (!c.ended && this._rows.length < MOST_ROWS) this._unit(c, strings, long);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    // At one address the end of a sequence comes before the beginning of the next.
    const rank = ({ line }: Row): number => (line === END ? 0 : 1);
    this._rows.sort((a, b) => a.address - b.address || rank(a) - rank(b));
  }
  private _unit(c: Cursor, strings: Strings, word: 4 | 8): void {
    let [long, length]: [4 | 8, number] = [4, c.unsigned(4)];
    if (length === 0xffff_ffff) [long, length] = [8, c.unsigned(8)];
    const end = c.at + length;
    const version = c.unsigned(2);
    if (version < 2 || version > 5) return void (c.at = end);
    const address = version >= 5 ? c.u8() : word;
    if (version >= 5) c.u8();
    const begin = c.unsigned(long) + c.at;
    const minimum = c.u8();
    if (version >= 4) c.u8();
    c.u8();
    const base = (c.u8() << 24) >> 24;
    const range = c.u8() || 1;
    const lengths = Array.from({ length: c.u8() - 1 }, () => c.u8());
    if (version >= 5) entriesOf(c, long, strings);
    const names = version >= 5 ? entriesOf(c, long, strings) : filesOf(c);
    const first = this._files.length;
    this._files.push(...names);
    c.at = begin;
    runProgram(c, { end, minimum, base, range, lengths, address }, (row) => {
      if (row.file < names.length && this._rows.length < MOST_ROWS) this._rows.push({ ...row, file: first + row.file });
    });
    c.at = end;
  }
  lineAt(address: number): SourcePosition | undefined {
    let [low, high] = [0, this._rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this._rows[middle] as Row).address <= address) low = middle + 1;
      else high = middle;
    }
    const row = this._rows[low - 1];
    return row && row.line > 0 ? { file: baseName(this._files[row.file] as string), line: row.line } : undefined;
  }
}

const tables = new WeakMap<ElfModule, LineTable | null>();

const bytesOf = ({ reader }: ElfModule, section: Section | undefined): Uint8Array | undefined =>
  section && section.size > 0 && section.size <= MOST_BYTES ? reader.bytes(section.offset, section.size) : undefined;

/** The source line of an instruction, by its address in the file's own numbering; undefined: not known. */
export const lineOf = (module: ElfModule, address: number): SourcePosition | undefined => {
  let table = tables.get(module);
  if (table === undefined) {
    const bytes = bytesOf(module, module.section(".debug_line"));
    const strings = { line: bytesOf(module, module.section(".debug_line_str")), other: bytesOf(module, module.section(".debug_str")) };
    table = bytes ? new LineTable(bytes, strings, module.header.long) : null;
    tables.set(module, table);
  }
  return table?.lineAt(address);
};

/** `bank.c:8` */
export const lineText = ({ file, line }: SourcePosition): string => `${file}:${line}`;
