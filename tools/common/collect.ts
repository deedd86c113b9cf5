// `npm run common -- FILE...`: beginnings.txt, from programs' code. What is data among code decodes to something too: only what is met often enough counts.
import { readFileSync, writeFileSync } from "node:fs";
import { Decoder, noRegister, opcodeIndex } from "../../src/cpu/decode.ts";
import { formOf } from "../../src/cpu/instance.ts";
import { Instructions, packLists } from "../../src/cpu/instructions.ts";
import { cpuModel, defaultModel } from "../../src/cpu/model.ts";
import { sizeIndex } from "../../src/cpu/row.ts";
import { rows } from "../../src/cpu/rows/all.ts";
import { displacementOf } from "../../src/cpu/templates.ts";
import { beginningsFile, contextOf } from "./common.ts";

const least = 2;
/** What the vDSO has, and C libraries once. */
const besides = { 64: ["6488042500"], 32: ["0f05", "0f34", "8ee8", "f30f1efb"] } as const;

const instructions = new Instructions((number) => rows[number]!, {
  opcodes: packLists(opcodeIndex(rows)),
  forms: packLists(rows.map(() => [])),
});
const decoder = new Decoder(instructions.tables(cpuModel(defaultModel)!));

/** Executable sections. System V ABI, ELF-64 and ELF-32 section headers. */
const codeOf = (file: Buffer): { readonly mode: 64 | 32; readonly parts: readonly Buffer[] } => {
  const long = file[4] === 2;
  const word = (at: number): number => (long ? Number(file.readBigUInt64LE(at)) : file.readUInt32LE(at));
  const [headers, size, count] = long
    ? [word(40), file.readUInt16LE(58), file.readUInt16LE(60)]
    : [word(32), file.readUInt16LE(46), file.readUInt16LE(48)];
  const parts: Buffer[] = [];
  for (let n = 0; n < count; n++) {
    const header = headers + n * size;
    const [flags, offset, length] = long ? [header + 8, header + 24, header + 32] : [header + 8, header + 16, header + 20];
    if (file.readUInt32LE(header + 4) === 1 && word(flags) & 4) parts.push(file.subarray(word(offset), word(offset) + word(length)));
  }
  return { mode: long ? 64 : 32, parts };
};

const found = { 64: new Map<string, { hex: string; times: number }>(), 32: new Map<string, { hex: string; times: number }>() };
for (const name of process.argv.slice(2)) {
  const { mode, parts } = codeOf(readFileSync(name));
  for (const code of parts) {
    for (let at = 0; at < code.length; at++) {
      if (decoder.decode(code, at, code.length, at, mode) !== "ok") continue;
      const { d } = decoder;
      const { row, modrm, modrmByte, base, index } = d;
      const immediate = row.shape.immediates.reduce((sum, o) => sum + (o.widths[sizeIndex(d.size)] >> 3), 0);
      const memory = row.hasModrm && modrm < 0xc0;
      const displacement = displacementOf(d);
      const begins = code.subarray(at, at + d.length - displacement - immediate);
      const prefixes = [...begins.subarray(0, -1)].filter((byte) => (byte & 0xf0) !== 0x40 || mode === 32);
      const key = [
        row.encoding,
        formOf(d, contextOf(mode)).key,
        prefixes.slice(0, 3).join(","),
        d.rex,
        displacement,
        memory && (modrmByte & 7) === 4,
      ];
      const text = [...key, base === noRegister, index === noRegister, modrm >= 0xc0].join("|");
      const there = found[mode].get(text) ?? { hex: begins.toString("hex").replace(/(?<=..)(00)+$/, ""), times: 0 };
      there.times++;
      found[mode].set(text, there);
      at += d.length - 1;
    }
  }
}
const lines = ([64, 32] as const).flatMap((mode) => {
  const often = [...found[mode].values()].filter(({ times }) => times >= least).sort((a, b) => b.times - a.times);
  return [
    `${mode}-bit`,
    ...[...new Set([...often.map(({ hex }) => hex), ...besides[mode]])]
      .join(" ")
      .match(/.{1,150}(?= |$)/g)!
      .map((line) => line.trim()),
  ];
});
const head =
  "# First bytes of instructions that programs have: `npm run common` has written this. Up to modrm or SIB, zeroes at the end left out; the most frequent ones first.";
writeFileSync(beginningsFile, `${[head, ...lines].join("\n")}\n`);
