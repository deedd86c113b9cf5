// Records of gdb's machine interface. GDB manual, "GDB/MI Output Syntax".

/** A value: a string, a tuple or a list. */
export type MiValue = string | MiTuple | readonly MiValue[];
/** A tuple; of a list of results, the values of each name are joined in a list. */
export interface MiTuple {
  readonly [name: string]: MiValue | undefined;
}
/** One line of output. */
export type MiRecord =
  /** `^done`, `^error`: the answer to the command with this token. */
  | { readonly kind: "result"; readonly token: number | undefined; readonly name: string; readonly values: MiTuple }
  /** `*stopped`, `=thread-created`. */
  | { readonly kind: "async"; readonly name: string; readonly values: MiTuple }
  /** `~` of gdb, `@` of the target, `&` of gdb's log. */
  | { readonly kind: "stream"; readonly of: "console" | "target" | "log"; readonly text: string };

const streams = { "~": "console", "@": "target", "&": "log" } as const;
const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  '"': '"',
  "\\": "\\",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  e: "\x1b",
};

/** Reads the values of a record. */
class Reader {
  private readonly _text: string;
  private _at: number;
  constructor(text: string, at: number) {
    this._text = text;
    this._at = at;
  }
  private get _here(): string | undefined {
    return this._text[this._at];
  }
  /** A C string. Octal escapes are bytes of UTF-8. */
  string(): string {
    const bytes: number[] = [];
    for (this._at++; this._at < this._text.length && this._here !== '"'; this._at++) {
      if (this._here !== "\\") {
        bytes.push(...new TextEncoder().encode(String.fromCodePoint(this._text.codePointAt(this._at) as number)));
        if ((this._text.codePointAt(this._at) as number) > 0xffff) this._at++;
        continue;
      }
      const octal = /^[0-7]{3}/.exec(this._text.slice(this._at + 1, this._at + 4));
      if (octal) {
        bytes.push(Number.parseInt(octal[0], 8) & 0xff);
        this._at += 3;
      } else {
        this._at++;
        bytes.push(...new TextEncoder().encode(escapes[this._here ?? ""] ?? this._here ?? ""));
      }
    }
    this._at++;
    return new TextDecoder().decode(new Uint8Array(bytes));
  }
  private _value(): MiValue {
    if (this._here === '"') return this.string();
    if (this._here === "{") {
      this._at++;
      const tuple = this.results("}");
      this._at++;
      return tuple;
    }
    const list: MiValue[] = [];
    // `[`; items are values, or results of which the names say nothing.
    for (this._at++; this._at < this._text.length && this._here !== "]"; ) {
      if (this._here === ",") this._at++;
      const name = /^[\w-]+=/.exec(this._text.slice(this._at, this._at + 64));
      if (name) this._at += name[0].length;
      const before = this._at;
      list.push(this._value());
      if (this._at === before) break;
    }
    this._at++;
    return list;
  }
  /** `a="1",b={…}` up to an end. */
  results(end: string): MiTuple {
    const tuple: Record<string, MiValue> = {};
    while (this._at < this._text.length && this._here !== end) {
      if (this._here === ",") this._at++;
      const name = /^[\w-]+=/.exec(this._text.slice(this._at, this._at + 64))?.[0];
      if (name === undefined) {
        // A breakpoint with places has these behind it, without names.
        if (this._here !== "{" && this._here !== '"' && this._here !== "[") break;
        this._value();
        continue;
      }
      this._at += name.length;
      tuple[name.slice(0, -1)] = this._value();
    }
    return tuple;
  }
}

/** Reads one line. Undefined: it is no record, such as the prompt, or what a program has printed. */
export const parseRecord = (line: string): MiRecord | undefined => {
  const found = /^(\d*)([\^*+=])([\w-]+)/.exec(line);
  if (found) {
    const [whole, token = "", sign, name = ""] = found;
    const values = new Reader(line, whole.length).results("");
    return sign === "^"
      ? { kind: "result", token: token === "" ? undefined : Number(token), name, values }
      : { kind: "async", name, values };
  }
  const of = streams[line[0] as keyof typeof streams];
  return of !== undefined && line[1] === '"' ? { kind: "stream", of, text: new Reader(line, 1).string() } : undefined;
};

/** A string of a record, or "". */
export const text = (value: MiValue | undefined): string => (typeof value === "string" ? value : "");
/** A tuple of a record, or an empty one. */
export const tuple = (value: MiValue | undefined): MiTuple =>
  typeof value === "object" && !Array.isArray(value) ? (value as MiTuple) : {};
/** A list of a record, or an empty one. */
export const list = (value: MiValue | undefined): readonly MiValue[] => (Array.isArray(value) ? value : []);
/** A C string for a command. */
export const quoted = (value: string): string => `"${value.replace(/[\\"]/g, (letter) => `\\${letter}`).replaceAll("\n", "\\n")}"`;
