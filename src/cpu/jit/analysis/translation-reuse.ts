// Memory that is near memory already looked up. What a program does with a structure, or with its stack, is often several accesses at
// constant distances from one address. The first of them looks in the TLB, for the whole span that all of them need; the others
// find the place by adding. Nothing that runs in between changes a translation: whoever does leaves the region (cpu.ts, missRegion).

import { type Body, constant, i32c, localGet, type Node, node, type Origin, op, wt } from "../../../wasm/encoder.ts";
import { isEntryOfPage } from "../../codegen/compile.ts";
import { as, pure } from "../../codegen/expression.ts";
import { accessMap, directMap, layout } from "../../machine/layout.ts";
import { type Access, access } from "../../machine/mmu.ts";
import { at, pageRanges } from "../../machine/state.ts";
import type { Run } from "./page-ranges.ts";
import { type Content, Contents, isWhole, type Span } from "./store-forwarding.ts";

/** Where the tags of an address' page are, counted from the first (layout.ts). */
export const tagsOf = (address: Node): Node =>
  node(wt.i32, op.i32and, [as(wt.i32, pure.shr(address, pure.imm(8))), i32c((directMap.pages - 1) * directMap.size)]);
/** Where the byte at an address is if its page is at home, counted from the window's first. `color`: the address space's, if it is known. */
export const atHome = (address: Node, color: number | undefined): Node => {
  const from = color === undefined ? node(wt.i32, op.i32load, [i32c(0)], at.color) : i32c(color);
  const low = as(wt.i32, address);
  return node(wt.i32, op.i32and, [color === 0 ? low : node(wt.i32, op.i32add, [low, from]), i32c((1 << directMap.bits) - 1)]);
};

/** May so many bytes from a 32-bit address on be read, or written, at home? Undefined: there are too many to say. */
export const mayAtHome = (address: Node, bytes: number, how: Access): Node | undefined => {
  if (bytes > accessMap.bytes) return undefined;
  const chunk = node(wt.i32, op.i32shrU, [as(wt.i32, address), i32c(accessMap.shift)]);
  const rights = node(wt.i32, op.i32load8u, [chunk], layout.accessMap);
  return node(wt.i32, op.i32and, [rights, i32c(how === access.write ? accessMap.write : accessMap.read)]);
};

/** One lookup: where the first byte of the span is stands in a local, 0 if the span was not found in one page. */
interface Place {
  readonly origin: Origin;
  /** What all that asked for it want to do. It is looked up when that is known, as the span is. */
  how: Access;
  readonly local: number;
  /** The stretch of code that it is from. */
  readonly stretch: number;
  /** The bytes that were asked for, as distances from the origin: none yet if they are the same. */
  low: number;
  high: number;
  /** Looked up where control enters a loop, for all of it. */
  readonly lasting: boolean;
  /** In a loop: what it is in, probably. */
  readonly run: Run | undefined;
}

/** What is done at a byte address, and so many bytes on: a load or a store, say. */
export type Touch = (b: Body, base: Node, offset: number) => void;
/** Puts into a local where an address is, looked up by itself, so many labels further in than an instruction. */
export type Slow = (p: number, a: Node, arms: number) => void;

/** Places that are remembered at a time, and bytes from the lowest to the highest of one: the longer, the more often two pages are met. */
const limits = { places: 16, span: 256 } as const;

/** The constants' origin. */
const zero = 0;
const general = 16;

/** What is known where control is: of general registers, where their values come from, and the places. */
export interface Nearby {
  readonly origins: readonly (Origin | undefined)[];
  readonly places: readonly Place[];
  /** Those that have been found: a way where one was not has gone elsewhere. */
  readonly sure: readonly Place[];
  readonly contents: readonly Content[];
}
const nothing: Nearby = { origins: [], places: [], sure: [], contents: [] };

const sameOrigin = (a: Origin | undefined, b: Origin | undefined): Origin | undefined =>
  a && b && a.of === b.of && a.plus === b.plus ? a : undefined;

