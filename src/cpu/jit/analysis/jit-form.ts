// The form of a decoded instruction for its meaning in compiled regions: everything is constant.
import type { Decoded } from "../../decode/decoder.ts";
import { operandWidth } from "../../isa/form.ts";
import type { AddressSize, Form, RegisterWidth } from "../../isa/ops.ts";
import { isMemoryOperand } from "../../isa/row.ts";

/** The form of one decoded instruction. */
export class JitForm implements Form {
  readonly d: Decoded;
  readonly w: RegisterWidth;
  readonly widths: readonly number[];
  constructor(d: Decoded) {
    this.d = d;
    this.w = operandWidth(d.row, d.size);
    this.widths = d.row.operands.map((_, n) => d.width(n));
  }
  get addressSize(): AddressSize {
    return this.d.addressSize;
  }
  get stackSize(): AddressSize {
    return this.d.mode;
  }
  get mode(): AddressSize {
    return this.d.mode;
  }
  /** Regions contain flat code only. */
  get flat(): boolean {
    return true;
  }
  get rep() {
    return this.d.rep;
  }
  get cc(): number {
    return this.d.row.cc;
  }
  memory(n: number): boolean {
    return this.d.isMemory && isMemoryOperand(this.d.row.operands[n]!);
  }
}
