// The line discipline's input side: typed bytes become lines in canonical mode, else raw bytes. man 3
// termios; Linux drivers/tty/n_tty.c.
import { I, L, type Termios, V } from "./termios.ts";

const NL = 10;
const CR = 13;
const TAB = 9;
const BS = 8;
const DISABLED = 0;
/** The greatest length of a line: N_TTY_BUF_SIZE - 1. The excess is lost. */
const LINE_MAX = 4095;

/** The interface of a terminal to its input processor. */
export interface InputHost {
  readonly termios: Termios;
  /** False while as much of the echo waits for the output as may: more is lost. */
  readonly echoes: boolean;
  /** Writes typed bytes to the output. */
  echo(bytes: readonly number[]): void;
  /** Signals the foreground process group. */
  signal(which: "INTR" | "QUIT" | "SUSP"): void;
  /** Discards pending output. */
  flushOutput(): void;
  /** IXON: restarts (`on`) or stops output. */
  flow(on: boolean): void;
}

/** The input queue of one terminal. */
export class InputProcessor {
  private readonly _host: InputHost;
  /** Bytes that read(2) can return. */
  private _ready: number[] = [];
  /** Canonical mode: the unread bytes in `_ready` of each complete line. A length of 0 is an end of file. */
  private _lines: number[] = [];
  /** The line being edited. */
  private _editing: number[] = [];
  /** The last byte was LNEXT: the next one is taken literally. */
  private _literal = false;

  constructor(host: InputHost) {
    this._host = host;
  }

  private _canonical(): boolean {
    return (this._host.termios.c_lflag & L.ICANON) !== 0;
  }
  /** The number of bytes that a read can return now. */
  get available(): number {
    return this._canonical() ? (this._lines[0] ?? 0) : this._ready.length;
  }
  /** True if a read does not wait. An end of file counts as readable. */
  get readable(): boolean {
    return this._canonical() ? this._lines.length > 0 : this._ready.length > 0;
  }
  /** The number of bytes for FIONREAD: all complete lines. */
  get total(): number {
    return this._canonical() ? this._lines.reduce((a, b) => a + b, 0) : this._ready.length;
  }

  /**
   * The number of bytes that `receive` accepts. An unfinished line always accepts one, its end. Linux
   * receive_room().
   */
  get room(): number {
    const free = LINE_MAX - this._ready.length - this._editing.length;
    return free <= 0 && this._canonical() && this._lines.length === 0 ? 1 : Math.max(0, free);
  }

  /** Removes up to `n` bytes, in canonical mode of one line. */
  take(n: number): Uint8Array {
    if (!this._canonical()) return Uint8Array.from(this._ready.splice(0, n));
    const line = this._lines[0] ?? 0;
    const out = this._ready.splice(0, Math.min(n, line));
    if (out.length === line) this._lines.shift();
    else this._lines[0] = line - out.length;
    return Uint8Array.from(out);
  }
  flush(): void {
    this._ready = [];
    this._lines = [];
    this._editing = [];
  }
  /** Called after a change of ICANON: all typed bytes become readable. Linux n_tty_set_termios(). */
  modeChanged(): void {
    this._ready.push(...this._editing);
    this._editing = [];
    this._lines = this._canonical() && this._ready.length > 0 ? [this._ready.length] : [];
  }

  /** Processes typed bytes. */
  receive(bytes: Uint8Array): void {
    for (const byte of bytes) this._byte(byte);
  }

  private _byte(raw: number): void {
    const { c_iflag, c_lflag, c_cc } = this._host.termios;
    let c = c_iflag & I.ISTRIP ? raw & 0x7f : raw;
    if (this._literal) {
      this._literal = false;
      this._add(c);
      return;
    }
    if (c === CR) {
      if (c_iflag & I.IGNCR) return;
      if (c_iflag & I.ICRNL) c = NL;
    } else if (c === NL && c_iflag & I.INLCR) c = CR;
    const is = (index: number): boolean => c_cc[index] !== DISABLED && c === c_cc[index];
    if (c_iflag & I.IXON && (is(V.START) || is(V.STOP))) {
      this._host.flow(is(V.START));
      return;
    }
    if (c_lflag & L.ISIG) {
      const which = is(V.INTR) ? "INTR" : is(V.QUIT) ? "QUIT" : is(V.SUSP) ? "SUSP" : undefined;
      if (which) {
        if (!(c_lflag & L.NOFLSH)) {
          this.flush();
          this._host.flushOutput();
        }
        if (c_iflag & I.IXON) this._host.flow(true);
        this._show(c);
        this._host.signal(which);
        return;
      }
    }
    if (c_lflag & L.ICANON) this._edit(c, is);
    else this._add(c);
  }

