// The exits of a function: a label around its code, with the call that leaves the function behind it.

import { op } from "../../wasm/encoder.ts";
import { RecordCode } from "./record-code.ts";
import { functions } from "./template.ts";

/**
 * The ways out of a function. All go through one label, with the record and the way in local 0: at each place
 * of use, a call in place of a return is a hundred bytes of V8's machine code. Records are aligned, so their
 * low bits are free.
 */
export const exits = {
  /** To an address, in local `targetLocal`. */
  jump: 0,
  /** To the target of the record's branch, and to the instruction after it. */
  taken: 1,
  after: 2,
  /**
   * To the interpreter's handler of the record. The second begins a run, and `targetLocal` has the handler.
   */
  interpret: 3,
  interpretFirst: 4,
  /** To the record, whose block is not yet charged to the budget. */
  uncharged: 5,
} as const;

/** The i64 local with the target of a jump, or with a handler. */
export const targetLocal = 2;
/** The first local of templates. */
export const firstLocal = 3;

/** Writes the exits of functions. */
export class ExitCode extends RecordCode {
  /** Nested blocks between the exit's label and the code in progress. */
  protected nested = 0;

  /** Begins the block whose label is the exit. */
  protected openExit(): void {
    this.byte(op.block);
    this.byte(0x40);
  }
  /** Ends that block, with the code behind its label. */
  protected closeExit(): void {
    this.byte(op.unreachable);
    this.byte(op.end);
    for (const local of [0, 1, targetLocal]) {
      this.byte(op.localGet);
      this.byte(local);
    }
    this.byte(op.returnCall);
    this.unsigned(functions.leave);
  }
  /** Leaves by a way, with a record. `depth`: nested blocks around this place in its template. */
  protected exit(way: number, rec: number, depth: number): void {
    this.i32c(rec | way);
    this.byte(op.localSet);
    this.byte(0);
    this.byte(op.br);
    this.unsigned(depth + this.nested);
  }
}
