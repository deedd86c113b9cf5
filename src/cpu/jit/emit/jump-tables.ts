// Jump tables of regions, for indirect jumps within them. A table has one byte for every address from the
// lowest target to the highest, so a jump costs a subtraction and two comparisons. The tables are in machine
// memory, where guests cannot see them.
import { layout } from "../../machine/layout.ts";

/** A table in machine memory: its offset, the lowest target, and its length in bytes. */
export interface JumpTable {
  readonly at: number;
  readonly lowest: number;
  readonly span: number;
}

/** The entry of an address that is no target. Other entries are indices of targets. */
export const noTarget = 255;
/** Upper bound of the distance between targets, because the space for tables is limited. */
const longest = 0x1_8000;

/** All jump tables of a machine. */
export class JumpTables {
  readonly #bytes: Uint8Array;
  /** In the order of their addresses. */
  readonly #used: { readonly slot: number; readonly from: number; readonly to: number }[] = [];
  constructor(memory: WebAssembly.Memory) {
    this.#bytes = new Uint8Array(memory.buffer);
  }
  /** Makes a table for the region of a slot; undefined if there is no space for it. */
  make(slot: number, targets: readonly number[]): JumpTable | undefined {
    const lowest = Math.min(...targets);
    const span = Math.max(...targets) - lowest + 1;
    if (targets.length > noTarget || span > longest) return undefined;
    let at: number = layout.jumpTables;
    let n = 0;
    for (; n < this.#used.length && this.#used[n]!.from - at < span; n++) at = this.#used[n]!.to;
    if (at + span > layout.jumpTablesEnd) return undefined;
    this.#used.splice(n, 0, { slot, from: at, to: at + span });
    const table = { at, lowest, span };
    this.#write(table, targets);
    return table;
  }
  /**
   * Restores the table of a cached region at its old address. False if the space is occupied by another
   * table. Regions at several positions may have one table, because it has distances only.
   */
  restore(slot: number, table: JumpTable, targets: readonly number[]): boolean {
    const { at, span } = table;
    if (at < layout.jumpTables || at + span > layout.jumpTablesEnd) return false;
    const behind = this.#used.findIndex(({ to }) => to > at);
    const n = behind < 0 ? this.#used.length : behind;
    const there = this.#used[n];
    if (there && there.from < at + span) {
      if (there.from !== at || there.to !== at + span || !this.#has(table, targets)) return false;
    } else this.#write(table, targets);
    this.#used.splice(n, 0, { slot, from: at, to: at + span });
    return true;
  }
  #has({ at, lowest, span }: JumpTable, targets: readonly number[]): boolean {
    const numbers = new Map(targets.map((target, number) => [target - lowest, number]));
    for (let n = 0; n < span; n++) if (this.#bytes[at + n] !== (numbers.get(n) ?? noTarget)) return false;
    return true;
  }
  #write({ at, lowest, span }: JumpTable, targets: readonly number[]): void {
    this.#bytes.fill(noTarget, at, at + span);
    targets.forEach((target, number) => {
      this.#bytes[at + target - lowest] = number;
    });
  }
  /** Frees the table of a slot. */
  drop(slot: number): void {
    const n = this.#used.findIndex((table) => table.slot === slot);
    if (n >= 0) this.#used.splice(n, 1);
  }
}