  /** Processes one byte in canonical mode. */
  private _edit(c: number, is: (index: number) => boolean): void {
    const { c_lflag } = this._host.termios;
    if (is(V.ERASE)) return this._erase(1, true);
    if (is(V.KILL)) return this._kill();
    if (c_lflag & L.IEXTEN) {
      if (is(V.WERASE)) return this._erase(this._lastWord());
      if (is(V.LNEXT)) {
        this._literal = true;
        if (c_lflag & L.ECHO && c_lflag & L.ECHOCTL) this._host.echo([94, BS]);
        return;
      }
      if (is(V.REPRINT) && c_lflag & L.ECHO) {
        this._show(c);
        if (this._host.echoes) this._host.echo([NL, ...this._editing.flatMap((b) => this._shown(b))]);
        return;
      }
    }
    if (is(V.EOF)) return this._endLine();
    if (c === NL) {
      if (c_lflag & (L.ECHO | L.ECHONL)) this._host.echo([NL]);
      this._editing.push(c);
      return this._endLine();
    }
    this._add(c);
    if (is(V.EOL) || is(V.EOL2)) this._endLine();
  }
  private _endLine(): void {
    this._ready.push(...this._editing);
    this._lines.push(this._editing.length);
    this._editing = [];
  }
  private _add(c: number): void {
    const { c_lflag } = this._host.termios;
    if (this._editing.length + this._ready.length >= LINE_MAX) return;
    if (c_lflag & L.ECHO) this._show(c);
    (c_lflag & L.ICANON ? this._editing : this._ready).push(c);
  }

  /** The echo of a byte. With ECHOCTL a control character is echoed as ^X. */
  private _shown(c: number): number[] {
    const control = (c < 0x20 && c !== TAB && c !== NL) || c === 0x7f;
    return control && this._host.termios.c_lflag & L.ECHOCTL ? [94, c ^ 0x40] : [c];
  }
  private _show(c: number): void {
    if (this._host.termios.c_lflag & L.ECHO) this._host.echo(this._shown(c));
  }
  /**
   * Erases characters of the line. `single`: by ERASE, which is echoed itself without ECHOE. Linux eraser().
   */
  private _erase(count: number, single = false): void {
    const { c_lflag, c_iflag, c_cc } = this._host.termios;
    for (let i = 0; i < count && this._editing.length > 0; i++) {
      let c = this._editing.pop() as number;
      while (c_iflag & I.IUTF8 && (c & 0xc0) === 0x80 && this._editing.length > 0) c = this._editing.pop() as number;
      if (!(c_lflag & L.ECHO)) continue;
      if (single && !(c_lflag & L.ECHOE)) this._show(c_cc[V.ERASE] as number);
      else if (c === TAB) this._host.echo(new Array<number>(8 - (this._column() % 8)).fill(BS));
      else for (let k = this._width(c); k > 0; k--) this._host.echo([BS, 32, BS]);
    }
  }
  /** The columns of a character of the line. A control character has two if it is shown as ^X, else none. */
  private _width(c: number): number {
    const control = c < 0x20 || c === 0x7f;
    return control ? (this._host.termios.c_lflag & L.ECHOCTL ? 2 : 0) : 1;
  }
  /** The columns since the last tab of the line being edited. */
  private _column(): number {
    let at = 0;
    for (let i = this._editing.length - 1; i >= 0 && this._editing[i] !== TAB; i--) at += this._width(this._editing[i] as number);
    return at;
  }
  private _kill(): void {
    const { c_lflag, c_cc } = this._host.termios;
    if (c_lflag & L.ECHOK && c_lflag & L.ECHOKE && c_lflag & L.ECHOE) return this._erase(this._editing.length);
    this._editing = [];
    this._show(c_cc[V.KILL] as number);
    if (c_lflag & L.ECHOK) this._host.echo([NL]);
  }
  /** The number of bytes that WERASE erases: blanks, then a word. */
  private _lastWord(): number {
    let i = this._editing.length;
    const blank = (c: number | undefined): boolean => c === 32 || c === 9;
    while (i > 0 && blank(this._editing[i - 1])) i--;
    while (i > 0 && !blank(this._editing[i - 1])) i--;
    return this._editing.length - i;
  }
}
