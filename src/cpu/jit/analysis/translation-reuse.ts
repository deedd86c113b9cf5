// Reuse of address translations at constant distances. Accesses to a structure or to the stack often have
// constant distances from one address. The first access translates the whole byte range that all of them
// need. The others add their distance.
// No code in between changes a translation: an instruction that could does so after an exit from the region
// (cpu.ts, slowPath).

import { type Body, constant, i32c, localGet, node, type Origin, op, type WasmNode, wt } from "../../../wasm/encoder.ts";
import { isEntryOfPage } from "../../codegen/compile.ts";
import { as, pure } from "../../codegen/expression.ts";
import { accessMap, directMap, layout } from "../../machine/layout.ts";
import { type Access, access } from "../../machine/mmu.ts";
import { at, pageRanges } from "../../machine/state.ts";
import type { PageRange } from "./page-ranges.ts";
import { isWhole, type KnownValue, KnownValues, type MemoryRange } from "./store-forwarding.ts";

/** The offset of an address's page tags from the first tag (layout.ts). */
export const tagsOf = (address: WasmNode): WasmNode =>
  node(wt.i32, op.i32and, [as(wt.i32, pure.shr(address, pure.imm(8))), i32c((directMap.pages - 1) * directMap.size)]);
/**
 * The offset of a direct-mapped byte from the start of the window. `color`: the address space's color, if it
 * is constant.
 */
export const directAddress = (address: WasmNode, color: number | undefined): WasmNode => {
  const from = color === undefined ? node(wt.i32, op.i32load, [i32c(0)], at.color) : i32c(color);
  const low = as(wt.i32, address);
  return node(wt.i32, op.i32and, [color === 0 ? low : node(wt.i32, op.i32add, [low, from]), i32c((1 << directMap.bits) - 1)]);
};

/**
 * The access rights of some bytes from a 32-bit address on, from the access map. Undefined if they may span
 * too many granules.
 */
export const accessRights = (address: WasmNode, bytes: number, how: Access): WasmNode | undefined => {
  if (bytes > accessMap.bytes) return undefined;
  const chunk = node(wt.i32, op.i32shrU, [as(wt.i32, address), i32c(accessMap.shift)]);
  const rights = node(wt.i32, op.i32load8u, [chunk], layout.accessMap);
  return node(wt.i32, op.i32and, [rights, i32c(how === access.write ? accessMap.write : accessMap.read)]);
};

/**
 * One translation. A local holds the offset of the byte range's first byte, or 0 if the range was not found
 * in one page.
 */
interface Translation {
  readonly origin: Origin;
  /** The strictest access of its users. The tag is tested for it when all users are known. */
  how: Access;
  readonly local: number;
  /** The code segment that contains it. */
  readonly segment: number;
  /** The accessed bytes as distances from the origin; no bytes yet if the two are equal. */
  low: number;
  high: number;
  /** It is made at the entry of a loop, for the whole loop. */
  readonly isForLoop: boolean;
  /** In a loop: the page range that probably contains it. */
  readonly range: PageRange | undefined;
}

/** Emits an access at a base and an offset in bytes, for example a load. */
export type MemoryAccess = (b: Body, base: WasmNode, offset: number) => void;
/**
 * Puts the offset of an address into a local by the slow path, inside `labels` more labels than the
 * instruction.
 */
export type SlowLookup = (p: number, a: WasmNode, labels: number) => void;

/**
 * Upper bounds of the translations at one point, and of a byte range. A longer range crosses a page boundary
 * more often.
 */
const limits = { translations: 16, span: 256 } as const;

/** The origin of constants. */
const zero = 0;
const general = 16;

/** Facts at one point: the origins of general registers, translations, and values. */
export interface ReuseState {
  readonly origins: readonly (Origin | undefined)[];
  readonly translations: readonly Translation[];
  /** Translations that succeeded. Where one did not, control has left this path. */
  readonly verified: readonly Translation[];
  readonly values: readonly KnownValue[];
}
const nothing: ReuseState = { origins: [], translations: [], verified: [], values: [] };

const sameOrigin = (a: Origin | undefined, b: Origin | undefined): Origin | undefined =>
  a && b && a.of === b.of && a.plus === b.plus ? a : undefined;

