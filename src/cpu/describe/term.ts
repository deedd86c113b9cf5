// Values of a description: what an expression is made of, and how it is written. Operators are C's, with an s for signed ones; every
// operand that is an expression itself stands in parentheses, so nobody has to know precedences.

/** Something that was read: a register, memory, a flag. What it held may be overwritten before it is used: see program.ts. */
export interface Read {
  readonly kind: "read";
  readonly text: () => string;
  /** Places that it depends on: its own, and those of registers in its address. */
  readonly places: readonly string[];
  /** In bits, or 0 if that says nothing. */
  readonly width: number;
  readonly memory: boolean;
  /** Order of events, and the place in the program where a name for it would be bound. */
  readonly time: number;
  name: string | undefined;
}
/** A value with a name of its own: `let`, and what routines give. */
export interface Binding {
  readonly kind: "binding";
  readonly wanted: string;
  readonly value: Term;
  /** A call that does something: it stays where it is. */
  readonly effect: boolean;
  readonly time: number;
  readonly block: readonly unknown[];
  /** Decided by program.ts: written where it is used; or the place that holds it from some time on. */
  inline: boolean;
  held: { readonly place: string; readonly after: number } | undefined;
  name: string | undefined;
}
export interface Operation {
  readonly kind: "operation";
  readonly name: string;
  readonly args: readonly Term[];
}
export interface Constant {
  readonly kind: "constant";
  readonly value: bigint;
}
export interface Word {
  readonly kind: "word";
  readonly text: string;
}
export type Term = Read | Binding | Operation | Constant | Word;

export const word = (text: string): Word => ({ kind: "word", text });
export const constant = (value: number | bigint): Constant => ({ kind: "constant", value: BigInt(value) });
export const operation = (name: string, ...args: Term[]): Operation => ({ kind: "operation", name, args });

/** Small numbers in decimal, as offsets and counts are; large ones in hexadecimal, negative if they nearly wrap. */
const numberText = (v: bigint): string => {
  const signed = BigInt.asIntN(64, v);
  if (signed > -0x1000n && signed < 0n) return `-${numberText(-signed)}`;
  const n = BigInt.asUintN(64, v);
  return n < 10n ? `${n}` : `0x${n.toString(16)}`;
};

/** What a binding stands for where it is written out, at a time. */
export const resolved = (t: Term, time: number): Term =>
  t.kind === "binding" && t.inline && !(t.held && time > t.held.after) ? resolved(t.value, time) : t;

/** Operators between two operands; all else is a function's name. */
const infix = new Set(["+", "-", "*", "/", "%", "/s", "%s", "&", "|", "^", "<<", ">>", ">>s", "=", "≠", "<", "≤", "<s", "≤s"]);
/** a + b + c needs no parentheses. */
const chains: Readonly<Record<string, readonly string[]>> = { "+": ["+", "-"], "-": ["+", "-"], "&": ["&"], "|": ["|"], "^": ["^"] };

/** Writes terms as they read at one moment. */
export interface Moment {
  /** How a read or a bound value is written then. */
  readText(r: Read): string;
  bindingText(b: Binding): string | Term;
}

/** Masks say which bits go, if those are few; shifts count in decimal. */
const rightText = (name: string, t: Term): string | undefined => {
  if (t.kind !== "constant") return undefined;
  const others = BigInt.asUintN(64, ~t.value);
  if (name === "&" && others < 1n << 32n) return `~0x${others.toString(16)}`;
  return /<<|>>/.test(name) ? `${t.value}` : undefined;
};

const isAtom = (t: Term): boolean => t.kind !== "operation" || (!infix.has(t.name) && t.name !== "?");

export const termText = (term: Term, m: Moment, under?: string): string => {
  let t = term;
  while (t.kind === "binding") {
    const next = m.bindingText(t);
    if (typeof next === "string") return next;
    t = next;
  }
  switch (t.kind) {
    case "word":
      return t.text;
    case "constant":
      return numberText(t.value);
    case "read":
      return m.readText(t);
    case "operation": {
      const { name, args } = t;
      const text = operationText(name, args, m);
      return under === undefined || isAtom(t) || chains[under]?.includes(name) ? text : `(${text})`;
    }
  }
};
const operationText = (name: string, args: readonly Term[], m: Moment): string => {
  const [a, b, c] = args as [Term, Term, Term];
  if (name === "?") return `${termText(a, m, "?")} ? ${termText(b, m, "?")} : ${termText(c, m, "?")}`;
  if (name === "~" || name === "!") return `${name}${termText(a, m, "~")}`;
  if (!infix.has(name)) return `${name}(${args.map((x) => termText(x, m)).join(", ")})`;
  if (name === "-" && a.kind === "constant" && a.value === 0n) return `-${termText(b, m, "~")}`;
  // Only the left operand continues a chain: a - (b - c).
  return `${termText(a, m, name)} ${name} ${rightText(name, b) ?? termText(b, m, name === "-" ? "" : name)}`;
};

/** Width in bits beyond which a term is known to be zero, or 64. */
const widthOf = (t: Term): number => {
  if (t.kind === "read" && t.width > 0) return t.width;
  const found = t.kind === "operation" ? /^low(\d+)$/.exec(t.name) : null;
  return found ? Number(found[1]) : 64;
};
/** The low w bits: nothing is said of a value that has no more. */
export const cut = (t: Term, w: number): Term => (w >= 64 || widthOf(t) <= w ? t : operation(`low${w}`, t));
/** Without a cut that a destination of w bits makes anyway. */
export const uncut = (t: Term, w: number, time: number): Term => {
  const r = resolved(t, time);
  const found = r.kind === "operation" ? /^low(\d+)$/.exec(r.name) : null;
  return found && Number(found[1]) >= w && r.kind === "operation" ? (r.args[0] as Term) : t;
};
