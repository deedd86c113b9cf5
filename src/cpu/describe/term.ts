// Terms: the values of a description and their text. Operators are C's, with an s for signed ones. Every
// operand that is an expression is in parentheses, so that readers need no precedences.

/** A read of a register, memory or a flag. Its location may be overwritten before the use (program.ts). */
export interface Read {
  readonly kind: "read";
  readonly text: () => string;
  /** The locations that it depends on: its own, and the registers of its address. */
  readonly places: readonly string[];
  /** Width in bits, or 0 if unknown. */
  readonly width: number;
  readonly memory: boolean;
  /** The order of the read among all events. */
  readonly time: number;
  name: string | undefined;
}
/** A named value: `let`, or the result of a routine. */
export interface Binding {
  readonly kind: "binding";
  readonly wanted: string;
  readonly value: Term;
  /** True for a call with an effect, which is not moved. */
  readonly effect: boolean;
  readonly time: number;
  readonly block: readonly unknown[];
  /**
   * Set by program.ts. `inline`: the value is written at its use. `held`: the location that holds it from a
   * time on.
   */
  inline: boolean;
  held: { readonly place: string; readonly after: number } | undefined;
  name: string | undefined;
}
/** An operator or function applied to terms. */
export interface TermOperation {
  readonly kind: "operation";
  readonly name: string;
  readonly args: readonly Term[];
}
/** A constant, as an unsigned 64-bit integer. */
export interface Constant {
  readonly kind: "constant";
  readonly value: bigint;
}
/** A fixed text. */
export interface TermText {
  readonly kind: "word";
  readonly text: string;
}
/** A value of a description. */
export type Term = Read | Binding | TermOperation | Constant | TermText;

/** A term from a fixed text. */
export const word = (text: string): TermText => ({ kind: "word", text });
/** A constant term. */
export const constant = (value: number | bigint): Constant => ({ kind: "constant", value: BigInt(value) });
/** A term from an operator or function name and its arguments. */
export const operation = (name: string, ...args: Term[]): TermOperation => ({ kind: "operation", name, args });

/** Decimal for small numbers (offsets, counts), hexadecimal for large ones; negative if they nearly wrap. */
const numberText = (v: bigint): string => {
  const signed = BigInt.asIntN(64, v);
  if (signed > -0x1000n && signed < 0n) return `-${numberText(-signed)}`;
  const n = BigInt.asUintN(64, v);
  return n < 10n ? `${n}` : `0x${n.toString(16)}`;
};

/** The value of an inlined binding at a time; other terms unchanged. */
export const resolved = (t: Term, time: number): Term =>
  t.kind === "binding" && t.inline && !(t.held && time > t.held.after) ? resolved(t.value, time) : t;

/** Operators between two operands; all other names are functions. */
const infix = new Set(["+", "-", "*", "/", "%", "/s", "%s", "&", "|", "^", "<<", ">>", ">>s", "=", "≠", "<", "≤", "<s", "≤s"]);
/** Chains without parentheses: a + b + c. */
const chains: Readonly<Record<string, readonly string[]>> = { "+": ["+", "-"], "-": ["+", "-"], "&": ["&"], "|": ["|"], "^": ["^"] };

/** The state that determines the text of terms at one time. */
export interface TermTime {
  /** The text of a read or a bound value at that time. */
  readText(r: Read): string;
  bindingText(b: Binding): string | Term;
}

/** Masks of few cleared bits are written inverted; shift counts are decimal. */
const rightText = (name: string, t: Term): string | undefined => {
  if (t.kind !== "constant") return undefined;
  const others = BigInt.asUintN(64, ~t.value);
  if (name === "&" && others < 1n << 32n) return `~0x${others.toString(16)}`;
  return /<<|>>/.test(name) ? `${t.value}` : undefined;
};

const isAtom = (t: Term): boolean => t.kind !== "operation" || (!infix.has(t.name) && t.name !== "?");

/** The text of a term at one time. `under`: the operator around it, which determines parentheses. */
export const termText = (term: Term, m: TermTime, under?: string): string => {
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
const operationText = (name: string, args: readonly Term[], m: TermTime): string => {
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
/** The low w bits; the value itself if it has no more. */
export const cut = (t: Term, w: number): Term => (w >= 64 || widthOf(t) <= w ? t : operation(`low${w}`, t));
/** Removes a cut that a destination of w bits makes anyway. */
export const uncut = (t: Term, w: number, time: number): Term => {
  const r = resolved(t, time);
  const found = r.kind === "operation" ? /^low(\d+)$/.exec(r.name) : null;
  return found && Number(found[1]) >= w && r.kind === "operation" ? (r.args[0] as Term) : t;
};
