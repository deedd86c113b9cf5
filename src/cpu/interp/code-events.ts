// The events of the block cache that other parts of the processor react to: compiled code is removed or
// verified again, the TLB drops write permissions. The processor gives the cache one listener (cpu.ts).

/** Receives the events of a block cache. Frames are addresses in the machine's memory. */
export interface CodeEvents {
  /** All blocks are about to be dropped. */
  reset(): void;
  /**
   * The bytes of a frame have changed. Its blocks are about to be dropped. True if `blockMissing` may restore
   * blocks of the frame.
   */
  frameChanged(frame: number): boolean;
  /** The blocks of these pages are about to be dropped, by page number. Nothing may restore them. */
  pagesDropped(pages: ReadonlySet<number>): void;
  /** A code page with this frame may have been unmapped or remapped. */
  frameUnmapped(frame: number): void;
  /** The frame starts to hold code: cached write permissions must be dropped. */
  codeFound(frame: number): void;
  /** Marks the bytes of a frame that compiled code depends on (code-bytes.ts). */
  classifyBytes(frame: number, uses: Uint8Array): void;
  /**
   * No block is found for an instruction pointer; `location` is its byte in memory. True if a block was
   * restored.
   */
  blockMissing(ip: number, location: number): boolean;
}
