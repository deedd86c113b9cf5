// NASM as a judge of the assembler: our text in its syntax, and its bytes.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * NASM wants no size where the instruction has it already, or counts another one; in conversions of memory
 * the size says which one it is.
 */
const sizeless = /^((?:a\d\d )?(?:clflush\w*|clwb|prefetch\w*|bound|l[defgs]s|(?!v?cvtsi2|vcvtt?pd2)\w+(?=.*mm\d)) .*?)\w+ ptr /;

export const nasmText = (text: string, at: number): string =>
  text
    .replace(sizeless, "$1")
    // A bare number would stay absolute.
    .replace(/\[rel (-?\d+)\]/, (_, target) => `[rel $$+${Number(target) - at}]`)
    // It would take the prefix and leave the immediate as it was.
    .replace(/^o(16|32) (push|call|jmp) 0x/, (_, size, name) => `${name} ${size === "16" ? "word" : "dword"} 0x`)
    .replace(/ far dword ptr /, " word far ")
    .replace(/ far fword ptr /, " dword far ")
    .replace(/ ptr /g, " ")
    .replace(/\bxmmword\b/g, "oword")
    .replace(/\bymmword\b/g, "yword")
    .replace(/\btbyte\b/g, "tword")
    .replace(/\bst\((\d)\)/g, "st$1")
    .replace(/\bst\b/g, "st0")
    .replace(/\b([cdefgs]s):\[/g, "[$1:");

/** Instructions that NASM 2.16 does not have, or encodes differently on purpose. */
// biome-ignore format: table
export const nasmDiffers: readonly (readonly [RegExp, string])[] = [
  [/^(a\d\d )?(reservednop|fstpnce|fnsetpm|v?pcmpestr[im]64)\b/, "names that it does not know"],
  [/^movsxd (e|r\d+[dw]|.[xpi],)/, "MOVSXD to 32 and 16 bits"],
  [/^(a\d\d )?(mov[sz]x \w+, word ptr|bswap) .*/, "operands of 16 bits where they are of no use"],
  [/^(mov[sz]x|bswap) (.[xpi]|r\d+w)\b/, "the same in registers"],
  [/^(call|jmp) (.[xpi]|r\d+w)$|^(a\d\d )?(call|jmp) word ptr/, "near branches of 16 bits in 64-bit mode: Intel's processors have none"],
  [/^(call|jmp) far/, "far pointers of 80 bits: AMD's processors have none"],
  [/^v?(pinsr[bw]|pextr[bw]|p?movmsk\w+|extractps) .*\br/, "registers of 64 bits that get 32"],
  [/^vmov\w+ [xy]mm\d, (xmm\d+, )?[xy]mm(8|9|1\d)$/, "a move by its other opcode, where that is a byte shorter"],
  [/\[\w+\*[12][^\w]/, "an index without a base becomes a base"],
  [/\[0x\w{9,}\]/, "long absolute addresses are to be marked"],
  [/^((rep|a\d\d|o\d\d)\w* )*(loop\w*|j\w+|call) 0x\w+$/, "targets that are out of reach, or at its edge, in a long list"],
  [/^mov r(\d+|[a-d]x|[sb]p|[sd]i), [cdefgs]s$/, "REX.W that changes nothing"],
  [/eip/, "eip"],
  [/^(fn?\w+) st(\(0\))?, st(\(0\))?$/, "whether ST(0) or ST(i) is meant"],
  [/^o\d\d [ls][gi]dt/, "the operand size of descriptor tables"],
];

/** The bytes of the lines, assembled one after the other. Throws NASM's messages. */
export const nasmBytes = (lines: readonly string[], mode: number, at: number): Uint8Array | string => {
  const folder = mkdtempSync(join(tmpdir(), "trapgate-nasm-"));
  try {
    const source = join(folder, "code.asm");
    writeFileSync(source, [`bits ${mode}`, `org ${at}`, ...lines, ""].join("\n"));
    const { status, stderr } = spawnSync("nasm", ["-w-all", "-f", "bin", "-o", join(folder, "code"), source], { encoding: "utf8" });
    if (status !== 0) {
      const complaints = [...stderr.matchAll(/:(\d+): error: (.*)/g)].map(([, line, what]) => `${lines[Number(line) - 3]}: ${what}`);
      return complaints.slice(0, 10).join("\n") || stderr;
    }
    return readFileSync(join(folder, "code"));
  } finally {
    rmSync(folder, { recursive: true });
  }
};
