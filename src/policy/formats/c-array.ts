// Filters in C sources: arrays of struct sock_filter as initialisers, designated or not, or by BPF_STMT and
// BPF_JUMP; arrays of bytes. Linux uapi linux/filter.h.
import { type Insn, jump, type Program, stmt } from "../../seccomp/index.ts";
import { type Place, Source } from "../input/source.ts";
import { constantExpression } from "./c-expression.ts";
import { readRaw } from "./raw.ts";

/** Comments as blanks of the same length, so that places stay. */
const withoutComments = (text: string): string => {
  // An open comment at the end of the text is looked for once, not at each "/*" before.
  const last = text.lastIndexOf("*/");
  const blank = (comment: string): string => comment.replace(/[^\n]/g, " ");
  const pattern = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|^[ \t]*#[^\n]*/gm;
  if (last < 0) return text.replace(/\/\/[^\n]*|^[ \t]*#[^\n]*/gm, blank);
  return text.slice(0, last + 2).replace(pattern, blank) + text.slice(last + 2).replace(/\/\/[^\n]*|^[ \t]*#[^\n]*/gm, blank);
};

/** Parts between commas that stand in no parentheses. */
const parts = (text: string, { from, to }: Place): readonly Place[] => {
  const list: Place[] = [];
  let depth = 0;
  let start = from;
  for (let at = from; at <= to; at++) {
    const character = text[at];
    if (character === "(") depth++;
    else if (character === ")") depth--;
    if (at < to && (character !== "," || depth > 0)) continue;
    if (text.slice(start, at).trim() !== "") list.push({ from: start, to: at });
    start = at + 1;
  }
  return list;
};

/** Where the parenthesis at an offset is closed. */
const closing = (text: string, open: number): number => {
  const pair = text[open] === "{" ? "{}" : "()";
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === pair[0]) depth++;
    else if (text[at] === pair[1] && --depth === 0) return at;
  }
  return text.length;
};

const INSTRUCTION = /\bBPF_STMT\s*\(|\bBPF_JUMP\s*\(|\{/g;
/** The beginning of an array of struct sock_filter, if the source has one. */
const ARRAY = /\bstruct\s+sock_filter\s+\w+\s*\[[^\]]{0,200}\]\s*=\s*\{/;
const BYTES = /\bchar\s+\w+\s*\[[^\]]{0,200}\]\s*=\s*\{/;
/** The first array of bytes: the place of its items. */
const byteArray = (text: string): Place | undefined => {
  const head = BYTES.exec(text);
  const from = head ? head.index + head[0].length : 0;
  const to = head ? text.indexOf("}", from) : -1;
  return to < 0 ? undefined : { from, to };
};

/** True if a text has an array of struct sock_filter, or lines of one. */
export const looksC = (text: string): boolean =>
  /\bBPF_(STMT|JUMP)\s*\(|\bsock_filter\b|^[ \t]*\{[^{},\n]{1,200},[^{}\n]{1,200}\}[ \t]*,?[ \t]*$/m.test(text) ||
  byteArray(text) !== undefined;

const member = (text: string, place: Place): readonly [string | undefined, Place] => {
  const name = /^\s*\.(\w+)\s*=/.exec(text.slice(place.from, place.to));
  return name ? [name[1], { from: place.from + name[0].length, to: place.to }] : [undefined, place];
};

/** Reads an array of struct sock_filter in C. Throws a Problem with the place. */
export const readC = (source: Source): Program => {
  const text = withoutComments(source.text);
  const reading = new Source(source.name, text);
  const bytes = byteArray(text);
  if (bytes && !ARRAY.test(text)) {
    const list = parts(text, bytes);
    return readRaw(
      Uint8Array.from(list, (place) => constantExpression(reading, place)),
      source.name,
    );
  }
  const array = ARRAY.exec(text);
  const first = array ? array.index + array[0].length : 0;
  const last = array ? closing(text, first - 1) : text.length;
  const program: Insn[] = [];
  INSTRUCTION.lastIndex = first;
  for (let found = INSTRUCTION.exec(text); found && found.index < last; found = INSTRUCTION.exec(text)) {
    const open = INSTRUCTION.lastIndex - 1;
    const close = closing(text, open);
    INSTRUCTION.lastIndex = close;
    const named = parts(text, { from: open + 1, to: close }).map((place) => member(text, place));
    const values = named.map(([, place]) => constantExpression(reading, place));
    const where = { from: found.index, to: close + 1 };
    program.push(
      instruction(
        source,
        found[0],
        named.map(([name]) => name),
        values,
        where,
      ),
    );
  }
  if (program.length === 0) throw source.problem({ from: 0, to: 1 }, "there is no struct sock_filter here", undefined, "policy-syntax");
  return program;
};

const instruction = (
  source: Source,
  kind: string,
  names: readonly (string | undefined)[],
  values: readonly number[],
  where: Place,
): Insn => {
  const wanted = kind.includes("STMT") ? 2 : 4;
  if (values.length !== wanted && !names.some(Boolean)) {
    throw source.problem(where, `here are ${values.length} values, an instruction has ${wanted}`);
  }
  const by = (name: string, at: number): number => {
    const found = names.indexOf(name);
    return (found >= 0 ? values[found] : names.some(Boolean) ? 0 : values[at]) ?? 0;
  };
  // C assigns to an unsigned short and to unsigned chars.
  const [code = 0, k = 0, jt = 0, jf = 0] = values;
  if (kind.includes("STMT")) return stmt(code & 0xffff, k);
  if (kind.includes("JUMP")) return jump(code & 0xffff, k, jt & 0xff, jf & 0xff);
  return { code: by("code", 0) & 0xffff, jt: by("jt", 1) & 0xff, jf: by("jf", 2) & 0xff, k: by("k", 3) };
};
