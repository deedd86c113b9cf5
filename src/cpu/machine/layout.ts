// Where things lie in the machine's one memory. Constants, so that generated code holds them as immediates.

export const layout = {
  /** The register file (state.ts). */
  state: 0x0,
  /** Where computed calls of regions have last led (`lastCall`). */
  callTargets: 0x1000,
  callTargetsEnd: 0x1_0000,
  /** Static data of the compiled routines (floating point). */
  routines: 0x1_0000,
  routinesEnd: 0x2_0000,
  /** Translation look-aside buffer: `tlb.entries` entries of 32 bytes. */
  tlb: 0x2_0000,
  /** Jump cache: `jumpCache.entries` entries of 16 bytes. */
  jumpCache: 0x4_0000,
  /** Where computed jumps go within their regions (emit/jump-tables.ts). */
  jumpTables: 0xc_0000,
  jumpTablesEnd: 0x10_0000,
  /** Decoded records, 32 bytes each. */
  records: 0x10_0000,
  recordsEnd: 0x207_0000,
  /** What begins an instruction, by opcode (`begins`), in 64-bit code and else. */
  opcodeKinds: 0x207_0000,
  /** Notes on the records of the block that is being decoded (records.ts), u32 each. */
  notes: 0x207_1000,
  /** Where beginnings have their templates: their numbers, u16 each (0: none). Then how many there are, u32, in the room of none, and they (`template`). */
  predecodeSets: 0x208_0000,
  predecodeEntries: 0x208_4000,
  /** Which page is at home in the window, for every page of it (`home`): 16 bytes each. */
  directTags: 0x210_0000,
  directTagsEnd: 0x250_0000,
  /** The same for 32-bit code: what it may do at home, for every 256 bytes of 4 GiB (`chunks`). */
  accessMap: 0x250_0000,
  accessMapEnd: 0x350_0000,
  /** The window that regions look into: home of its first page. */
  window: 0x350_0000,
  /** Where an access that crosses a page, or writes to translated code, is assembled before it is committed. In the window's first page. */
  scratch: 0x350_0000,
  /** First guest page frame; frames go on to the end of the memory. */
  frames: 0x351_0000,
} as const;

/**
 * Most pages have a frame whose place follows from the page's address: its home. Compiled regions find a byte there by computing, without
 * the load that a translation by the TLB waits for; that the page is at home, a tag for each page of the window says: read tag u64, write tag
 * u64, as in the TLB. An address space has a color, by which its homes differ from those of others.
 */
export const directMap = { bits: 30, pages: 1 << 18, size: 16, readTag: 0, writeTag: 8 } as const;
/**
 * An address of 32 bits can be looked up without comparing it: a byte of these bits for each chunk says what may be done at home with all bytes from any of its
 * addresses on, `bytes` of them at most. So the last chunk of a page has no more of them than the next page has.
 */
export const accessMap = { bytes: 256, shift: 8, read: 1, write: 2 } as const;
/** Where the page of an address is at home: all of it below `layout.frames` is nobody's. */
export const directAddress = (address: number, color: number): number => layout.window + ((address + color) & inWindow);
/** The number of the page of the window whose tags are those of pages that are at home in a frame: beyond all of them if it is no home. */
export const directPageOf = (frame: number, color: number): number =>
  frame < layout.window || frame > layout.window + inWindow ? directMap.pages : ((frame - layout.window - color) & inWindow) / 4096;
const inWindow = (1 << directMap.bits) - 4096;

/** TLB entry: read tag u64, write tag u64, addend i32 (frame - page, modulo 2^32). A tag is the page's address, or of an empty one `emptyTag`. */
export const tlb = { entries: 4096, size: 32, readTag: 0, writeTag: 8, addend: 16 } as const;
/**
 * Each half of an address on a page that has another entry, by number of the entry: -1 is on the last page there is, whose entry is the last. It is
 * no page's own address: an access that goes on at 0 ends on the first page, and asks the last entry for that.
 */
export const emptyTag = (n: number): number => (n === tlb.entries - 1 ? 1 : -1);

/**
 * Jump-cache entry: instruction pointer u64, record u32, and the region word u32 (operand-slots.ts) of the compiled region that may be entered
 * there as pages are mapped now, else 0. An empty one's pointer is no canonical address: control can go to any other.
 * Where an address has its entry: the high bits of the product of its low half with `hash` (Knuth, TAOCP Vol. 3 6.4).
 */
