// The line discipline's output side: the changes that OPOST makes to written bytes.
// Linux drivers/tty/n_tty.c do_output_char().
import { O, type Termios } from "./termios.ts";

const NL = 10;
const CR = 13;
const TAB = 9;
const BS = 8;

/** The output state of one terminal. */
export class OutputProcessor {
  /** The cursor's column, for tabs and ONOCR. */
  column = 0;

  /** The bytes for the driver. Without OPOST the argument itself is returned. */
  process(bytes: Uint8Array, { c_oflag }: Termios): Uint8Array {
    if ((c_oflag & O.OPOST) === 0) return bytes;
    const out: number[] = [];
    for (const byte of bytes) this._one(byte, c_oflag, out);
    return Uint8Array.from(out);
  }
  private _one(byte: number, flags: number, out: number[]): void {
    switch (byte) {
      case NL:
        if (flags & O.ONLCR) {
          this.column = 0;
          out.push(CR, NL);
          return;
        }
        if (flags & O.ONLRET) this.column = 0;
        break;
      case CR:
        if (flags & O.ONOCR && this.column === 0) return;
        if (flags & O.OCRNL) {
          if (flags & O.ONLRET) this.column = 0;
          out.push(NL);
          return;
        }
        this.column = 0;
        break;
      case TAB: {
        const spaces = 8 - (this.column % 8);
        this.column += spaces;
        if ((flags & O.XTABS) === O.XTABS) {
          for (let i = 0; i < spaces; i++) out.push(32);
          return;
        }
        break;
      }
      case BS:
        if (this.column > 0) this.column--;
        break;
      default:
        // Continuation bytes of UTF-8 have no column.
        if (byte >= 0x20 && (byte & 0xc0) !== 0x80) this.column++;
    }
    out.push(byte);
  }
}