/** True for a local, with or without a constant offset. Such an address is recomputed at each use. */
const isSimple = (a: WasmNode): boolean =>
  a.op === op.localGet || (a.op === op.i64add && a.args[0]!.op === op.localGet && constant(a.args[1]!) !== undefined);

const originOfAddress = (address: WasmNode): Origin | undefined => {
  const value = constant(address);
  return value === undefined ? address.from : value < 1n << 47n ? { of: zero, plus: Number(value) } : undefined;
};
/** The byte range of an access. */
export const byteRangeOf = (address: WasmNode, bits: number): MemoryRange => ({ origin: originOfAddress(address), bytes: bits >> 3 });

/** True if a translation can use its page range. A page range is never shorter than `runs.reach`. */
const hasRange = ({ range, low, high }: Translation): boolean => range !== undefined && high - low <= pageRanges.reach;
/** Function indices of slow paths (slow-path.ts). */
export interface ReuseSlowPaths {
  /**
   * (address, bytes, access) -> 1 if the pages of the first and the last byte are direct-mapped and adjacent
   * in the window.
   */
  readonly acrossPages: () => number;
  /** (address, bytes, request) -> the same, after a miss of a register's page range. */
  readonly outsideRange: () => number;
}

/** Translations, value origins and known values at the current point of the code. */
export class TranslationReuse {
  readonly #b: Body;
  readonly #locals: number[] = [];
  #origins: (Origin | undefined)[] = [];
  #translations: Translation[] = [];
  #verified = new Set<Translation>();
  /**
   * The treatment of a failed translation. A function: it emits the exit from code that assumes success, in
   * the arm of an if. True: each access uses the slow path by itself. Undefined: each access has both paths.
   */
  otherwise: (() => void) | true | undefined;
  #next = zero + 1;
  /**
   * Segments of code without exits other than misses. Code of one segment runs completely or takes a side
   * exit.
   */
  #segment = 0;
  readonly #narrow: boolean;
  readonly #color: number | undefined;
  readonly #slowPaths: ReuseSlowPaths;
  readonly #values: KnownValues;
  /** `narrow`: addresses have 32 bits. `color`: as in `directAddress`. */
  constructor(body: Body, narrow: boolean, color: number | undefined, lookups: ReuseSlowPaths) {
    this.#b = body;
    this.#color = color;
    this.#slowPaths = lookups;
    this.#narrow = narrow;
    this.#values = new KnownValues(body);
  }

