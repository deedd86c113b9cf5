// Packets of gdb's remote serial protocol: $DATA#CHECKSUM, with acknowledgements until QStartNoAckMode.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Overview.html

/** The largest packet that is read or written, in bytes of its data. */
export const MOST_PACKET = 0x20000;

const DOLLAR = 0x24;
const HASH = 0x23;
const PERCENT = 0x25;
const ESCAPE = 0x7d;
const PLUS = 0x2b;
const MINUS = 0x2d;
const INTERRUPT = 0x03;

/** What a peer has sent: a packet's data, an acknowledgement, or a request to interrupt. */
export type Received = { readonly data: Uint8Array } | "ack" | "nak" | "interrupt" | "bad";

const digit = (byte: number): number => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
};

/** Reads packets from pieces of a stream. */
export class PacketReader {
  private _data: number[] = [];
  private _sum = 0;
  private _state: "between" | "data" | "escape" | "first" | "second" = "between";
  private _first = 0;
  private _isTooLong = false;

  /** What these bytes complete, in order. */
  read(bytes: Uint8Array): Received[] {
    const found: Received[] = [];
    for (const byte of bytes) {
      const one = this._byte(byte);
      if (one !== undefined) found.push(one);
    }
    return found;
  }
  private _byte(byte: number): Received | undefined {
    switch (this._state) {
      case "between":
        if (byte === DOLLAR) this._begin();
        else if (byte === PLUS) return "ack";
        else if (byte === MINUS) return "nak";
        else if (byte === INTERRUPT) return "interrupt";
        return undefined;
      case "data":
        // A packet that was cut off: another one begins.
        if (byte === DOLLAR) this._begin();
        else if (byte === HASH) this._state = "first";
        else {
          this._sum = (this._sum + byte) & 0xff;
          if (byte === ESCAPE) this._state = "escape";
          else this._add(byte);
        }
        return undefined;
      case "escape":
        this._sum = (this._sum + byte) & 0xff;
        this._add(byte ^ 0x20);
        this._state = "data";
        return undefined;
      case "first":
        this._first = digit(byte);
        this._state = "second";
        return undefined;
      case "second": {
        this._state = "between";
        const second = digit(byte);
        const isGood = this._first >= 0 && second >= 0 && this._first * 16 + second === this._sum && !this._isTooLong;
        return isGood ? { data: Uint8Array.from(this._data) } : "bad";
      }
    }
  }
  private _begin(): void {
    this._data = [];
    this._sum = 0;
    this._isTooLong = false;
    this._state = "data";
  }
  private _add(byte: number): void {
    if (this._data.length >= MOST_PACKET) this._isTooLong = true;
    else this._data.push(byte);
  }
}

const hexDigits = "0123456789abcdef";
const hexBytes = Array.from({ length: 256 }, (_, byte) => `${hexDigits[byte >> 4]}${hexDigits[byte & 15]}`);
/** Data in a frame. Bytes that have a meaning in the protocol are escaped. */
const framed = (first: number, data: Uint8Array): Uint8Array => {
  const out = new Uint8Array(2 * data.length + 4);
  let at = 0;
  let sum = 0;
  out[at++] = first;
  for (let byte of data) {
    if (byte === DOLLAR || byte === HASH || byte === ESCAPE || byte === 0x2a) {
      out[at++] = ESCAPE;
      byte ^= 0x20;
      sum += ESCAPE;
    }
    out[at++] = byte;
    sum += byte;
  }
  out[at++] = HASH;
  out[at++] = hexDigits.charCodeAt((sum >> 4) & 15);
  out[at++] = hexDigits.charCodeAt(sum & 15);
  return out.slice(0, at);
};

/** A packet with this data. */
export const packet = (data: Uint8Array): Uint8Array => framed(DOLLAR, data);
/** A notification: gdb does not acknowledge it. */
export const notification = (text: string): Uint8Array => framed(PERCENT, latin1(text));

/** Bytes as hexadecimal digits. */
export const hex = (bytes: Uint8Array): string => {
  let text = "";
  for (const byte of bytes) text += hexBytes[byte];
  return text;
};
/** Hexadecimal digits as bytes; undefined if they are none. */
export const unhex = (text: string): Uint8Array | undefined => {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
};
/** An unsigned hexadecimal number up to 2^64; undefined if it is none. */
export const hexNumber = (text: string): number | undefined => (/^[0-9a-fA-F]{1,16}$/.test(text) ? Number(BigInt(`0x${text}`)) : undefined);
/** Text as bytes, one a character. */
export const latin1 = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
};
/** Bytes as text, one character a byte. */
export const textOf = (bytes: Uint8Array): string => {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};