/** A local, or one and a constant: computed where it is wanted, with what else is added there. */
const isSum = (a: Node): boolean =>
  a.op === op.localGet || (a.op === op.i64add && a.args[0]!.op === op.localGet && constant(a.args[1]!) !== undefined);

const originOfAddress = (address: Node): Origin | undefined => {
  const value = constant(address);
  return value === undefined ? address.from : value < 1n << 47n ? { of: zero, plus: Number(value) } : undefined;
};
/** Where an access is. */
export const spanOf = (address: Node, bits: number): Span => ({ origin: originOfAddress(address), bytes: bits >> 3 });

/** Is all of it in its run? That is asked only of what no run is too short for. */
const hasRun = ({ run, low, high }: Place): boolean => run !== undefined && high - low <= pageRanges.reach;
/** Functions by index (slow-path.ts). */
export interface PlaceLookups {
  /** (address, bytes, access) -> 1 if the pages of the first and the last byte are at home, one after the other there. */
  readonly acrossHomes: () => number;
  /** (address, bytes, word) -> the same, of what is not in the run of its register. */
  readonly missedRun: () => number;
}

export class Places {
  readonly #b: Body;
  readonly #locals: number[] = [];
  #origins: (Origin | undefined)[] = [];
  #places: Place[] = [];
  #sure = new Set<Place>();
  /**
   * In code for where all its places are found: what leads out of it, in the arm of an if. In what that may lead to, where each access is looked up by
   * itself: true. Else every access goes both ways.
   */
  otherwise: (() => void) | true | undefined;
  #next = zero + 1;
  /** Stretches of code without a way out but misses, so that what comes first comes with what follows. */
  #stretch = 0;
  readonly #narrow: boolean;
  readonly #color: number | undefined;
  readonly #lookups: PlaceLookups;
  readonly #contents: Contents;
  /** `narrow`: addresses have 32 bits. `color`: see `atHome`. */
  constructor(body: Body, narrow: boolean, color: number | undefined, lookups: PlaceLookups) {
    this.#b = body;
    this.#color = color;
    this.#lookups = lookups;
    this.#narrow = narrow;
    this.#contents = new Contents(body);
  }

