// Filters as files: BPF as bytes, hexadecimal, C; assembly.
import { x64 } from "../../abi/abi.ts";
import { aProgram } from "../../seccomp/bpf/wants.ts";
import { disassemble, disassembleLines, encodeProgram, type Insn, type Program, upstream } from "../../seccomp/index.ts";
import { oneOf, takes } from "../../wants.ts";

/** Formats of `writeProgram`. */
export const outputs = ["raw", "hex", "c", "bytes", "asm", "json"] as const;
/**
 * raw: struct sock_filter, little endian. c: an array of them. bytes: an array of char. asm: the listing that
 * `disasm` prints.
 */
export type OutputFormat = (typeof outputs)[number];

const hex = (n: number, digits: number): string => `0x${n.toString(16).padStart(digits, "0")}`;
const asmOptions = { ...upstream, abi: x64 };

const cArray = (program: Program): string => {
  const texts = disassembleLines(program, asmOptions);
  const rows = program.map(
    ({ code, jt, jf, k }: Insn, pc) => `  {${hex(code, 2)}, ${hex(jt, 2)}, ${hex(jf, 2)}, ${hex(k, 8)}},  /* ${texts[pc]} */\n`,
  );
  return `static struct sock_filter filter[] = {\n${rows.join("")}};\n`;
};
const byteArray = (bytes: Uint8Array): string => `static const unsigned char filter[] = {${Array.from(bytes).join(", ")}};\n`;
const hexLines = (bytes: Uint8Array): string =>
  Array.from({ length: bytes.length / 8 }, (_, i) =>
    Array.from(bytes.subarray(i * 8, i * 8 + 8), (b) => b.toString(16).padStart(2, "0")).join(" "),
  ).join("\n");

/** A filter as JSON data: each instruction with its text. */
export const programJson = (program: Program) => {
  const texts = disassembleLines(program, asmOptions);
  return program.map((insn, pc) => ({ pc, ...insn, text: texts[pc] as string }));
};

/**
 * A filter as a file: bytes for `raw`, else text.
 *
 * @example
 * writeFileSync("filter.bpf", writeProgram(sandbox.program, "raw"));
 */
export const writeProgram = takes(
  "writeProgram",
  { program: aProgram, format: oneOf(outputs) },
  (program: Program, format: OutputFormat): string | Uint8Array => {
    const bytes = encodeProgram(program);
    const writers: Readonly<Record<OutputFormat, () => string | Uint8Array>> = {
      raw: () => bytes,
      hex: () => `${hexLines(bytes)}\n`,
      c: () => cArray(program),
      bytes: () => byteArray(bytes),
      asm: () => disassemble(program, asmOptions),
      json: () => `${JSON.stringify(programJson(program), null, 2)}\n`,
    };
    return writers[format]();
  },
);

/**
 * The program's flow as a graph in DOT: a box for each run of instructions that is entered at its first only.
 */
export const dotOf = (program: Program): string => {
  const texts = disassembleLines(program, asmOptions);
  const targets = program.map(({ code, jt, jf, k }, pc): readonly (readonly [number, string])[] => {
    if ((code & 7) === 6) return [];
    if (code === 0x05) return [[pc + 1 + k, ""]];
    if ((code & 7) !== 5) return [[pc + 1, ""]];
    return [
      [pc + 1 + jt, "yes"],
      [pc + 1 + jf, "no"],
    ];
  });
  const entries = new Set([
    0,
    ...targets.flatMap((list, pc) => (list.length === 1 && list[0]?.[0] === pc + 1 ? [] : list.map(([to]) => to))),
  ]);
  for (const [pc, list] of targets.entries()) if (list.length !== 1 || list[0]?.[0] !== pc + 1) entries.add(pc + 1);
  const lines = ["digraph filter {", '  node [shape=box, fontname="monospace"];'];
  const quote = (text: string): string => text.replace(/["\\]/g, "\\$&");
  for (const entry of [...entries].filter((pc) => pc < program.length).sort((a, b) => a - b)) {
    let last = entry;
    while (last + 1 < program.length && !entries.has(last + 1)) last++;
    const body = texts.slice(entry, last + 1).map((text, i) => `${String(entry + i).padStart(4, "0")}: ${quote(text)}\\l`);
    lines.push(`  b${entry} [label="${body.join("")}"];`);
    for (const [to, label] of targets[last] ?? []) lines.push(`  b${entry} -> b${to}${label ? ` [label="${label}"]` : ""};`);
  }
  return `${[...lines, "}"].join("\n")}\n`;
};
