// The surroundings of a case: its memory and its segments. Both silicon and the emulator are set up from this
// file.

export const PAGE = 4096;
/** One page of code, writable and executable; nothing after it. */
export const CODE = 0x1000_0000;
/** Two pages of data; nothing around them. */
export const DATA = 0x2000_0000;
/** The same two pages again, the second one read-only. */
export const ALIAS = 0x2001_0000;
/** The 256 bytes of data that a case states and a result reports: across the page boundary. */
export const WINDOW = { offset: PAGE - 128, size: 256 } as const;

export const modes = [64, 32, 16] as const;
export type Mode = (typeof modes)[number];

/** struct user_desc's `contents`. Linux arch/x86/include/uapi/asm/ldt.h */
export const contents = { data: 0, expandDown: 1, code: 2 } as const;

export interface Segment {
  readonly base: number;
  /** In bytes, inclusive; counted in pages where it is beyond 2^20. */
  readonly limit: number;
  readonly contents: (typeof contents)[keyof typeof contents];
  readonly big: boolean;
  /** Data: read-only. Code: execute-only. */
  readonly restricted?: boolean;
  readonly absent?: boolean;
}

const MIDDLE = WINDOW.offset + WINDOW.size / 2;
const { data, expandDown, code } = contents;

/** The LDT: entry i has selector i * 8 + 7. */
export const ldt = {
  code16: { base: CODE, limit: 0xffff, contents: code, big: false },
  code32: { base: CODE, limit: 0xffff, contents: code, big: true },
  data16: { base: DATA, limit: 0x1fff, contents: data, big: false },
  data32: { base: DATA, limit: 0x1fff, contents: data, big: true },
  short: { base: DATA, limit: MIDDLE + 3, contents: data, big: true },
  down32: { base: DATA, limit: MIDDLE - 5, contents: expandDown, big: true },
  down16: { base: DATA, limit: MIDDLE - 5, contents: expandDown, big: false },
  readOnly: { base: DATA, limit: 0x1fff, contents: data, big: true, restricted: true },
  absent: { base: DATA, limit: 0x1fff, contents: data, big: true, absent: true },
  /** Base plus offset exceeds 2^32 and wraps. */
  wrapping: { base: 0xe000_0000, limit: 0xffff_ffff, contents: data, big: true },
  readableCode: { base: DATA, limit: 0x1fff, contents: code, big: true },
  secretCode: { base: DATA, limit: 0x1fff, contents: code, big: true, restricted: true },
} as const satisfies Record<string, Segment>;
export type SegmentName = keyof typeof ldt;

export const ldtEntries = Object.values(ldt) as readonly Segment[];
export const ldtSelector = (name: SegmentName): number => Object.keys(ldt).indexOf(name) * 8 + 7;

/** Linux's own selectors. arch/x86/include/asm/segment.h */
export const selector = { none: 0, userCode32: 0x23, userData: 0x2b, userCode64: 0x33, cpuNode: 0x7b } as const;

/** Base address that a selector gives. */
export const baseOf = (sel: number): number => ((sel & 4) !== 0 ? (ldtEntries[sel >> 3]?.base ?? 0) : 0);

/** struct user_desc of entry i, 16 bytes. */
export const userDesc = (s: Segment, i: number): Uint8Array => {
  const inPages = s.limit > 0xf_ffff;
  const flags =
    Number(s.big) | (s.contents << 1) | (Number(s.restricted ?? false) << 3) | (Number(inPages) << 4) | (Number(s.absent ?? false) << 5);
  return new Uint8Array(Uint32Array.of(i, s.base, inPages ? s.limit >>> 12 : s.limit, flags).buffer);
};
