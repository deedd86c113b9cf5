// The words of memory that several tasks use and one of them writes, found while programs run. A page of one
// task is compiled code's own; a page of several, with a write, brings each access to the watch, which then
// looks at words (Savage et al., "Eraser", TOCS 1997, the states of a location, here without locks).
import { ALL, READS } from "../../cpu/machine/access-watch.ts";
import { access } from "../../cpu/machine/mmu.ts";
import type { Task } from "../../kernel/core/task.ts";
import { VM } from "../../memory/vma.ts";
import { FruitlessFacts } from "./proof/fruitless.ts";
import { HiddenFacts } from "./proof/hidden.ts";
import { CallFacts, type Remap } from "./proof/kernel-accesses.ts";
import { LibraryFunctions } from "./proof/library-functions.ts";
import { MutexFacts } from "./proof/mutexes.ts";
import { JoinFacts } from "./proof/thread-ids.ts";
import { isVariable, PageUse, PROMOTED, SEVERAL, SHARED, USED, WORD, WORDS } from "./run/page-use.ts";

/**
 * What the schedules so far have shown of a page: the words that tasks share and write. A name is the number
 * of an address space, or of a shared mapping's frame, and the page.
 */
export class SharedWords {
  private readonly _pages = new Map<string, Uint8Array>();
  /** Number of words; and of those that have had accesses with points. */
  words = 0;
  used = 0;
  readonly mutexes = new MutexFacts();
  readonly joins = new JoinFacts();
  readonly calls = new CallFacts();
  readonly fruitless = new FruitlessFacts();
  readonly functions = new LibraryFunctions();
  readonly hidden = new HiddenFacts(this.functions);
  /** Instructions of loops that wait (awaits.ts). */
  readonly loops = new Set<number>();
  /** A proof compares addresses: memory that a space has at two of them is too much for it. */
  hasAliases = false;
  /** No run has shown the shared words yet: each of the program's variables counts as one. */
  isAssumed = false;
  /** A run has shown them. */
  settle(): void {
    if (!this.isAssumed) return;
    this.isAssumed = false;
    for (const [name, words] of this._pages) if (words.every((word) => word === 0)) this._pages.delete(name);
  }

  /** Changes with all that a proof has to know before its first trace. */
  get state(): string {
    const { used, words, pages, isAssumed, mutexes, joins, calls, hidden } = this;
    return [used, words, pages, isAssumed, mutexes.exposed.size, joins.size, calls.telling.size, hidden.size].join();
  }
  get pages(): number {
    return this._pages.size;
  }
  /** The page's words, nonzero for shared ones; undefined if the page is not known to be shared. */
  find(name: string): Uint8Array | undefined {
    return this._pages.get(name);
  }
  learn(name: string): Uint8Array {
    const known = this._pages.get(name);
    if (known) return known;
    const words = new Uint8Array(WORDS);
    this._pages.set(name, words);
    return words;
  }
}

/** Knows which accesses have points. */
interface Points {
  hasPoint(task: Task, address: number, bytes: number): boolean;
}

const ALWAYS: Points = { hasPoint: () => true };

/** Knows which tasks are ordered with a change of mappings. */
interface Orders {
  isOrdered(remap: Remap, pid: number): boolean;
  collides(remap: Remap): void;
}
/** A space in one run. */
interface SpaceUse {
  readonly number: number;
  readonly pages: Map<number, PageUse>;
  /** The pages of the run before, of which `pages` has those that this run has used. */
  rest?: { readonly pages: ReadonlyMap<number, PageUse>; readonly copyOf: (page: PageUse) => PageUse } | undefined;
  /** Ranges of pages whose mappings have changed. */
  readonly remaps: { readonly first: number; readonly last: number; readonly remap: Remap }[];
}

/** All pages of a space, in the order of their first use. */
const allPages = (space: SpaceUse): Map<number, PageUse> => {
  const { pages, rest } = space;
  if (rest) {
    const later = [...pages];
    pages.clear();
    for (const [n, page] of rest.pages) pages.set(n, rest.copyOf(page));
    for (const [n, page] of later) pages.set(n, page);
    space.rest = undefined;
  }
  return pages;
};

/** The pages of one run. */
export class PagesInUse {
  private readonly _known: SharedWords;
  private readonly _spaces = new Map<Task["mem"], SpaceUse>();
  private _orders: Orders | undefined = undefined;
  private readonly _frames = new Map<number, PageUse>();

  constructor(known: SharedWords) {
    this._known = known;
  }

