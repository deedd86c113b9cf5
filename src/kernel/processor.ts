// What the kernel asks of a CPU. src/cpu/cpu.ts is the real one; tests drive the gate with one that runs no code.
import type { Exit } from "../cpu/exit.ts";
import type { Mmu } from "../cpu/mmu.ts";
import type { State } from "../cpu/state.ts";

export interface Processor {
  readonly state: State;
  /** Run at most `limit` guest instructions of the task whose registers are in `state`. How many are left is in the state page. */
  run(limit: number): Exit;
  setAddressSpace(mmu: Mmu): void;
  /** EFLAGS as an instruction such as PUSHF would store it (the arithmetic flags are kept lazily). */
  flags(): number;
  setFlags(value: number): void;
  /** Load a segment register from the descriptor tables as `mov` or a far transfer would. False: the selector is not loadable. */
  loadSegment(segment: number, selector: number): boolean;
  /** The descriptor tables of the running task: user-visible GDT entries and the LDT, as bytes. Selectors index them. */
  setGdt(table: Uint8Array): void;
  setLdt(table: Uint8Array | undefined): void;
  /** The time-stamp counter at the start of the next `run`; it then goes up by one an instruction. */
  setClock(tsc: number): void;
}
