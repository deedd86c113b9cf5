// Segment registers and descriptors. SDM Vol. 3A 3.4 and 5.
import { contextIndex } from "./context.ts";
import { at, S, type State, vector } from "./state.ts";

/** The descriptor tables of the current task, with 8-byte entries. */
export interface DescriptorTables {
  readonly gdt: Uint8Array;
  readonly ldt: Uint8Array;
}

/** A segment descriptor. `base` and `limit` are in bytes; `access` is as in `at.segAccess`. */
export interface Descriptor {
  readonly base: number;
  readonly limit: number;
  readonly access: number;
  /** The second doubleword, unchanged. */
  readonly high: number;
}

/** Access byte bits. SDM Vol. 3A Figure 3-8. */
const A = {
  present: 0x80,
  dpl: 0x60,
  segment: 0x10,
  code: 0x08,
  expandDown: 0x04,
  conforming: 0x04,
  writable: 0x02,
  readable: 0x02,
} as const;
/** Flags nibble, in bits 8..11 of `segAccess`. */
export const F = { long: 0x200, big: 0x400, granular: 0x800 } as const;

const word = (b: Uint8Array, i: number): number =>
  (b[i] as number) | ((b[i + 1] as number) << 8) | ((b[i + 2] as number) << 16) | ((b[i + 3] as number) << 24);

/** The segment registers of a machine, with descriptor loads and access checks. */
export class Segments {
  tables: DescriptorTables = { gdt: new Uint8Array(0), ldt: new Uint8Array(0) };
  readonly #s: State;
  readonly #contextChanged: () => void;
  readonly #narrowed: () => void;
  /** `narrowed` is called whenever the mode is not 64-bit mode. */
  constructor(state: State, contextChanged: () => void, narrowed: () => void = () => undefined) {
    this.#s = state;
    this.#contextChanged = contextChanged;
    this.#narrowed = narrowed;
  }

  /** The descriptor of a selector; undefined if it is beyond the table. */
  lookup(selector: number): Descriptor | undefined {
    const t = selector & 4 ? this.tables.ldt : this.tables.gdt;
    const i = (selector >> 3) * 8;
    if (i + 8 > t.length) return undefined;
    const low = word(t, i);
    const high = word(t, i + 4);
    const raw = (low & 0xffff) | (high & 0xf_0000);
    const access = ((high >> 8) & 0xff) | ((high >> 12) & 0xf00);
    return {
      base: ((low >>> 16) | ((high & 0xff) << 16) | (high & 0xff00_0000)) >>> 0,
      limit: access & F.granular ? (raw * 4096 + 4095) >>> 0 : raw,
      access,
      high: high >>> 0,
    };
  }

