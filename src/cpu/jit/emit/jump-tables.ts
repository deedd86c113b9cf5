// Where the computed jumps of a region go within it: for each a table with a byte for every address from the lowest target to the
// highest. A jump then costs a subtraction and two comparisons. The tables lie in the machine's memory, where guests cannot see them.
import { layout } from "../../machine/layout.ts";

export interface JumpTable {
  readonly at: number;
  readonly lowest: number;
  readonly span: number;
}

/** What stands where no target is: the others have their number among the targets. */
export const noTarget = 255;
/** Targets that lie farther apart than this get no table: there is room for a few such. */
const longest = 0x1_8000;

export class JumpTables {
  readonly #bytes: Uint8Array;
  /** In the order of their places. */
  readonly #used: { readonly slot: number; readonly from: number; readonly to: number }[] = [];
  constructor(memory: WebAssembly.Memory) {
    this.#bytes = new Uint8Array(memory.buffer);
  }
  /** A table for the region of a slot; undefined if there is no room for it. */
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
  /** The table of a region that was made elsewhere, which has to be where it was there. False: there is no room. */
  restore(slot: number, table: JumpTable, targets: readonly number[]): boolean {
    const { at, span } = table;
    if (at < layout.jumpTables || at + span > layout.jumpTablesEnd) return false;
    const behind = this.#used.findIndex(({ to }) => to > at);
    const n = behind < 0 ? this.#used.length : behind;
    if (n < this.#used.length && this.#used[n]!.from < at + span) return false;
    this.#used.splice(n, 0, { slot, from: at, to: at + span });
    this.#write(table, targets);
    return true;
  }
  #write({ at, lowest, span }: JumpTable, targets: readonly number[]): void {
    this.#bytes.fill(noTarget, at, at + span);
    targets.forEach((target, number) => {
      this.#bytes[at + target - lowest] = number;
    });
  }
  /** The region of a slot is gone. */
  drop(slot: number): void {
    const n = this.#used.findIndex((table) => table.slot === slot);
    if (n >= 0) this.#used.splice(n, 1);
  }
}
