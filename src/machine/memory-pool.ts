// Memories of machines that have ended, for the next machines of this process. V8 collects garbage for each
// new memory, which costs ten times as much as a short run.

/**
 * The most memories that wait for a machine. Each has an address range of the host, and the pages that were
 * touched.
 */
const MOST = 4;
/** The most bytes that a waiting memory may occupy. A memory with more is left to V8. */
const MOST_TOUCHED = 2 ** 24;
/** Milliseconds after which unused memories are left to V8. */
const IDLE = 5000;

interface Waiting {
  readonly pages: number;
  readonly shared: boolean;
  readonly memory: WebAssembly.Memory;
}
let waiting: Waiting[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** A memory of so many WebAssembly pages in which a machine has ended; undefined if none waits. */
export const takeMemory = (pages: number, shared: boolean): WebAssembly.Memory | undefined => {
  const at = waiting.findIndex((one) => one.pages === pages && one.shared === shared);
  return at < 0 ? undefined : waiting.splice(at, 1)[0]?.memory;
};

/**
 * Keeps the memory of a machine that has ended, if it occupies few bytes. `giveUp` removes everything of its
 * guests and returns the memory.
 */
export const keepMemory = (machine: { readonly touchedBytes: number; giveUp(): WebAssembly.Memory }, shared: boolean): void => {
  if (waiting.length >= MOST || machine.touchedBytes > MOST_TOUCHED) return;
  const memory = machine.giveUp();
  waiting.push({ pages: memory.buffer.byteLength / 65536, shared, memory });
  clearTimeout(timer);
  timer = setTimeout(() => {
    waiting = [];
  }, IDLE);
  // The timer does not keep Node.js alive. Browsers have numbers here.
  (timer as { unref?: () => void }).unref?.();
};
