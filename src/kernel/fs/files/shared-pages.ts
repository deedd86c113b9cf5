// Pages that the kernel and a program share: rings of io_uring, of asynchronous I/O and of packet sockets.
// Linux io_uring/memmap.c, net/packet/af_packet.c alloc_pg_vec().
import type { Backing, MappedFile } from "../../../memory/backing.ts";
import { type Frames, PAGE_SIZE, pageAlign } from "../../../memory/frames.ts";
import { PageCache } from "../../../memory/page-cache.ts";

/** Pages with the kernel's access to their words. All of them exist from the begin on. */
export class SharedPages implements Backing {
  readonly size: number;
  readonly sparse = true;
  pages: PageCache | undefined = undefined;
  private readonly _frames: Frames;
  private readonly _cache: PageCache;
  /** Machine addresses of the pages. */
  private readonly _at: number[] = [];

  /** The name in /proc/PID/maps. */
  private readonly _path: string;

  constructor(frames: Frames, bytes: number, path: string) {
    this._path = path;
    this.size = pageAlign(bytes);
    this._frames = frames;
    this._cache = PageCache.of(frames, this);
  }
  /** Makes the pages. False: memory is short, and the object has ended. */
  fill(): boolean {
    for (let index = 0; index < this.size / PAGE_SIZE; index++) {
      const frame = this._cache.frame(index);
      if (frame <= 0) {
        this.end();
        return false;
      }
      // A page that is written is never reclaimed, because it has no other copy.
      this._cache.dirtied(index);
      this._at.push(frame);
    }
    return true;
  }
  /** No file leads to the pages any more. Mapped ones remain until they are unmapped. */
  end(): void {
    this._cache.drop();
  }
  readPage(): number {
    return 0;
  }
  /** The object for mmap(2). */
  get file(): MappedFile {
    return { backing: this, path: this._path, dev: 0, ino: 0, readable: true, writable: true };
  }

  private _address(at: number): number {
    return this._frames.use((this._at[Math.floor(at / PAGE_SIZE)] as number) + (at % PAGE_SIZE));
  }
  u32(at: number): number {
    return this._frames.view.getUint32(this._address(at), true);
  }
  setU32(at: number, value: number): void {
    const to = this._address(at);
    this._frames.view.setUint32(to, value, true);
    this._frames.changed(to);
  }
  setU64(at: number, value: bigint): void {
    const to = this._address(at);
    this._frames.view.setBigUint64(to, BigInt.asUintN(64, value), true);
    this._frames.changed(to);
  }
  /** Writes bytes, which may lie in several pages. */
  write(at: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const n = Math.min(bytes.length - done, PAGE_SIZE - ((at + done) % PAGE_SIZE));
      const to = this._address(at + done);
      this._frames.u8.set(bytes.subarray(done, done + n), to);
      this._frames.changed(to);
      done += n;
    }
  }
  /** A copy of bytes that lie in one page. */
  bytes(at: number, n: number): Uint8Array {
    const from = this._address(at);
    return this._frames.u8.slice(from, from + n);
  }
}
