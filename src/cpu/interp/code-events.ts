// The events of the block cache that other parts of the processor react to: compiled code is removed or
// verified again, the TLB drops write permissions. The processor gives the cache one listener (cpu.ts).

/** Receives the events of a block cache. Frames are addresses in the machine's memory. */
export interface CodeEvents {
  /** All blocks, or those of these pages, are about to be dropped. Nothing may restore them. */
  reset(pages?: ReadonlySet<number>): void;
  /**
   * The bytes of a frame have changed. Its blocks are about to be dropped. True if `blockMissing` may restore
   * blocks of the frame.
   */
  frameChanged(frame: number): boolean;
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
