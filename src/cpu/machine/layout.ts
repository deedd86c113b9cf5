// The layout of the machine's one memory. The addresses are constants, so that generated code holds them as
// immediates.

/** Byte addresses of the areas. */
export const layout = {
  /** The register file (state.ts). */
  state: 0x0,
  /** Call target cache: the last targets of indirect calls of regions (`callTarget`). */
  callTargets: 0x1000,
  callTargetsEnd: 0x1_0000,
  /** Static data of the compiled routines (floating point). */
  routines: 0x1_0000,
  routinesEnd: 0x2_0000,
  /** Translation look-aside buffer: `tlb.entries` entries of 32 bytes. */
  tlb: 0x2_0000,
  /** Jump cache: `jumpCache.entries` entries of 16 bytes. */
  jumpCache: 0x4_0000,
  /** Target tables of indirect jumps inside regions (emit/jump-tables.ts). */
  jumpTables: 0xc_0000,
  jumpTablesEnd: 0x10_0000,
  /** Decoded records, 32 bytes each, and a node of the block table in front of each block. */
  records: 0x10_0000,
  recordsEnd: 0x490_0000,
  /** By record number: its instruction pointer (offset in CS), f64, and its note (`note`), u32. */
  recordIps: 0x490_0000,
  recordNotes: 0x5b0_0000,
  /** Block table: the first node with an address, and the first node with a frame, u32 each (`blockNode`). */
  blocksByIp: 0x640_0000,
  blocksByFrame: 0x655_0000,
  /** Code pages of the current address space: page number, f64; frame and `codePages.quick`, u32. */
  codePages: 0x655_4000,
  codePageFrames: 0x655_6000,
  /** What the dispatcher's routine and the dispatcher exchange (`dispatch`), and lists of the routine. */
  dispatch: 0x655_7000,
  transfers: 0x655_8000,
  filled: 0x656_0000,
  decoded: 0x656_4000,
  /** Jump-cache entries that others have displaced: `displaced.entries` entries of 16 bytes. */
  displaced: 0x65f_0000,
  /** First bytes of instructions: a kind per opcode (`opcodeKind`), for 64-bit code and for other code. */
  opcodeKinds: 0x667_0000,
  /** Notes on the records of the block that is being decoded (records.ts), u32 each. */
  notes: 0x667_1000,
  /**
   * Predecode cache: the sets of entry numbers by prefix, u16 each (0: none). Then the entries
   * (`predecodeEntry`); the unused entry 0 holds their count, u32.
   */
  predecodeSets: 0x668_0000,
  predecodeEntries: 0x668_4000,
  /**
   * Direct-map tags: for every page of the window the guest page that is direct-mapped there, 16 bytes each.
   */
  directTags: 0x670_0000,
  directTagsEnd: 0x6b0_0000,
  /**
   * Access map: the same for 32-bit code, as permissions for every granule of 256 bytes of 4 GiB
   * (`accessMap`).
   */
  accessMap: 0x6b0_0000,
  accessMapEnd: 0x7b0_0000,
  /** The direct map: the window that regions address. This is the address of its first page. */
  window: 0x7b0_0000,
  /**
   * Scratch page: an access that crosses a page or writes to translated code is assembled here before it is
   * committed. It is in the window's first page.
   */
  scratch: 0x7b0_0000,
  /** The first frame of guest pages. The frames extend to the end of the memory. */
  frames: 0x7b1_0000,
} as const;

/**
 * Direct-mapped pages. Most pages have the frame at the position computed from the page's address. Compiled
 * code then computes the position of a byte without the TLB, whose load would delay the access. A tag per
 * page of the window proves it: read tag u64, write tag u64, as in the TLB. The color of an address space
 * separates its positions from those of other address spaces.
 */
