// One statement of filter text to one instruction with labels as jump targets. Each form is a pattern and
// its meaning.
import { E } from "../../abi/errno.ts";
import { syscallNumbers } from "../../abi/numbers.ts";
import { didYouMean } from "../../nearest.ts";
import { BPF, type Insn, stmt } from "../bpf/insn.ts";
import { aluOps, jumpOps } from "../bpf/ops.ts";
import { type AsmOptions, archNames, constantOf, returnOf, wordOffset, wordText } from "./names.ts";

/** An instruction whose targets are labels; an absent one is the next instruction. */
export interface Unlinked {
  readonly insn: Insn;
  readonly yes?: string;
  readonly no?: string;
  /** `goto`: the target is stored in k. */
  readonly always?: string;
}
/** A mistake in a statement. */
export interface Wrong {
  readonly code: "syntax" | "unknown-name" | "number-range";
  readonly message: string;
  /** The part of the statement that is wrong, and the nearest name. */
  readonly part?: string;
  readonly help?: string;
}
type Meaning = (groups: readonly string[], options: AsmOptions) => Unlinked | Wrong;

const unknown = (what: string, text: string, part: string, known: Iterable<string>): Wrong => {
  const help = didYouMean(part, known);
  return { code: "unknown-name", message: `${what} ${JSON.stringify(text)} is not known`, part, ...(help === undefined ? {} : { help }) };
};
const values = (): readonly string[] => [...archNames.map(([name]) => name), ...Object.keys(syscallNumbers)];
/** The words of struct seccomp_data that a statement can load. */
const fields = ({ layout }: AsmOptions): readonly string[] => layout.words.filter((word) => word !== "reserved").map(wordText);
/** The name or the error of an action that is not known. */
const unknownAction = (text: string, { returns }: AsmOptions): Wrong => {
  const [, name = text, data] = /^(\w+)(?:\(\s*(\w+)\s*\))?$/.exec(text) ?? [];
  const names = returns.actions.map((row) => row.name);
  return names.includes(name) && data !== undefined ? unknown("error", data, data, Object.keys(E)) : unknown("action", text, name, names);
};
const tooLarge: Wrong = { code: "number-range", message: "a number is too large for its field" };
const plain = (code: number, k = 0): Unlinked => ({ insn: stmt(code, k) });
/** The K form with a constant, or the X form. */
const withOperand = (code: number, text: string, options: AsmOptions, make: (insn: Insn) => Unlinked): Unlinked | Wrong => {
  if (text === "X") return make(stmt(code | BPF.X));
  const k = constantOf(text, options.abi);
  return k === undefined ? unknown("value", text, text.replace(/^\w+\./, ""), values()) : make(stmt(code | BPF.K, k));
};

interface Comparison {
  readonly field: number;
  readonly inverted: boolean;
}
const comparisons: ReadonlyMap<string, Comparison> = new Map(
  jumpOps.flatMap(({ field, sign, inverse }): [string, Comparison][] => [
    [sign, { field, inverted: false }],
    [inverse, { field, inverted: true }],
  ]),
);
const compare = (sign: string, value: string, yes: string | undefined, no: string | undefined, options: AsmOptions): Unlinked | Wrong => {
  const { field, inverted } = comparisons.get(sign) as Comparison;
  const [onTrue, onFalse] = inverted ? [no, yes] : [yes, no];
  return withOperand(BPF.JMP | field, value, options, (insn) => ({
    insn,
    ...(onTrue === undefined ? {} : { yes: onTrue }),
    ...(onFalse === undefined ? {} : { no: onFalse }),
  }));
};

const widthFields: Readonly<Record<string, number>> = { "": BPF.W, ":4": BPF.W, ":2": BPF.H, ":1": BPF.B };
const load = (mode: number, k: string, width = ""): Unlinked => plain(BPF.LD | (widthFields[width] as number) | mode, Number(k));

const VALUE = "(-?[\\w.]+)";
const LABEL = "([\\w.$]+)";
const SIGN = "(==|!=|>=|<=|>|<|!&|&)";
const NUMBER = "(0x[0-9a-fA-F]+|\\d+)";
const form = (pattern: string, meaning: Meaning): readonly [RegExp, Meaning] => [
  new RegExp(`^${pattern.replaceAll(" ", "\\s*").replaceAll("_", "\\s+")}$`),
  meaning,
];
const registers = { A: BPF.LD, X: BPF.LDX } as const;
const stores = { A: BPF.ST, X: BPF.STX } as const;
type Register = keyof typeof registers;