  /**
   * MOV to a data segment register in ring 3. Returns -1, or the vector of the exception (error code: the
   * selector). SDM Vol. 2B MOV, Protected Mode Exceptions.
   */
  load(s: number, selector: number): number {
    const d = (selector & 0xfffc) === 0 ? undefined : this.lookup(selector);
    const bad = this.#checkData(s, selector, d);
    if (bad < 0) this.#put(s, selector, d);
    return bad;
  }
  /** The check of `load` without the load. */
  checkData(s: number, selector: number): number {
    return this.#checkData(s, selector, this.lookup(selector));
  }
  #checkData(s: number, selector: number, d: Descriptor | undefined): number {
    if ((selector & 0xfffc) === 0) return s === S.ss ? vector.GP : -1;
    if (!d || !(d.access & A.segment)) return vector.GP;
    const dpl = (d.access & A.dpl) >> 5;
    const rpl = selector & 3;
    if (s === S.ss) {
      if (rpl !== 3 || dpl !== 3 || d.access & A.code || !(d.access & A.writable)) return vector.GP;
      return d.access & A.present ? -1 : vector.SS;
    }
    if (d.access & A.code && !(d.access & A.readable)) return vector.GP;
    if (!(d.access & A.code && d.access & A.conforming) && dpl < 3) return vector.GP;
    return d.access & A.present ? -1 : vector.NP;
  }

  /** The descriptor that LAR, LSL, VERR and VERW can access in ring 3. SDM Vol. 2A LAR. */
  #visible(selector: number): Descriptor | undefined {
    const d = (selector & 0xfffc) === 0 ? undefined : this.lookup(selector);
    if (!d || !(d.access & A.segment)) return undefined;
    const conforming = (d.access & A.code) !== 0 && (d.access & A.conforming) !== 0;
    return conforming || (d.access & A.dpl) === A.dpl ? d : undefined;
  }
  /** The second doubleword of the descriptor without the base; -1 if it is not accessible. */
  accessRights(selector: number): number {
    const d = this.#visible(selector);
    return d ? d.high & 0x00ff_ff00 : -1;
  }
  /** The limit in bytes; -1 if the descriptor is not accessible. */
  limit(selector: number): number {
    return this.#visible(selector)?.limit ?? -1;
  }
  readable(selector: number): boolean {
    const d = this.#visible(selector);
    return d !== undefined && (!(d.access & A.code) || (d.access & A.readable) !== 0);
  }
  writable(selector: number): boolean {
    const d = this.#visible(selector);
    return d !== undefined && !(d.access & A.code) && (d.access & A.writable) !== 0;
  }

  /**
   * The check of a code segment for a far transfer inside ring 3. Returns -1 or the vector of the exception.
   * SDM Vol. 3A 5.8.1.
   */
  checkCode(selector: number): number {
    if ((selector & 0xfffc) === 0) return vector.GP;
    const d = this.lookup(selector);
    if (!d || !(d.access & A.segment) || !(d.access & A.code)) return vector.GP;
    const dpl = (d.access & A.dpl) >> 5;
    if (d.access & A.conforming ? dpl > 3 : dpl !== 3) return vector.GP;
    if (d.access & F.long && d.access & F.big) return vector.GP;
    return d.access & A.present ? -1 : vector.NP;
  }
  loadCode(selector: number): void {
    this.#put(S.cs, (selector & ~3) | 3, this.lookup(selector));
  }

  #put(s: number, selector: number, d: Descriptor | undefined): void {
    const { u32 } = this.#s;
    const base = d?.base ?? 0;
    const limit = d?.limit ?? 0;
    const access = d?.access ?? 0;
    const low = (at.segBase >> 2) + 2 * s;
    u32[(at.segSelector >> 2) + s] = selector & 0xffff;
    const same =
      u32[low] === base && u32[low + 1] === 0 && u32[(at.segLimit >> 2) + s] === limit && u32[(at.segAccess >> 2) + s] === access;
    // execve(2) loads all segment registers, mostly with unchanged values.
    if (same) return;
    u32[low] = base;
    u32[low + 1] = 0;
    u32[(at.segLimit >> 2) + s] = limit;
    u32[(at.segAccess >> 2) + s] = access;
    this.refresh();
  }

  /**
   * Recomputes the state derived from the segment registers: mode, context, segments that need checks. Called
   * after a task switch, too.
   */
  refresh(): void {
    const st = this.#s;
    let flat = true;
    for (let s = 0; s < 6; s++) {
      const a = st.u32[(at.segAccess >> 2) + s] as number;
      const wide = st.u32[(at.segLimit >> 2) + s] === 0xffff_ffff;
      const free = (a & A.present) !== 0 && wide && (a & A.code) === 0 && (a & A.writable) !== 0 && (a & A.expandDown) === 0;
      st.u8[at.segCheck + s] = free ? 0 : 1;
      if (s < 4 && !((free || s === S.cs) && wide && st.segBase(s) === 0)) flat = false;
    }
    // A wrap beyond 4 GiB is normally detected at the missing page; other bases defeat that. FS and GS are
    // exempt, because threads have bases of their own there.
    if (!flat && !st.rules.wrapsAt4GiB) st.u8.fill(1, at.segCheck, at.segCheck + S.fs);
    const cs = st.u32[(at.segAccess >> 2) + S.cs] as number;
    const ss = st.u32[(at.segAccess >> 2) + S.ss] as number;
    const mode = cs & F.long ? 64 : cs & F.big ? 32 : 16;
    const stack = mode === 64 ? 64 : ss & F.big ? 32 : 16;
    const context = contextIndex(mode, stack, flat);
    st.u32[at.mode >> 2] = mode;
    st.u32[at.context >> 2] = context;
    if (mode !== 64) {
      this.#narrowed();
      st.narrowStack();
    }
    const codeBase = mode === 64 ? 0 : st.segBase(S.cs);
    if (this.#context === context && this.#codeBase === codeBase) return;
    this.#context = context;
    this.#codeBase = codeBase;
    this.#contextChanged();
  }
  /** The context and code base at the last call. Another task's registers may have been loaded since. */
  #context = -1;
  #codeBase = 0;

  /** Limit and rights of an access outside 64-bit mode. Returns -1 or the vector. SDM Vol. 3A 5.3 and 5.5. */
  check(s: number, offset: number, bytes: number, write: boolean): number {
    const st = this.#s;
    const bad = s === S.ss ? vector.SS : vector.GP;
    const access = st.u32[(at.segAccess >> 2) + s] as number;
    if (!(access & A.present)) return bad;
    const limit = st.u32[(at.segLimit >> 2) + s] as number;
    const last = offset + bytes - 1;
    if (access & A.code) {
      if (write || !(access & A.readable)) return vector.GP;
    } else {
      if (write && !(access & A.writable)) return vector.GP;
      if (access & A.expandDown) return offset > limit && last <= (access & F.big ? 0xffff_ffff : 0xffff) ? -1 : bad;
    }
    return last <= limit || (st.rules.wrapsAt4GiB && limit === 0xffff_ffff) ? -1 : bad;
  }
}
