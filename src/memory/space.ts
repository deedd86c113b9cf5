// One address space (Linux mm_struct): its mappings, its page table, and what a page fault does.
import { type Access, type Mmu } from "../cpu/mmu.ts";
import type { Frames } from "./frames.ts";
import type { Layout } from "./layout.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { UserMemory } from "./user.ts";
import type { Vma } from "./vma.ts";

/** The signal a failed access becomes. man 2 sigaction, SIGSEGV and SIGBUS codes; SIGKILL: out of memory. */
export interface FaultInfo { readonly signal: 7 | 9 | 11; readonly code: number }

/** Sizes in pages, as /proc/PID/statm and status show them. */
export interface Usage { readonly total: number; readonly resident: number; readonly shared: number; readonly locked: number; readonly data: number; readonly stack: number; readonly exec: number }

export class AddressSpace extends UserMemory implements Mmu {
  readonly frames: Frames;
  readonly layout: Layout;
  /** The kernel replaces it when the process' limits or credentials change (or hands in a live object). */
  limits: Limits;
  /** Heap: start_brk and brk. Set by the ELF loader. */
  brkStart = 0;
  brk = 0;
  /** personality READ_IMPLIES_EXEC: mmap and mprotect turn PROT_READ into PROT_READ|PROT_EXEC. */
  readImpliesExec = false;
  /** For /proc/PID/cmdline, environ, auxv and stat: set by the ELF loader. */
  argStart = 0; argEnd = 0; envStart = 0; envEnd = 0; startStack = 0; startCode = 0; endCode = 0; startData = 0; endData = 0;
  auxv: Uint8Array = new Uint8Array(0);
  /** Tasks that use this space (CLONE_VM). `retain` and `release` count; the last release frees every frame. */
  users = 1;

  constructor(frames: Frames, layout: Layout, limits: Limits = defaultLimits) {
    super();
    this.frames = frames;
    this.layout = layout;
    this.limits = limits;
  }

  retain(): void { this.users++; }
  release(): void { throw new Error("not yet"); }
  /** fork(2): a copy-on-write copy, or undefined (-ENOMEM). */
  fork(): AddressSpace | undefined { throw new Error("not yet"); }
  /** The CPU now translates by this space. */
  activate(): void { throw new Error("not yet"); }

  translate(address: number, kind: Access): number { throw new Error(`not yet ${address} ${kind}`); }
  /** Why a #PF at `address` with the CPU's error code could not be served. */
  faultInfo(address: number, errorCode: number): FaultInfo { throw new Error(`not yet ${address} ${errorCode}`); }

  /** The mapping that contains `address`. */
  find(address: number): Vma | undefined { throw new Error(`not yet ${address}`); }
  /** All mappings in order of address: /proc/PID/maps. `vmaName` names them. */
  mappings(): readonly Vma[] { throw new Error("not yet"); }
  usage(): Usage { throw new Error("not yet"); }

  /** ptrace PEEK and POKE, /proc/PID/mem: as the debugger may, whatever the permissions of the page (FOLL_FORCE). How many bytes went. */
  peek(at: number, into: Uint8Array): number { throw new Error(`not yet ${at} ${into}`); }
  poke(at: number, bytes: Uint8Array): number { throw new Error(`not yet ${at} ${bytes}`); }
}