const forms: readonly (readonly [RegExp, Meaning])[] = [
  form("A = -A", () => plain(BPF.ALU | BPF.NEG)),
  form("A = X", () => plain(BPF.MISC | BPF.TXA)),
  form("X = A", () => plain(BPF.MISC | BPF.TAX)),
  form("([AX]) = len", ([r]) => plain(registers[r as Register] | BPF.LEN)),
  form(`([AX]) = mem \\[ ${NUMBER} \\]`, ([r, k]) => plain(registers[r as Register] | BPF.MEM, Number(k))),
  form(`mem \\[ ${NUMBER} \\] = ([AX])`, ([k, r]) => plain(stores[r as Register], Number(k))),
  form(`A = data \\[ ${NUMBER} (:[124])? \\]`, ([k, width]) => load(BPF.ABS, k as string, width)),
  form(`A = data \\[ X \\+ ${NUMBER} (:[124])? \\]`, ([k, width]) => load(BPF.IND, k as string, width)),
  form(`X = 4 \\* \\( data \\[ ${NUMBER} :1 \\] & 0xf \\)`, ([k]) => plain(BPF.LDX | BPF.B | BPF.MSH, Number(k))),
  form("A = ([a-z]+.*)", ([text], options) => {
    const at = wordOffset(options.layout, (text as string).replace(/\s*>>\s*32$/, " >> 32"));
    if (at !== undefined) return plain(BPF.LD | BPF.W | BPF.ABS, at);
    const made = withOperand(BPF.LD | BPF.IMM, text as string, options, (insn) => ({ insn }));
    return "code" in made && made.code === "unknown-name"
      ? unknown("value", text as string, made.part ?? (text as string), [...fields(options), ...values()])
      : made;
  }),
  form(`([AX]) = ${VALUE}`, ([r, text], { abi }) => {
    const k = constantOf(text as string, abi);
    return k === undefined
      ? unknown("value", text as string, (text as string).replace(/^\w+\./, ""), values())
      : plain(registers[r as Register] | BPF.IMM, k);
  }),
  form(`A (<<|>>|[-+*/|&%^])= ${VALUE}`, ([sign, text], options) => {
    const field = aluOps.find((op) => op.sign === sign)?.field as number;
    return withOperand(BPF.ALU | field, text as string, options, (insn) => ({ insn }));
  }),
  form(`A ${SIGN} ${VALUE} \\? ${LABEL} : ${LABEL}`, ([sign, value, yes, no], o) => compare(sign as string, value as string, yes, no, o)),
  form(`if \\( A ${SIGN} ${VALUE} \\) goto_${LABEL}`, ([sign, value, yes], o) =>
    compare(sign as string, value as string, yes, undefined, o),
  ),
  form(`if \\( A ${SIGN} ${VALUE} \\) goto_${LABEL}_else_goto_${LABEL}`, ([sign, value, yes, no], o) =>
    compare(sign as string, value as string, yes, no, o),
  ),
  form(`if \\( ! \\( A & ${VALUE} \\) \\) goto_${LABEL}`, ([value, no], o) => compare("!&", value as string, no, undefined, o)),
  form(`(?:goto|jmp)_${LABEL}`, ([always]) => ({ insn: stmt(BPF.JMP | BPF.JA), always: always as string })),
  form("return_A", () => plain(BPF.RET | BPF.A)),
  form("return_(.+)", ([text], options) => {
    const value = returnOf(options.returns, text as string);
    return value === undefined ? unknownAction(text as string, options) : plain(BPF.RET | BPF.K, value);
  }),
  form(`\\.insn_${NUMBER}_${NUMBER}_${NUMBER}_${NUMBER}`, (fields) => {
    const [code, jt, jf, k] = fields.map(Number) as [number, number, number, number];
    if (code > 0xffff || jt > 0xff || jf > 0xff) return tooLarge;
    return { insn: { code, jt, jf, k } };
  }),
];

/** Characters of a statement. */
const LONGEST = 500;

/** Parses one statement. A mistake is returned. */
export const parseStatement = (text: string, options: AsmOptions): Unlinked | Wrong => {
  // Patterns go back over blanks: a line of thousands of them is no statement.
  if (text.length > LONGEST) return { code: "syntax", message: `a statement has at most ${LONGEST} characters` };
  for (const [pattern, meaning] of forms) {
    const groups = pattern.exec(text)?.slice(1);
    if (groups) return groups.some((g) => Number(g) > 0xffff_ffff) ? tooLarge : meaning(groups, options);
  }
  return { code: "syntax", message: `${JSON.stringify(text)} is no statement` };
};
