// Which bytes of recorded files a run uses: it runs once more, and sees each access to a page of a file. What
// it cannot tell counts as used.
import type { Cpu } from "../../cpu/cpu.ts";
import { type AccessWatch, ALL } from "../../cpu/machine/access-watch.ts";
import { type Access, access } from "../../cpu/machine/mmu.ts";
import { plainDecoder } from "../../cpu/text/disassemble.ts";
import type { Kernel } from "../../kernel/core/kernel.ts";
import type { Observer } from "../../kernel/observer.ts";
import { PAGE_SIZE } from "../../memory/frames.ts";
import type { PageCache } from "../../memory/page-cache.ts";
import type { AddressSpace } from "../../memory/space.ts";
import type { Vma } from "../../memory/vma.ts";

/** Bytes that are kept together: a line of a cache. */
export const LINE = 64;
/** An instruction has at most so many bytes. */
const LONGEST = 15;
/** Accesses to a page that are looked at: a page with more of them is kept whole. */
const MOST_LOOKS = 4000;

/** A page of a file in memory. */
interface FilePage {
  readonly cache: PageCache;
  readonly index: number;
}
/** Its bytes in the recording, by their number, and the lines of them that are used. */
class UsedPage {
  readonly item: number;
  readonly lines = new Uint8Array(PAGE_SIZE / LINE);
  looks = 0;
  constructor(item: number) {
    this.item = item;
  }
}
/** An access to a page whose bytes come now. */
interface Awaited extends FilePage {
  readonly from: number;
  readonly to: number;
}

/** The bytes that one run uses. */
export class UsedBytes implements AccessWatch {
  /** Bytes that are used whole, by their number. */
  private readonly _whole = new Set<number>();
  private readonly _pages = new Map<PageCache, Map<number, UsedPage>>();
  private readonly _all = new Map<number, UsedPage[]>();
  /** The bytes in a frame. */
  private readonly _frames = new Map<number, number>();
  private readonly _kernel: Kernel;
  private _awaited: Awaited[] = [];
  private _runs = false;
  private _inCall = false;
  private readonly _decoder = plainDecoder();

  constructor(kernel: Kernel) {
    this._kernel = kernel;
    const cpu = kernel.processor as Cpu;
    const run = cpu.run.bind(cpu);
    // In a run of the processor the kernel serves page faults only.
    cpu.run = (limit) => {
      this._runs = true;
      try {
        return run(limit);
      } finally {
        this._runs = false;
      }
    };
    cpu.accessWatch = this;
    cpu.debugStops = {
      code: { size: 1, has: (ip) => this._decoded(ip) },
      data: [],
      onCode: () => false,
      onData: () => false,
    };
    kernel.frames.kernelReads = {
      memory: (space, at, kind) => this._kernelAccess(space as AddressSpace, at, kind),
      file: (cache, index) => this._mark({ cache, index }, 0, PAGE_SIZE),
    };
  }
  /** For the run's observer. */
  get observer(): Observer {
    return {
      enter: () => void (this._inCall = true),
      leave: () => void (this._inCall = false),
    };
  }
  /** The host has answered a read with these bytes. `into`: where they go. */
  read(offset: number, into: Uint8Array, item: number): void {
    const { u8 } = this._kernel.frames;
    const isPage = into.buffer === u8.buffer && into.byteOffset % PAGE_SIZE === u8.byteOffset % PAGE_SIZE && offset % PAGE_SIZE === 0;
    if (!isPage || !this._runs || this._inCall) this._whole.add(item);
    if (!isPage) return;
    this._frames.set(into.byteOffset - u8.byteOffset, item);
    const found = this._awaited.filter(({ index }) => index * PAGE_SIZE === offset);
    for (const awaited of found) {
      this._know(awaited, item);
      this._mark(awaited, awaited.from, awaited.to);
    }
    if (found.length > 0) this._awaited = this._awaited.filter((awaited) => !found.includes(awaited));
  }
  /** Bytes that the run does not use become zeros. */
  trimmed(item: number, bytes: Uint8Array): Uint8Array {
    const pages = this._all.get(item) ?? [];
    // Bytes of no page are not of a mapped file.
    if (this._whole.has(item) || pages.length === 0) return bytes;
    const kept = new Uint8Array(bytes.length);
    for (const { lines } of pages)
      for (let n = 0; n * LINE < bytes.length; n++) if (lines[n] !== 0) kept.set(bytes.subarray(n * LINE, (n + 1) * LINE), n * LINE);
    return kept;
  }