  get state(): ReuseState {
    return {
      origins: [...this.#origins],
      translations: [...this.#translations],
      verified: [...this.#verified],
      values: this.#values.list,
    };
  }
  set state(s: ReuseState) {
    this.#origins = [...s.origins];
    this.#translations = [...s.translations];
    this.#verified = new Set(s.verified);
    this.#values.list = s.values;
  }
  forget(): void {
    this.state = nothing;
  }
  /**
   * Starts a new segment. Values are dropped, and each translation must be verified again unless `was` is
   * set.
   */
  beginSegment(was = false): void {
    this.#segment++;
    if (!was) this.#verified.clear();
    this.#values.list = [];
  }
  /** The facts that hold on all incoming edges. */
  static meet(states: readonly ReuseState[]): ReuseState {
    const [first, ...rest] = states;
    if (!first) return nothing;
    const origins = Array.from({ length: general }, (_, r) => rest.reduce((o, state) => sameOrigin(o, state.origins[r]), first.origins[r]));
    const both = (of: "translations" | "verified"): Translation[] => first[of].filter((p) => rest.every((state) => state[of].includes(p)));
    const values = first.values.filter((c) => rest.every((state) => state.values.includes(c)));
    return { origins, translations: both("translations"), verified: both("verified"), values };
  }

  /** The origin of a register's value: the register itself, if nothing else is known. */
  originOf(r: number): Origin {
    return (this.#origins[r] ??= { of: this.#next++, plus: 0 });
  }
  setOrigin(r: number, origin: Origin | undefined): void {
    this.#origins[r] = origin;
  }

  /**
   * Emits an access. `perform` emits it at a base: once for a translation from a nearby address, and once for
   * the slow path. False if nothing is known of the address; then it is translated by itself.
   */
  find(address: WasmNode, bytes: number, how: Access, range: PageRange | undefined, slow: SlowLookup, perform: MemoryAccess): boolean {
    const value = constant(address);
    const origin = originOfAddress(address);
    if (!origin) return false;
    const b = this.#b;
    const nearby = this.#translations.find((translation) => {
      const low = Math.min(translation.low, origin.plus - translation.origin.plus);
      const high = Math.max(translation.high, origin.plus - translation.origin.plus + bytes);
      // A page that is written soon may be tested for writing at once. In other segments, a page that is not
      // writable may still be read many times.
      const serves =
        how === translation.how || translation.how === access.write || translation.isForLoop || translation.segment === this.#segment;
      if (translation.origin.of !== origin.of || !serves || high - low > limits.span) return false;
      Object.assign(translation, { low, high, how: how === access.write ? how : translation.how });
      return true;
    });
    if (this.otherwise === true) {
      const p = b.local(wt.i32);
      slow(p, address, 0);
      perform(b, localGet(wt.i32, p), 0);
      return true;
    }
    // The start of the byte range is known when all code is written.
    const accessAt = (translation: Translation): void =>
      b.later((late) => perform(late, localGet(wt.i32, translation.local), origin.plus - translation.origin.plus - translation.low));
    if (nearby && this.otherwise) {
      const { otherwise } = this;
      if (!this.#verified.has(nearby)) this.#unless(localGet(wt.i32, nearby.local), otherwise);
      this.#verified.add(nearby);
      accessAt(nearby);
      return true;
    }
    const p = b.local(wt.i32);
    if (nearby) {
      b.if(localGet(wt.i32, nearby.local), true);
      accessAt(nearby);
      b.else();
      slow(p, address, 1);
      perform(b, localGet(wt.i32, p), 0);
      b.end();
      return true;
    }
    const translation: Translation = {
      origin,
      how,
      local: this.#free(),
      segment: this.#segment,
      low: 0,
      high: bytes,
      isForLoop: false,
      range,
    };
    this.#translations.push(translation);
    const a = isSimple(address) || value !== undefined ? address : b.bind(this.#narrow ? as(wt.i32, address) : address);
    const entry = b.local(wt.i32);
    const found = b.local(wt.i32);
    const first = this.#first(translation, a);
    this.#lookUp(translation, first, found, entry);
    const setTranslation = () => b.later((late) => late.set(translation.local, directAddress(first(), this.#color)));
    const { otherwise } = this;
    const orContiguous = () =>
      b.later((late) => {
        // The bytes of one access are mostly in one page.
        if (hasRange(translation) || translation.high - translation.low > bytes) late.goIf(this.#across(translation, first), 0, false);
      });
    if (otherwise) {
      this.#unless(localGet(wt.i32, found), () => {
        // In narrow code the access map covers the page boundary (`accessRights`), if the next page is
        // mapped.
        if (!this.#narrow) orContiguous();
        otherwise();
      });
      setTranslation();
      this.#verified.add(translation);
      accessAt(translation);
      return true;
    }
    b.block();
    b.block();
    b.goIf(localGet(wt.i32, found), 0, true);
    orContiguous();
    b.set(translation.local, i32c(0));
    slow(p, a, 2);
    perform(b, localGet(wt.i32, p), 0);
    b.go(1);
    b.end();
    setTranslation();
    accessAt(translation);
    b.end();
    return true;
  }
  /**
   * The start of a translation's byte range, computed once. Its distance from the address is known when all
   * code is written.
   */
  #first(translation: Translation, address: WasmNode): () => WasmNode {
    const t = this.#narrow ? wt.i32 : wt.i64;
    const local = this.#b.local(t);
    let first = address;
    this.#b.later((late) => {
      if (translation.low === translation.high) return;
      first = pure.add(address, pure.imm(translation.low));
      if (first.op === op.localGet || constant(first) !== undefined) return;
      late.set(local, as(t, first));
      first = localGet(t, local);
    });
    return () => first;
  }
  /** True if a range across two pages, or outside its page range, is contiguous in the direct map. */
  #across(translation: Translation, first: () => WasmNode): WasmNode {
    const span = [as(wt.i64, first()), i32c(translation.high - translation.low)];
    return translation.range && hasRange(translation)
      ? node(wt.i32, op.call, [...span, translation.range.request], this.#slowPaths.outsideRange())
      : node(wt.i32, op.call, [...span, i32c(translation.how)], this.#slowPaths.acrossPages());
  }
  /**
   * Tests the page of a translation. The access and the byte range are known when all code is written; a
   * range without bytes emits nothing.
   */
  #lookUp(translation: Translation, first: () => WasmNode, found: number, entry: number): void {
    this.#b.later((late) => {
      if (translation.low === translation.high) return;
      if (translation.range && hasRange(translation)) {
        late.set(found, translation.range.contains(first()));
        return;
      }
      const may = this.#narrow ? accessRights(first(), translation.high - translation.low, translation.how) : undefined;
      if (may) {
        late.set(found, may);
        return;
      }
      late.set(entry, tagsOf(first()));
      late.set(
        found,
        isEntryOfPage(
          localGet(wt.i32, entry),
          first(),
          translation.high - translation.low,
          translation.how,
          this.#narrow,
          false,
          layout.directTags,
        ),
      );
    });
  }
  /**
   * Control enters a loop in which a register is constant, and no code in the loop changes a translation. So
   * addresses near the register are translated here for all iterations. Returns the facts that hold in the
   * whole loop.
   */
  forLoop(r: number, value: WasmNode): ReuseState {
    const b = this.#b;
    const origin: Origin = { of: this.#next++, plus: 0 };
    const local = b.keep(wt.i32);
    const translation: Translation = {
      origin,
      how: access.read,
      local,
      segment: this.#segment,
      low: 0,
      high: 0,
      isForLoop: true,
      range: undefined,
    };
    const first = this.#first(translation, b.bind(value));
    const found = b.local(wt.i32);
    this.#lookUp(translation, first, found, b.local(wt.i32));
    b.later((late) => {
      if (translation.low === translation.high) return;
      late.if(node(wt.i32, op.i32eqz, [localGet(wt.i32, found)]), false);
      late.set(found, this.#across(translation, first));
      late.end();
      late.set(local, i32c(0));
      late.if(localGet(wt.i32, found), true);
      late.set(local, directAddress(first(), this.#color));
      late.end();
    });
    const origins: (Origin | undefined)[] = [];
    origins[r] = origin;
    return { ...nothing, origins, translations: [translation] };
  }
  #unless(c: WasmNode, otherwise: () => void): void {
    this.#b.if(node(wt.i32, op.i32eqz, [c]), false);
    otherwise();
    this.#b.end();
  }
  /**
   * True if the address has a known origin in code with verified translations. A second access then needs one
   * instruction.
   */
  isKnown(address: WasmNode): boolean {
    return this.#isVerifiedCode() && originOfAddress(address) !== undefined;
  }
  /** True in code where all translations have succeeded and known values hold. */
  #isVerifiedCode(): boolean {
    return typeof this.otherwise === "function";
  }
  /** The value at an address, if it is known. */
  valueAt(address: WasmNode, bits: number): WasmNode | undefined {
    const origin = originOfAddress(address);
    return origin && this.#isVerifiedCode() ? this.#values.at(origin, bits >> 3) : undefined;
  }
  /** A value has been loaded from an address. */
  loaded(address: WasmNode, bits: number, value: WasmNode): void {
    const origin = originOfAddress(address);
    if (origin && this.#isVerifiedCode() && isWhole(value.t, bits)) this.#values.put(origin, bits >> 3, value);
  }
  /** A value has been stored to an address; to any address if none is given. */
  stored(address?: WasmNode, bits = 0, value?: WasmNode): void {
    const origin = address && this.#isVerifiedCode() ? originOfAddress(address) : undefined;
    this.#values.changed(origin, bits >> 3);
    if (origin && value && isWhole(value.t, bits)) this.#values.put(origin, bits >> 3, value);
  }
  /** Control comes from code that did not make the new translations, so their locals are cleared. */
  clearNew(before: ReuseState): void {
    for (const translation of this.#translations) if (!before.translations.includes(translation)) this.#b.set(translation.local, i32c(0));
  }
  /** A local that no known translation uses; the oldest translation is dropped if necessary. */
  #free(): number {
    if (this.#translations.length === limits.translations) {
      const oldest = this.#translations.findIndex((translation) => !translation.isForLoop);
      this.#translations.splice(oldest, 1);
    }
    const taken = new Set(this.#translations.map((translation) => translation.local));
    const free = this.#locals.find((l) => !taken.has(l));
    if (free !== undefined) return free;
    const local = this.#b.keep(wt.i32);
    this.#locals.push(local);
    return local;
  }
}
