// Output of breakpoints' commands on its way to gdb, collected: a breakpoint may be met often.

/** Bytes that are sent at once. */
const PART = 4096;

/** The output of one connection. */
export class CommandOutput {
  private _text = "";
  private readonly _send: (text: string) => void;

  /** `send`: gets the text in parts, one character a byte. */
  constructor(send: (text: string) => void) {
    this._send = send;
  }
  add(text: string): void {
    if (this._text === "") setTimeout(() => this.flush());
    this._text += text;
    if (this._text.length >= PART) this.flush();
  }
  /** Sends what there is. */
  flush(): void {
    const { _text: text } = this;
    this._text = "";
    for (let at = 0; at < text.length; at += PART) this._send(text.slice(at, at + PART));
  }
}