  /**
   * The same in a copy of the machine, in which the space `to` stands for `from`. This one changes no more. A
   * page is copied when the copy uses it: most are never used.
   */
  copy(from: Task["mem"], to: Task["mem"]): PagesInUse {
    const copy = new PagesInUse(this._known);
    const copies = new Map<PageUse, PageUse>();
    const copyOf = (page: PageUse): PageUse => {
      const known = copies.get(page) ?? page.copy();
      copies.set(page, known);
      return known;
    };
    for (const [space, use] of this._spaces) {
      const { number, remaps } = use;
      const pages = allPages(use);
      const rest = { pages, copyOf };
      copy._spaces.set(space === from ? to : space, { number, pages: new Map(), rest, remaps: [...remaps] });
    }
    for (const [frame, page] of this._frames) copy._frames.set(frame, copyOf(page));
    return copy;
  }

  /** The page of an address. */
  at(task: Task, address: number): PageUse {
    return this._page(task, address);
  }
  /** True if each access to the page is seen. */
  isWatched(task: Task, address: number): boolean {
    return this._page(task, address).words !== undefined;
  }
  /** The pages of a range are mapped anew: they are unused. */
  forget({ mem }: Task, address: number, bytes: number): void {
    const space = this._spaces.get(mem);
    if (!space) return;
    const pages = allPages(space);
    const [first, last] = [Math.floor(address / 4096), Math.floor((address + bytes - 1) / 4096)];
    if (last - first < pages.size) for (let n = first; n <= last; n++) pages.delete(n);
    else for (const n of [...pages.keys()]) if (n >= first && n <= last) pages.delete(n);
  }
  private _page(task: Task, address: number): PageUse {
    const space = this._space(task);
    const number = Math.floor(address / 4096);
    let page = space.pages.get(number);
    if (!page) {
      const before = space.rest?.pages.get(number);
      page = before && space.rest ? space.rest.copyOf(before) : undefined;
      if (page) space.pages.set(number, page);
    }
    if (!page) {
      space.pages.set(number, (page = this._newPage(task, address, space.number)));
      const remaps = space.remaps.filter(({ first, last }) => first <= number && number <= last);
      if (remaps.length > 0) page.remaps = remaps.map(({ remap }) => remap);
    }
    return page;
  }
  private _space({ mem }: Task): SpaceUse {
    let space = this._spaces.get(mem);
    if (!space) this._spaces.set(mem, (space = { number: this._spaces.size, pages: new Map(), remaps: [] }));
    return space;
  }
  private _newPage(task: Task, address: number, space: number): PageUse {
    const vma = task.mem.find(address);
    const number = Math.floor(address / 4096);
    if (!vma || (vma.flags & VM.SHARED) === 0) {
      const name = `${space}:${number}`;
      return new PageUse(name, this._known.find(name));
    }
    const frame = task.mem.translate(address, access.read);
    if (frame < 0) return new PageUse("none", undefined);
    const key = frame - (frame & 0xfff);
    let page = this._frames.get(key);
    // The name must be that of other runs, so it is the first address at which a run sees the frame.
    if (!page) {
      const name = `s${this._frames.size}:${number}`;
      this._frames.set(key, (page = new PageUse(name, this._known.find(name))));
    } else if (!page.name.endsWith(`:${number}`)) this._known.hasAliases = true;
    return page;
  }

  /** The accesses to this page that may skip the watch. */
  cached(task: Task, address: number, how: number): 0 | typeof READS | typeof ALL {
    const page = this._page(task, address);
    if (how === access.write) page.written = true;
    page.users.add(task.pid);
    if (page.remaps) this._collide(task, page, page.remaps);
    if (page.owner === 0) page.owner = task.pid;
    else if (page.owner !== task.pid) page.owner = SEVERAL;
    if (this._known.isAssumed && !page.isAssumed && isVariable(task, address)) page.isAssumed = true;
    if (page.words) return 0;
    if (page.isAssumed || (page.owner === SEVERAL && page.written)) {
      page.watch(this._known.learn(page.name));
      return 0;
    }
    return page.written && page.owner !== SEVERAL ? ALL : READS;
  }