  get state(): Nearby {
    return { origins: [...this.#origins], places: [...this.#places], sure: [...this.#sure], contents: this.#contents.known };
  }
  set state(s: Nearby) {
    this.#origins = [...s.origins];
    this.#places = [...s.places];
    this.#sure = new Set(s.sure);
    this.#contents.known = s.contents;
  }
  forget(): void {
    this.state = nothing;
  }
  /** From here on nothing is known of contents, and each place is to be asked for anew whether it was found, unless it `was` for certain. */
  doubt(was = false): void {
    this.#stretch++;
    if (!was) this.#sure.clear();
    this.#contents.known = [];
  }
  /** What holds whichever of the ways control came. */
  static meet(ways: readonly Nearby[]): Nearby {
    const [first, ...rest] = ways;
    if (!first) return nothing;
    const origins = Array.from({ length: general }, (_, r) => rest.reduce((o, way) => sameOrigin(o, way.origins[r]), first.origins[r]));
    const both = (of: "places" | "sure"): Place[] => first[of].filter((p) => rest.every((way) => way[of].includes(p)));
    const contents = first.contents.filter((c) => rest.every((way) => way.contents.includes(c)));
    return { origins, places: both("places"), sure: both("sure"), contents };
  }

  /** Where a register's value comes from: from itself, if nothing else is known. */
  originOf(r: number): Origin {
    return (this.#origins[r] ??= { of: this.#next++, plus: 0 });
  }
  setOrigin(r: number, origin: Origin | undefined): void {
    this.#origins[r] = origin;
  }

  /**
   * An access to an address, of which `does` says what it does at a place: it is written once for where the place is known from an address nearby, and
   * once for where `slow` has put the bytes into a local. False: nothing is known of the address, it is to be looked up by itself.
   */
  find(address: Node, bytes: number, how: Access, run: Run | undefined, slow: Slow, does: Touch): boolean {
    const value = constant(address);
    const origin = originOfAddress(address);
    if (!origin) return false;
    const b = this.#b;
    const near = this.#places.find((place) => {
      const low = Math.min(place.low, origin.plus - place.origin.plus);
      const high = Math.max(place.high, origin.plus - place.origin.plus + bytes);
      // A page that is about to be written to may be asked for that at once. Elsewhere a page that cannot be written to may well be read again and again.
      const serves = how === place.how || place.how === access.write || place.lasting || place.stretch === this.#stretch;
      if (place.origin.of !== origin.of || !serves || high - low > limits.span) return false;
      Object.assign(place, { low, high, how: how === access.write ? how : place.how });
      place.run?.wants(how);
      return true;
    });
    if (this.otherwise === true) {
      const p = b.local(wt.i32);
      slow(p, address, 0);
      does(b, localGet(wt.i32, p), 0);
      return true;
    }
    // Where the span begins, and so the access's distance from there, is known when all is written.
    const known = (place: Place): void =>
      b.later((late) => does(late, localGet(wt.i32, place.local), origin.plus - place.origin.plus - place.low));
    if (near && this.otherwise) {
      const { otherwise } = this;
      if (!this.#sure.has(near)) this.#unless(localGet(wt.i32, near.local), otherwise);
      this.#sure.add(near);
      known(near);
      return true;
    }
    const p = b.local(wt.i32);
    if (near) {
      b.if(localGet(wt.i32, near.local), true);
      known(near);
      b.else();
      slow(p, address, 1);
      does(b, localGet(wt.i32, p), 0);
      b.end();
      return true;
    }
    const place: Place = { origin, how, local: this.#free(), stretch: this.#stretch, low: 0, high: bytes, lasting: false, run };
    run?.wants(how);
    this.#places.push(place);
    const a = isSum(address) || value !== undefined ? address : b.bind(this.#narrow ? as(wt.i32, address) : address);
    const entry = b.local(wt.i32);
    const found = b.local(wt.i32);
    const first = this.#first(place, a);
    this.#look(place, first, found, entry);
    const isNear = () => b.later((late) => late.set(place.local, atHome(first(), this.#color)));
    const { otherwise } = this;
    const orAcross = () =>
      b.later((late) => {
        // Bytes of its own an access has in one page, mostly.
        if (hasRun(place) || place.high - place.low > bytes) late.goIf(this.#across(place, first), 0, false);
      });
    if (otherwise) {
      this.#unless(localGet(wt.i32, found), () => {
        // The end of a page goes on at the next one (`mayAtHome`), if that is there.
        if (!this.#narrow) orAcross();
        otherwise();
      });
      isNear();
      this.#sure.add(place);
      known(place);
      return true;
    }
    b.block();
    b.block();
    b.goIf(localGet(wt.i32, found), 0, true);
    orAcross();
    b.set(place.local, i32c(0));
    slow(p, a, 2);
    does(b, localGet(wt.i32, p), 0);
    b.go(1);
    b.end();
    isNear();
    known(place);
    b.end();
    return true;
  }
  /** Where the span of a place begins, computed here once: its distance from an address is known when all is written. */
  #first(place: Place, address: Node): () => Node {
    const t = this.#narrow ? wt.i32 : wt.i64;
    const local = this.#b.local(t);
    let first = address;
    this.#b.later((late) => {
      if (place.low === place.high) return;
      first = pure.add(address, pure.imm(place.low));
      if (first.op === op.localGet || constant(first) !== undefined) return;
      late.set(local, as(t, first));
      first = localGet(t, local);
    });
    return () => first;
  }
  /** Is what lies across two pages, or not in its run, at home all the same, and so in one piece? */
  #across(place: Place, first: () => Node): Node {
    const span = [as(wt.i64, first()), i32c(place.high - place.low)];
    return place.run && hasRun(place)
      ? node(wt.i32, op.call, [...span, place.run.word], this.#lookups.missedRun())
      : node(wt.i32, op.call, [...span, i32c(place.how)], this.#lookups.acrossHomes());
  }
  /** Is the page of a place there? What the place is to be, and whether it is to be at all, is known when all is written. */
  #look(place: Place, first: () => Node, found: number, entry: number): void {
    this.#b.later((late) => {
      if (place.low === place.high) return;
      if (place.run && hasRun(place)) {
        late.set(found, place.run.has(first()));
        return;
      }
      const may = this.#narrow ? mayAtHome(first(), place.high - place.low, place.how) : undefined;
      if (may) {
        late.set(found, may);
        return;
      }
      late.set(entry, tagsOf(first()));
      late.set(
        found,
        isEntryOfPage(localGet(wt.i32, entry), first(), place.high - place.low, place.how, this.#narrow, false, layout.directTags),
      );
    });
  }
  /**
   * Control enters a loop in which a register keeps its value, and nothing that runs in it changes a translation: so what is near that address is
   * looked up here, for all rounds. What is known of it wherever control is in the loop.
   */
  lasting(r: number, value: Node): Nearby {
    const b = this.#b;
    const origin: Origin = { of: this.#next++, plus: 0 };
    const local = b.keep(wt.i32);
    const place: Place = { origin, how: access.read, local, stretch: this.#stretch, low: 0, high: 0, lasting: true, run: undefined };
    const first = this.#first(place, b.bind(value));
    const found = b.local(wt.i32);
    this.#look(place, first, found, b.local(wt.i32));
    b.later((late) => {
      if (place.low === place.high) return;
      late.if(node(wt.i32, op.i32eqz, [localGet(wt.i32, found)]), false);
      late.set(found, this.#across(place, first));
      late.end();
      late.set(local, i32c(0));
      late.if(localGet(wt.i32, found), true);
      late.set(local, atHome(first(), this.#color));
      late.end();
    });
    const origins: (Origin | undefined)[] = [];
    origins[r] = origin;
    return { ...nothing, origins, places: [place] };
  }
  #unless(c: Node, otherwise: () => void): void {
    this.#b.if(node(wt.i32, op.i32eqz, [c]), false);
    otherwise();
    this.#b.end();
  }
  /** Is anything known of an address, so that an access to it needs no more than one instruction the next time? */
  isSure(address: Node): boolean {
    return this.#looked() && originOfAddress(address) !== undefined;
  }
  /** Here all places are found, and what is said of contents holds. */
  #looked(): boolean {
    return typeof this.otherwise === "function";
  }
  /** What is known to be at an address. */
  contentAt(address: Node, bits: number): Node | undefined {
    const origin = originOfAddress(address);
    return origin && this.#looked() ? this.#contents.at(origin, bits >> 3) : undefined;
  }
  /** A value has been loaded from there. */
  loaded(address: Node, bits: number, value: Node): void {
    const origin = originOfAddress(address);
    if (origin && this.#looked() && isWhole(value.t, bits)) this.#contents.put(origin, bits >> 3, value);
  }
  /** A value has been stored there. No address: anywhere. */
  stored(address?: Node, bits = 0, value?: Node): void {
    const origin = address && this.#looked() ? originOfAddress(address) : undefined;
    this.#contents.changed(origin, bits >> 3);
    if (origin && value && isWhole(value.t, bits)) this.#contents.put(origin, bits >> 3, value);
  }
  /** Where control comes from code in which places were not looked for. */
  setUnknown(before: Nearby): void {
    for (const place of this.#places) if (!before.places.includes(place)) this.#b.set(place.local, i32c(0));
  }
  /** A local that no place known here is in; else the oldest place goes. */
  #free(): number {
    if (this.#places.length === limits.places) {
      const oldest = this.#places.findIndex((place) => !place.lasting);
      this.#places.splice(oldest, 1);
    }
    const taken = new Set(this.#places.map((place) => place.local));
    const free = this.#locals.find((l) => !taken.has(l));
    if (free !== undefined) return free;
    const local = this.#b.keep(wt.i32);
    this.#locals.push(local);
    return local;
  }
}
