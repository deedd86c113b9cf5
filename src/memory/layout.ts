// The layout of an address space. Linux arch/x86/mm/mmap.c,
// arch/x86/include/asm/{processor,elf,page_64_types}.h.
import { PAGE_SIZE, pageAlign } from "./frames.ts";

/** The addresses and offsets that execve(2) fixes for one address space, in bytes. */
export interface Layout {
  /** TASK_SIZE, the end of user addresses. An access from there on is EFAULT, a mapping ENOMEM. */
  readonly taskSize: number;
  readonly stackTop: number;
  /** vm.mmap_min_addr: a lower mapping needs CAP_SYS_RAWIO. */
  readonly minAddress: number;
  /** The upper end of mmap(2)'s top-down search for 64-bit callers. */
  readonly mmapBase: number;
  /** The same for callers through a 32-bit door (mm->mmap_compat_base). */
  readonly mmapBase32: number;
  /** The start of the bottom-up search for 64-bit callers, after a failed top-down search. */
  readonly legacyBase: number;
  /** The same for callers through a 32-bit door. */
  readonly legacyBase32: number;
  /**
   * The address of a position-independent program with an interpreter, before alignment (ELF_ET_DYN_BASE).
   */
  readonly pieBase: number;
  /** Added to the end of bss for the start of the heap, unless `heapPosition` says where it is. */
  readonly brkOffset: number;
  /**
   * An address above all others that equals the start of the heap modulo the window of direct-mapped pages; 0
   * if `brkOffset` says where the heap begins. The start is less than 1 GiB after the end of bss.
   */
  readonly heapPosition: number;
  /** Subtracted from the stack pointer. */
  readonly stackOffset: number;
}

/** Returns a random number of `bits` bits. Absent: personality ADDR_NO_RANDOMIZE, as under `setarch -R`. */
export type Randomize = (bits: number) => number;

const MiB = 2 ** 20;
/** Bytes of a large page of the processor. SDM Vol. 3A 5.5.4 */
export const LARGE_PAGE = 2 << 20;

/** The user half of 64-bit programs without its last page, which is never mapped. Linux TASK_SIZE_MAX. */
export const TASK_SIZE_64 = 2 ** 47 - PAGE_SIZE;
/** IA32_PAGE_OFFSET: the TASK_SIZE of a 32-bit program on a 64-bit kernel. */
const TASK_SIZE_32 = 0xffffe000;
/** The bytes below a growing stack in which nothing else is mapped. Linux stack_guard_gap. */
export const STACK_GUARD_GAP = 256 * PAGE_SIZE;

const mmapBase = (taskSize: number, stackLimit: number, stackRandom: number, random: number): number => {
  const gap = Math.min(Math.max(stackLimit + STACK_GUARD_GAP + stackRandom, 128 * MiB), Math.floor(taskSize / 6) * 5);
  return pageAlign(taskSize - gap - random);
};

// Pages whose addresses are equal modulo the window of direct-mapped pages have one position there
// (docs/design/direct-mapped-memory.md). So the random bits of 64-bit programs put the areas apart modulo the
// window, in this order from the base of mmap on, which grows down:
//
//   0         16 to 48 MiB    64 to 192 MiB                     480 to 544 MiB              1 GiB
//   mmap ↓    ↓ stack         position-independent program      heap ↑                      ↓ mmap
//
// A program that is not position-independent lies 380 to 450 MiB above the base of mmap, under the usual
// limit of stacks. Heap and mmap have 480 MiB together. The base of mmap keeps 24 of its 28 random bits, the
// stack 17 of 22, the heap 14 of 18.
// Differences of addresses get a multiple of the window added, which makes them positive.
const WINDOW = 2 ** 30;
const WINDOWS = 2 ** 48;

/**
 * The layout for a program of ELF class `bits`. `stackLimit` is RLIMIT_STACK in bytes. Linux
 * arch_pick_mmap_layout().
 */
export const layoutFor = (bits: 32 | 64, stackLimit: number, randomize?: Randomize, minAddress = 65536): Layout => {
  const random = (n: number): number => (randomize ? randomize(n) * PAGE_SIZE : 0);
  const stackRandom64 = randomize ? 0x3fffff * PAGE_SIZE : 0;
  const stackRandom32 = randomize ? 0x7ff * PAGE_SIZE : 0;
  // mmap_rnd_bits 28, mmap_rnd_compat_bits 8; stack 22 and 11 bits; brk 32 MiB or 1 GiB.
  const taskSize = bits === 64 ? TASK_SIZE_64 : TASK_SIZE_32;
  const mmapTop = mmapBase(TASK_SIZE_64, stackLimit, stackRandom64, 0);
  const pieLow = Math.floor(TASK_SIZE_64 / 3) * 2;
  const drawn = random(28);
  const apart = bits === 64 && randomize !== undefined;
  // Program and base of mmap move apart by twice the random number.
  const between = (WINDOWS + 64 * MiB + (drawn % (128 * MiB)) - pieLow + mmapTop) % WINDOW;
  const random64 = apart ? drawn - (drawn % WINDOW) + (between - (between % (2 * PAGE_SIZE))) / 2 : drawn;
  const random32 = random(8);
  const base = mmapTop - random64;
  let stackRandom = bits === 64 ? random(22) : random(11);
  if (apart) stackRandom += ((TASK_SIZE_64 - base - 16 * MiB - (stackRandom % (32 * MiB))) % WINDOW) - (stackRandom % WINDOW);
  const brkRandom = randomize ? (bits === 64 ? random(18) : random(13)) : 0;
  return {
    taskSize,
    minAddress,
    stackTop: taskSize - stackRandom,
    mmapBase: base,
    mmapBase32: mmapBase(TASK_SIZE_32, stackLimit, stackRandom32, random32),
    legacyBase: pageAlign(Math.floor(TASK_SIZE_64 / 3)) + random64,
    legacyBase32: pageAlign(Math.floor(TASK_SIZE_32 / 3)) + random32,
    pieBase: bits === 64 ? pieLow + random64 : pageAlign(Math.floor(TASK_SIZE_32 / 3)) + 16 * MiB + random32,
    brkOffset: brkRandom,
    heapPosition: apart ? WINDOWS + base + 480 * MiB + (brkRandom % (64 * MiB)) : 0,
    stackOffset: randomize ? randomize(13) : 0,
  };
};
