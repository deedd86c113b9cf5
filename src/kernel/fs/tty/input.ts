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
  readonly #host: InputHost;
  /** Bytes that read(2) can return. */
  #ready: number[] = [];
  /** Canonical mode: the unread bytes in `#ready` of each complete line. A length of 0 is an end of file. */
  #lines: number[] = [];
  /** The line being edited. */
  #editing: number[] = [];
  /** The last byte was LNEXT: the next one is taken literally. */
  #literal = false;

  constructor(host: InputHost) {
    this.#host = host;
  }

  #canonical(): boolean {
    return (this.#host.termios.c_lflag & L.ICANON) !== 0;
  }
  /** The number of bytes that a read can return now. */
  get available(): number {
    return this.#canonical() ? (this.#lines[0] ?? 0) : this.#ready.length;
  }
  /** True if a read does not wait. An end of file counts as readable. */
  get readable(): boolean {
    return this.#canonical() ? this.#lines.length > 0 : this.#ready.length > 0;
  }
  /** The number of bytes for FIONREAD: all complete lines. */
  get total(): number {
    return this.#canonical() ? this.#lines.reduce((a, b) => a + b, 0) : this.#ready.length;
  }

  /**
   * The number of bytes that `receive` accepts. An unfinished line always accepts one, its end. Linux
   * receive_room().
   */
  get room(): number {
    const free = LINE_MAX - this.#ready.length - this.#editing.length;
    return free <= 0 && this.#canonical() && this.#lines.length === 0 ? 1 : Math.max(0, free);
  }

  /** Removes up to `n` bytes, in canonical mode of one line. */
  take(n: number): Uint8Array {
    if (!this.#canonical()) return Uint8Array.from(this.#ready.splice(0, n));
    const line = this.#lines[0] ?? 0;
    const out = this.#ready.splice(0, Math.min(n, line));
    if (out.length === line) this.#lines.shift();
    else this.#lines[0] = line - out.length;
    return Uint8Array.from(out);
  }
  flush(): void {
    this.#ready = [];
    this.#lines = [];
    this.#editing = [];
  }
  /** Called after a change of ICANON: all typed bytes become readable. Linux n_tty_set_termios(). */
  modeChanged(): void {
    this.#ready.push(...this.#editing);
    this.#editing = [];
    this.#lines = this.#canonical() && this.#ready.length > 0 ? [this.#ready.length] : [];
  }

  /** Processes typed bytes. */
  receive(bytes: Uint8Array): void {
    for (const byte of bytes) this.#byte(byte);
  }

  #byte(raw: number): void {
    const { c_iflag, c_lflag, c_cc } = this.#host.termios;
    let c = c_iflag & I.ISTRIP ? raw & 0x7f : raw;
    if (this.#literal) {
      this.#literal = false;
      this.#add(c);
      return;
    }
    if (c === CR) {
      if (c_iflag & I.IGNCR) return;
      if (c_iflag & I.ICRNL) c = NL;
    } else if (c === NL && c_iflag & I.INLCR) c = CR;
    const is = (index: number): boolean => c_cc[index] !== DISABLED && c === c_cc[index];
    if (c_iflag & I.IXON && (is(V.START) || is(V.STOP))) {
      this.#host.flow(is(V.START));
      return;
    }
    if (c_lflag & L.ISIG) {
      const which = is(V.INTR) ? "INTR" : is(V.QUIT) ? "QUIT" : is(V.SUSP) ? "SUSP" : undefined;
      if (which) {
        if (!(c_lflag & L.NOFLSH)) {
          this.flush();
          this.#host.flushOutput();
        }
        if (c_iflag & I.IXON) this.#host.flow(true);
        this.#show(c);
        this.#host.signal(which);
        return;
      }
    }
    if (c_lflag & L.ICANON) this.#edit(c, is);
    else this.#add(c);
  }

  /** Processes one byte in canonical mode. */
  #edit(c: number, is: (index: number) => boolean): void {
    const { c_lflag } = this.#host.termios;
    if (is(V.ERASE)) return this.#erase(1, true);
    if (is(V.KILL)) return this.#kill();
    if (c_lflag & L.IEXTEN) {
      if (is(V.WERASE)) return this.#erase(this.#lastWord());
      if (is(V.LNEXT)) {
        this.#literal = true;
        if (c_lflag & L.ECHO && c_lflag & L.ECHOCTL) this.#host.echo([94, BS]);
        return;
      }
      if (is(V.REPRINT) && c_lflag & L.ECHO) {
        this.#show(c);
        if (this.#host.echoes) this.#host.echo([NL, ...this.#editing.flatMap((b) => this.#shown(b))]);
        return;
      }
    }
    if (is(V.EOF)) return this.#endLine();
    if (c === NL) {
      if (c_lflag & (L.ECHO | L.ECHONL)) this.#host.echo([NL]);
      this.#editing.push(c);
      return this.#endLine();
    }
    this.#add(c);
    if (is(V.EOL) || is(V.EOL2)) this.#endLine();
  }
  #endLine(): void {
    this.#ready.push(...this.#editing);
    this.#lines.push(this.#editing.length);
    this.#editing = [];
  }
  #add(c: number): void {
    const { c_lflag } = this.#host.termios;
    if (this.#editing.length + this.#ready.length >= LINE_MAX) return;
    if (c_lflag & L.ECHO) this.#show(c);
    (c_lflag & L.ICANON ? this.#editing : this.#ready).push(c);
  }

  /** The echo of a byte. With ECHOCTL a control character is echoed as ^X. */
  #shown(c: number): number[] {
    const control = (c < 0x20 && c !== TAB && c !== NL) || c === 0x7f;
    return control && this.#host.termios.c_lflag & L.ECHOCTL ? [94, c ^ 0x40] : [c];
  }
  #show(c: number): void {
    if (this.#host.termios.c_lflag & L.ECHO) this.#host.echo(this.#shown(c));
  }
  /**
   * Erases characters of the line. `single`: by ERASE, which is echoed itself without ECHOE. Linux eraser().
   */
  #erase(count: number, single = false): void {
    const { c_lflag, c_iflag, c_cc } = this.#host.termios;
    for (let i = 0; i < count && this.#editing.length > 0; i++) {
      let c = this.#editing.pop() as number;
      while (c_iflag & I.IUTF8 && (c & 0xc0) === 0x80 && this.#editing.length > 0) c = this.#editing.pop() as number;
      if (!(c_lflag & L.ECHO)) continue;
      if (single && !(c_lflag & L.ECHOE)) this.#show(c_cc[V.ERASE] as number);
      else if (c === TAB) this.#host.echo(new Array<number>(8 - (this.#column() % 8)).fill(BS));
      else for (let k = this.#width(c); k > 0; k--) this.#host.echo([BS, 32, BS]);
    }
  }
  /** The columns of a character of the line. A control character has two if it is shown as ^X, else none. */
  #width(c: number): number {
    const control = c < 0x20 || c === 0x7f;
    return control ? (this.#host.termios.c_lflag & L.ECHOCTL ? 2 : 0) : 1;
  }
  /** The columns since the last tab of the line being edited. */
  #column(): number {
    let at = 0;
    for (let i = this.#editing.length - 1; i >= 0 && this.#editing[i] !== TAB; i--) at += this.#width(this.#editing[i] as number);
    return at;
  }
  #kill(): void {
    const { c_lflag, c_cc } = this.#host.termios;
    if (c_lflag & L.ECHOK && c_lflag & L.ECHOKE && c_lflag & L.ECHOE) return this.#erase(this.#editing.length);
    this.#editing = [];
    this.#show(c_cc[V.KILL] as number);
    if (c_lflag & L.ECHOK) this.#host.echo([NL]);
  }
  /** The number of bytes that WERASE erases: blanks, then a word. */
  #lastWord(): number {
    let i = this.#editing.length;
    const blank = (c: number | undefined): boolean => c === 32 || c === 9;
    while (i > 0 && blank(this.#editing[i - 1])) i--;
    while (i > 0 && !blank(this.#editing[i - 1])) i--;
    return this.#editing.length - i;
  }
}
