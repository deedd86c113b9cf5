// objdump as a judge: the instructions of a program's .text, and its text levelled to ours.
import { spawnSync } from "node:child_process";

export interface Listed {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** The lines of objdump -d -M intel for a file's .text. */
export const listing = (file: string): Listed[] => {
  const { stdout, status } = spawnSync("objdump", ["-d", "-M", "intel", "-w", "-z", "-j", ".text", file], {
    encoding: "latin1",
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(`objdump ${file}`);
  const lines: Listed[] = [];
  for (const line of stdout.split("\n")) {
    const [address, bytes, text] = line.split("\t");
    if (address === undefined || bytes === undefined || !address.endsWith(":")) continue;
    lines.push({ address: Number.parseInt(address, 16), bytes: Buffer.from(bytes.replaceAll(" ", ""), "hex"), text: text ?? "" });
  }
  return lines;
};

/** objdump names a prefix that an instruction does not use. */
const idle = /^(?:(?:data16|addr32|cs|ds|es|ss|notrack|bnd|rex\.\w+|repz(?= ret)) )+/;
const strings = /^((?:rep\w* )?)(movs|cmps|stos|lods|scas|ins|outs) +(.*)$/;
const letters: Readonly<Record<string, string>> = { byte: "b", word: "w", dword: "d", qword: "q" };

/** Of CMPPS and its kin. SDM Vol. 2A Table 3-1, CMPPD */
const predicates = ["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"];

/** objdump gives no size of an absolute operand where a register has it. */
const sizeOfAbsolute = /\w+ ptr (?=(?:\w\w:)?\[0x)/;

/**
 * Sizes in capitals, `*1`, zero displacements, targets without 0x, names of symbols, and other ways to say
 * the same.
 */
export const levelObjdump = (text: string, mode: 16 | 32 | 64): string => {
  const t = text
    .replace(/ *[#<].*$/, "")
    .replace(/ +/g, " ")
    .trim()
    .toLowerCase()
    .replace(idle, "");
  const string = strings.exec(t);
  if (string) {
    const [, prefix, name, operands] = string as unknown as [string, string, string, string];
    const size = /(\w+) ptr/.exec(operands)?.[1] as string;
    const segment = /ptr ([fg]s):/.exec(operands)?.[1];
    const address = mode === 64 && /\[e/.test(operands) ? "a32 " : "";
    return `${prefix.replace("repz", "repe").replace("repnz", "repne")}${segment ? `${segment} ` : ""}${address}${name}${letters[size]}`;
  }
  return (
    t
      .replace(/^movabs /, "mov ")
      .replace(/^xchg ax,ax$/, "nop")
      .replace(/^repz ret/, "ret")
      .replace(/^((?:call|jmp|j\w+|loop\w*) )([0-9a-f]+)$/, "$10x$2")
      .replace(/\b(ds|cs|es|ss|fs|gs):(0x[0-9a-f]+)/g, (_, s, n) => (s === "ds" ? `[${n}]` : `${s}:[${n}]`))
      // An address only computed is in no segment: some versions name the prefix as an idle one, some as the
      // operand's (2.44).
      .replace(/^(lea \w+,)[c-gs]s:/, "$1")
      .replace(/([fcdegs]s:)?\[([^\]]*)\]/g, (_, s, inner: string) => {
        const plain = inner.replace(/(?<=\+\w+)\*1/, "").replace(/\+[er]iz(\*1)?/, "");
        return `${mode === 64 && s && !/[fg]s/.test(s) ? "" : s === "ds:" ? "" : (s ?? "")}[${plain.replace(/[+-]0x0$/, "")}]`;
      })
      .replace(sizeOfAbsolute, "")
      .replace(/rip\+0x(f{8,}[0-9a-f]+)/, (_, n) => `rip-0x${(-BigInt.asIntN(64, BigInt(`0x${n}`))).toString(16)}`)
      .replace(
        /^cmp(eq|lt|le|unord|neq|nlt|nle|ord)([sp][sd]) (.*)$/,
        (_, how, type, operands) => `cmp${type} ${operands},0x${predicates.indexOf(how)}`,
      )
  );
};
/** objdump writes no ST(0) in comparisons. */
export const levelOurs = (text: string): string =>
  text
    .replaceAll(", ", ",")
    .replace(sizeOfAbsolute, "")
    .replace(/^(fcomp?) st,/, "$1 ");