export const directMap = { bits: 30, pages: 1 << 18, size: 16, readTag: 0, writeTag: 8 } as const;
/**
 * The access map replaces the tag comparison for 32-bit addresses. A byte per granule holds the permissions
 * for accesses of up to `bytes` bytes that start in it. The last granule of a page therefore has no more
 * permissions than the next page.
 */
export const accessMap = { bytes: 256, shift: 8, read: 1, write: 2 } as const;
/** The direct-mapped position of an address's page. Positions below `layout.frames` are never used. */
export const directAddress = (address: number, color: number): number => layout.window + ((address + color) & inWindow);
/**
 * The number of the window page whose tags describe a frame. It is `directMap.pages` if the frame is outside
 * the window.
 */
export const directPageOf = (frame: number, color: number): number =>
  frame < layout.window || frame > layout.window + inWindow ? directMap.pages : ((frame - layout.window - color) & inWindow) / 4096;
const inWindow = (1 << directMap.bits) - 4096;

/**
 * TLB entry: read tag u64, write tag u64, addend i32 (frame - page, modulo 2^32). A tag is the page's
 * address, or `emptyTag`.
 */
export const tlb = { entries: 4096, size: 32, readTag: 0, writeTag: 8, addend: 16 } as const;
/**
 * Each half of the tag of an empty entry, by the entry's number. It must be an address that belongs to
 * another entry: -1 is on the last page, which has the last entry. It is not a page address either, because
 * an access that wraps to 0 ends on the first page and reads the last entry.
 */
export const emptyTag = (n: number): number => (n === tlb.entries - 1 ? 1 : -1);

/**
 * Jump-cache entry: instruction pointer u64, record u32, and region word u32 (operand-slots.ts). The region
 * word is 0 unless the region may be entered with the current mapping. The pointer of an empty entry is not
 * canonical, so that no jump has it as its target. The entry of an address: the high bits of the product of
 * its low half and `hash` (Knuth, TAOCP Vol. 3 6.4).
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
 * Displaced entries of the jump cache, in the same form. An address has one place: the high bits of the
 * product of its low half and `hash`. Large programs jump to more addresses than the jump cache holds.
 */
export const displaced = {
  entries: 32768,
  hash: 0x85eb_ca6b | 0,
  shift: 13,
} as const;

/**
 * Call target cache entry: the last target of an indirect call and its region word. The region is entered on
 * a predicted branch and does not wait for the target. The pointer of an empty entry is as in the jump cache.
 */
export const callTarget = { size: 16, ip: 0, region: 8 } as const;

/**
 * A node of the block table, in front of the first record of its block. u32 each: the next node with the same
 * hash of the address, and of the frame; the frame plus the context and flags; the first record. Then the
 * instruction pointer, f64, and 1 if the node is in the table, u32. Flags: a jump has reached the block; the
 * block begins on the previous page, and its last instruction ends in this frame.
 */
export const blockNode = {
  size: 32,
  nextByIp: 0,
  nextByFrame: 4,
  frame: 8,
  head: 12,
  ip: 16,
  isIn: 24,
  context: 7,
  isTarget: 8,
  crosses: 16,
  /** Bits of the hash of an address, and of a frame. */
  ipBits: 16,
  frameBits: 12,
} as const;
/**
 * The place of a code page is in the low bits of its number; page 0 is in none. `quick`: blocks of the frame
 * may be decoded without notice, because writes to it are already tracked.
 */
export const codePages = {
  count: 1024,
  quick: 1,
} as const;
/**
 * u32 each. The address of the next free record; a bit for each context in which the routine may decode; the
 * blocks that it has decoded; the lengths of its lists; 1 if it has displaced an entry of the jump cache.
 * The lists: transfers of control (note, u32, at 0; site and target, f64, at 8 and 16), filled entries of the
 * jump cache, first records of new blocks.
 */