  // Accesses.
  holds(address: number, bytes: number): boolean {
    this._access(this._kernel.scheduler.current?.mem, address, bytes);
    return false;
  }
  cached(address: number): 0 | typeof ALL {
    const vma = this._kernel.scheduler.current?.mem.areas.find(address);
    if (!vma?.cache) return ALL;
    const page = this._pages.get(vma.cache)?.get(indexIn(vma, address));
    return page !== undefined && page.looks > MOST_LOOKS ? ALL : 0;
  }
  private _access(space: AddressSpace | undefined, address: number, bytes: number): void {
    const first = Math.min(bytes, PAGE_SIZE - (address % PAGE_SIZE));
    for (const [at, length] of first < bytes
      ? ([
          [address, first],
          [address + first, bytes - first],
        ] as const)
      : ([[address, bytes]] as const)) {
      const vma = space?.areas.find(at);
      if (!vma?.cache) continue;
      const from = at % PAGE_SIZE;
      this._mark({ cache: vma.cache, index: indexIn(vma, at) }, from, from + length);
    }
  }
  /** Code that the processor has decoded. */
  private _decoded(ip: number): boolean {
    const { processor, scheduler, frames } = this._kernel;
    const space = scheduler.current?.mem;
    if (!space) return false;
    const bytes = new Uint8Array(LONGEST);
    let length = 0;
    while (length < LONGEST) {
      const frame = space.present(ip + length, access.execute);
      if (frame < 0) break;
      const n = Math.min(LONGEST - length, PAGE_SIZE - ((ip + length) % PAGE_SIZE));
      const from = frames.use(frame - (frame % PAGE_SIZE)) + ((ip + length) % PAGE_SIZE);
      bytes.set(frames.u8.subarray(from, from + n), length);
      length += n;
    }
    const { mode } = processor.state;
    const isKnown = this._decoder.decode(bytes, 0, length, ip, mode as 16 | 32 | 64) === "ok";
    // The rest of an instruction may lie in a page that comes now.
    this._access(space, ip, isKnown ? this._decoder.d.length : LONGEST);
    return false;
  }
  private _kernelAccess(space: AddressSpace, address: number, kind: Access): void {
    const vma = space.areas.find(address);
    if (!vma?.cache) return;
    const [from, to] = kind === access.read ? [0, PAGE_SIZE] : [0, 0];
    this._mark({ cache: vma.cache, index: indexIn(vma, address) }, from, to);
  }

  private _know({ cache, index }: FilePage, item: number): UsedPage {
    let ofCache = this._pages.get(cache);
    if (!ofCache) this._pages.set(cache, (ofCache = new Map<number, UsedPage>()));
    const page = new UsedPage(item);
    ofCache.set(index, page);
    const list = this._all.get(item);
    if (list) list.push(page);
    else this._all.set(item, [page]);
    return page;
  }
  private _mark(at: FilePage, from: number, to: number): void {
    const { cache, index } = at;
    let page = this._pages.get(cache)?.get(index);
    const frame = cache.cached(index);
    if (frame !== undefined) {
      const item = this._frames.get(frame);
      if (item !== undefined && page?.item !== item) page = this._know(at, item);
      // A file in memory, or one of the machine's own.
      if (page === undefined) return;
    } else if (page === undefined || cache.backing.size > 0) {
      if (this._awaited.length > 4) this._awaited.shift();
      this._awaited.push({ cache, index, from, to });
    }
    if (page === undefined) return;
    if (++page.looks > MOST_LOOKS) page.lines.fill(1);
    for (let n = Math.floor(from / LINE); n * LINE < to; n++) page.lines[n] = 1;
  }
}
const indexIn = (vma: Vma, address: number): number => vma.pgoff + Math.floor((address - vma.start) / PAGE_SIZE);