  /**
   * Notes an access to words. True if one of them is shared and written, so that the order matters.
   * `points`: in a proof, tells whether the access has a point if it is to a shared word.
   */
  meets(task: Task, address: number, bytes: number, how: number, points?: Points): boolean {
    const first = 4096 - (address % 4096);
    if (bytes <= first) return this._meets(task, address, bytes, how, points);
    const isShared = this._meets(task, address + first, bytes - first, how, points);
    return this._meets(task, address, first, how, points) || isShared;
  }
  private _meets(task: Task, address: number, bytes: number, how: number, points: Points | undefined): boolean {
    const page = this._page(task, address);
    // Also before an access that will fault.
    if (page.remaps) this._collide(task, page, page.remaps);
    const { words, owners, writes, used } = page;
    if (!words || !owners || !writes || !used) return false;
    const first = Math.floor((address % 4096) / WORD);
    const last = Math.floor(((address % 4096) + bytes - 1) / WORD);
    let shared = page.isAssumed;
    for (let w = first; w <= last; w++) {
      const owner = owners[w] as number;
      if (owner === 0) owners[w] = task.pid;
      else if (owner !== task.pid) owners[w] = SEVERAL;
      if (how === access.write) writes[w] = 1;
      if (words[w] === 0 && owners[w] === SEVERAL && writes[w] === 1) {
        words[w] = SHARED;
        this._known.words++;
      }
      if (points && (words[w] as number) < USED) {
        if (used[w] === 0 && points.hasPoint(task, address, bytes)) used[w] = 1;
        if (words[w] === SHARED && used[w] === 1) {
          words[w] = USED;
          this._known.used++;
        }
      }
      if (words[w] !== 0) shared = true;
    }
    return shared;
  }
  /**
   * In a proof: each access to one of the words has a point. Words with points are no reason: what a library
   * does before the birth of a thread is ordered.
   */
  isPromoted(task: Task, address: number, bytes: number): boolean {
    for (let at = address - (address % WORD); at < address + bytes; at += WORD)
      if (this._page(task, at).words?.[(at % 4096) / WORD] === PROMOTED) return true;
    return false;
  }
  use(task: Task, address: number, bytes: number): void {
    for (let at = address - (address % WORD); at < address + bytes; at += WORD) {
      const { words } = this._page(task, at);
      const w = (at % 4096) / WORD;
      if (!words || words[w] === PROMOTED) continue;
      words[w] = PROMOTED;
      this._known.used++;
    }
  }
  /** In a proof: the kernel accesses memory for a call, within a page. True as `meets`. */
  meetsCall(task: Task, address: number, bytes: number, how: number): boolean {
    return this.meets(task, address, bytes, how, ALWAYS);
  }
  /** In a proof: a call changes the mappings of pages. True if other tasks use them, in any order with it. */
  remapped(task: Task, start: number, end: number, remap: Remap, orders: Orders): boolean {
    const space = this._space(task);
    this._orders = orders;
    const [first, last] = [Math.floor(start / 4096), Math.ceil(end / 4096) - 1];
    space.remaps.push({ first, last, remap });
    let isShared = false;
    for (const [number, page] of allPages(space)) {
      if (number < first || number > last) continue;
      (page.remaps ??= []).push(remap);
      if (page.words) {
        page.remapped(page.words, remap.pid);
        if (this.meets(task, number * 4096, 4096, access.write, ALWAYS)) isShared = true;
      }
      for (const pid of page.users) if (pid !== remap.pid && !orders.isOrdered(remap, pid)) isShared = this._isRemapped(page, remap);
    }
    return isShared;
  }
  /** The task uses a page whose mapping others have changed. */
  private _collide({ pid }: Task, page: PageUse, remaps: readonly Remap[]): void {
    for (const remap of remaps) {
      if (remap.pid === pid || this._orders?.isOrdered(remap, pid)) continue;
      this._isRemapped(page, remap);
      this._orders?.collides(remap);
    }
    const rest = remaps.filter((remap) => remap.pid === pid || this._orders?.isOrdered(remap, pid));
    page.remaps = rest.length > 0 ? rest : undefined;
  }
  private _isRemapped(page: PageUse, remap: Remap): true {
    page.owner = SEVERAL;
    page.written = true;
    page.remapped(this._known.learn(page.name), remap.pid);
    return true;
  }
  /** True if a run has shown that the word is shared and written. */
  isShared(task: Task, address: number): boolean {
    return (this._page(task, address).words?.[Math.floor((address % 4096) / WORD)] ?? 0) !== 0;
  }
  /**
   * The instruction that wrote the first shared word of an access last, 0 if none did; and notes `ip` as the
   * last one if the access writes.
   */
  source(task: Task, address: number, ip: number, writes: boolean): number {
    const { lastIp } = this._page(task, address);
    if (!lastIp) return 0;
    const word = Math.floor((address % 4096) / WORD);
    const before = lastIp[word] as number;
    if (writes) lastIp[word] = ip;
    return before;
  }
}