export const dispatch = {
  next: 0,
  contexts: 4,
  blocks: 8,
  transfers: 12,
  filled: 16,
  decoded: 20,
  displaced: 24,
  size: 28,
  mostTransfers: 1024,
  transferSize: 24,
  mostFilled: 4096,
  mostDecoded: 4096,
} as const;
/**
 * A note packs an instruction's length, the number of its row, and if it is the first of a block that crosses
 * into another page, is a conditional branch, and has a memory operand.
 */
export const note = {
  length: 15,
  numberShift: 4,
  numberMask: 0xffff,
  crosses: 0x2000_0000,
  conditional: 0x4000_0000,
  memory: 0x8000_0000,
} as const;

/**
 * The decoder's knowledge about an opcode in `layout.opcodeKinds`, 256 opcodes per map. The kind: not yet
 * decoded; without a modrm byte; with one; length not determined by the first bytes; no opcode. The flags:
 * the bits that only name a register. They are modrm.reg, modrm.rm of a register operand, the opcode's low
 * bits, and all REX bits if `rex` is clear.
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
 * Predecode cache entry: the decoded form of all instructions with an equal prefix (predecode.ts). The number
 * of a prefix's entry is in a set of `ways` slots. The set is the high bits of a product, as in the jump
 * cache. The entries are contiguous, so that a program touches few of the host's pages.
 */
export const predecodeEntry = {
  bits: 13,
  size: 64,
  ways: 4,
  most: 7935,
  /** The record. Registers, displacement and immediate are replaced in a copy. */
  record: 0,
  /** u64: the bytes up to modrm or SIB, with register fields cleared. */
  head: 32,
  /**
   * u8 each: length of the prefix (0: the entry is empty), context, bytes of the displacement and of the
   * immediate.
   */
  headBytes: 40,
  context: 41,
  displacement: 42,
  immediate: 43,
  /**
   * u8 each: kind of the displacement (`displacements`); true if the immediate is a branch displacement; true
   * if the record holds the next address; true if the instruction ends a block.
   */
  counts: 44,
  branch: 45,
  next: 46,
  ends: 47,
  /** u64: the bits of the sign-extended immediate that are significant. */
  mask: 48,
  /** u32: the note of the record. */
  note: 56,
  /**
   * u8 each: the source of each of the record's four registers (`registerIn`), unless it is part of an
   * address.
   */
  registers: 60,
} as const;
/** Kinds of displacements: signed, relative to the next instruction, or an unsigned address. */
export const displacements = {
  signed: 0,
  relative: 1,
  absolute: 2,
} as const;
/** The field that names a register plus the register file; 0: none. */
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
 * A decoded instruction. Register operands are byte offsets into the state page, so that one handler serves
 * all registers. A branch keeps its links in place of operands.
 */
export const record = {
  size: 32,
  /** u32: index of the handler in the function table. */
  handler: 0,
  /** u16 each: register operands, in the order of the row. */
  r0: 4,
  r1: 6,
  /** u32 over r0 and r1: the target record of a direct branch; 0 while unknown. */
  link: 4,
  /** u16, in the record of a region's entry: instructions of its block. */
  length: 8,
  /**
   * u16 each: base and index register of the memory operand (at.zero if absent). Without a memory operand,
   * the third and fourth register operand.
   */
  base: 8,
  index: 10,
  /**
   * u32 each, in a record that ends a block by a branch: the number of executions. Without a memory operand,
   * and with one.
   */
  executions: 8,
  executionsWithMemory: 4,
  /** u8: shift count of the index. */
  scale: 12,
  /** u8: segment register number. */
  segment: 13,
  /** u16: instructions from this one to the end of its block, itself included. */
  remaining: 14,
  /** i64: displacement, or the target of a branch. */
  disp: 16,
  /**
   * i64: immediate, or the next instruction's address for rows that need it. Conditional branch: the
   * fall-through link u32. If the next instruction is on another page, the low half of its address instead;
   * the target's high half completes it.
   * A register that an immediate names: u16. `located` row: its own address in bits 0 to 47, then the modrm
   * byte, then the segment of the memory operand.
   */
  imm: 24,
} as const;