export const jumpCache = {
  entries: 32768,
  size: 16,
  ip: 0,
  record: 8,
  region: 12,
  empty: -(2n ** 63n),
  hash: 0x9e3779b1 | 0,
  shift: 13,
} as const;

/**
 * The last target of a computed call, and its region word: what a region is entered with then does not wait for the target to be known, but for a
 * guess to be proved right. An empty one's pointer is as in the jump cache.
 */
export const callTarget = { size: 16, ip: 0, region: 8 } as const;

/**
 * What is known of an opcode in `beginnings`, 256 for each map. A kind: not met yet, no modrm byte follows, one does, first bytes do not tell where they end;
 * or no opcode at all. Besides, which bits name a register and nothing else: modrm.reg, modrm.rm where that is no memory, those of the opcode; none of REX do.
 */
export const opcodeKind = {
  unknown: 0,
  plain: 1,
  modrm: 2,
  never: 3,
  prefix: 4,
  escape: 5,
  kind: 7,
  reg: 8,
  rm: 16,
  opcode: 32,
  rex: 64,
  modes: 1024,
} as const;

/**
 * What an instruction became, for all that begin alike (predecode.ts). The number of a beginning's template is in one of a few places: the one that the high bits of
 * a product say, as in the jump cache, and those beside it. Templates themselves lie one after the other: a program needs few of the host's pages for them.
 */
export const predecodeEntry = {
  bits: 13,
  size: 64,
  ways: 4,
  most: 7935,
  /** A record: another one has registers, a displacement and an immediate of its own. */
  record: 0,
  /** u64: the bytes up to modrm or SIB, without registers. */
  head: 32,
  /** u8 each: how many there are (none: nothing has been learned here), in which context, and how many of a displacement and an immediate follow. */
  headBytes: 40,
  context: 41,
  displacement: 42,
  immediate: 43,
  /** u8 each: how the displacement counts (`displacements`); the immediate counts from the next instruction, and is a branch's; the record keeps the next address;
   *  it ends a block. */
  counts: 44,
  branch: 45,
  next: 46,
  ends: 47,
  /** u64: these bits of the immediate, sign-extended, are kept. */
  mask: 48,
  /** u32: note on the record. */
  note: 56,
  /** u8 each: which registers the record's four places have (`registerIn`), if not those of an address. */
  registers: 60,
} as const;
/** A displacement is a signed number, or one from the next instruction on, or an address without a sign. */
export const displacements = {
  signed: 0,
  relative: 1,
  absolute: 2,
} as const;
/** Which bits name a register, and which registers those are, added; 0: none. */
export const registerIn = {
  reg: 1,
  rm: 2,
  opcode: 3,
  from: 3,
  general: 0,
  bytes: 4,
  vectors: 8,
  mmx: 12,
} as const;

/**
 * A decoded instruction. Register operands are byte offsets into the state page, so that one handler serves all registers.
 * A branch keeps its links where others keep operands.
 */
export const record = {
  size: 32,
  /** u32: index of the handler in the function table. */
  handler: 0,
  /** u16 each: register operands, in the order of the row. */
  r0: 4,
  r1: 6,
  /** u32 over r0 and r1: a direct branch's target record, 0 while unknown. */
  link: 4,
  /** u16 of a region's entry: instructions of the block that begins there. */
  length: 8,
  /** u16 each: base and index register of the memory operand (at.zero if absent); without one, a third and a fourth register operand. */
  base: 8,
  index: 10,
  /** u32 each, where a record that ends a block by a branch counts how often control passes it: without a memory operand, and with one. */
  executions: 8,
  executionsWithMemory: 4,
  /** u8: shift count of the index. */
  scale: 12,
  /** u8: segment register number. */
  segment: 13,
  /** u16: instructions from this one to the end of its block, itself included. */
  remaining: 14,
  /** i64: displacement, or a branch's target. */
  disp: 16,
  /** i64: immediate, or the next instruction's address for those that need it; a conditional branch's fall-through link u32, and if that must not be
   *  (it leads to another page) the low half of the next address, whose high half is the target's.
   *  A register that an immediate names: u16. Of a `located` row: its own address in bits 0 to 47, the modrm byte above, the memory operand's segment above that. */
  imm: 24,
} as const;
