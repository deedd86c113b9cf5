// Register names of assemblers. SDM Vol. 1 3.4.1, Vol. 2A 3.1.1.3.
import type { Decoded } from "../decode/decoder.ts";
import type { Operand } from "../isa/row.ts";
import { gprNames, segNames } from "../machine/state.ts";

const legacy = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"] as const;
const lowBytes = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"] as const;
/** Byte registers 4 to 7 without REX. SDM Vol. 2A Table 3-1 */
const highBytes = ["ah", "ch", "dh", "bh"] as const;

/** The name of a general register of 8, 16, 32 or 64 bits. `high`: byte registers 4 to 7 are ah ch dh bh. */
export const generalName = (r: number, width: number, high = false): string => {
  if (r >= 8) return `r${r}${{ 8: "b", 16: "w", 32: "d" }[width] ?? ""}`;
  if (width === 8) return (high && r >= 4 ? highBytes[r - 4] : lowBytes[r]) as string;
  return width === 16 ? (legacy[r] as string) : width === 32 ? `e${legacy[r]}` : (gprNames[r] as string);
};

/** The name of a vector register of 128 or 256 bits. */
export const vectorName = (r: number, width: number): string => `${width === 256 ? "y" : "x"}mm${r}`;

/** The name of an operand's register. Throws if the operand is not a register. */
export const registerName = (d: Decoded, o: Operand, width: number): string => {
  const general = (r: number) => generalName(r, width, d.rex === 0);
  switch (o.kind) {
    case "rm":
    case "rmreg":
      return general(d.rm);
    case "reg":
      return general(d.reg);
    case "opreg":
      return general(d.opreg);
    case "fixed":
      return generalName(o.register, width);
    case "named":
      return o.spec.toLowerCase();
    case "vreg":
      return general(d.vvvv);
    case "xmm":
      return vectorName(d.reg, width);
    case "xmmrm":
    case "xmmU":
      return vectorName(d.rm, width);
    case "xmmH":
      return vectorName(d.vvvv, width);
    case "xmmL":
      return vectorName((d.immLo >> 4) & (d.mode === 64 ? 15 : 7), width);
    case "mm":
      return `mm${d.reg & 7}`;
    case "mmrm":
    case "mmN":
      return `mm${d.rm & 7}`;
    case "st":
      return "st";
    case "sti":
      return `st(${d.rm & 7})`;
    case "sreg":
      return segNames[d.reg & 7] as string;
    // LOCK replaces REX.R outside 64-bit mode. APM Vol. 3 MOV (CRn)
    case "creg":
      return `cr${d.reg + (d.lock ? 8 : 0)}`;
    case "dreg":
      return `dr${d.reg}`;
    default:
      throw new Error(`operand ${o.spec} of ${d.row.name} is no register`);
  }
};
/** A register by kind and number. */
export interface NamedRegister {
  readonly kind: "general" | "xmm" | "mm" | "st" | "segment" | "control" | "debug";
  readonly number: number;
  /** Width in bits. */
  readonly width: number;
  /** Byte registers: "high" is ah ch dh bh, "rex" spl bpl sil dil, which need a REX prefix. */
  readonly byte?: "high" | "rex";
}

/** All registers by name, except rip and eip. */
export const registers: ReadonlyMap<string, NamedRegister> = (() => {
  const all = new Map<string, NamedRegister>();
  for (let number = 0; number < 16; number++) {
    for (const width of [16, 32, 64]) all.set(generalName(number, width), { kind: "general", number, width });
    all.set(generalName(number, 8), { kind: "general", number, width: 8, ...(number >= 4 && number < 8 ? { byte: "rex" as const } : {}) });
    for (const width of [128, 256]) all.set(vectorName(number, width), { kind: "xmm", number, width });
    all.set(`cr${number}`, { kind: "control", number, width: 64 });
  }
  highBytes.forEach((name, n) => all.set(name, { kind: "general", number: n + 4, width: 8, byte: "high" }));
  segNames.forEach((name, number) => all.set(name, { kind: "segment", number, width: 16 }));
  all.set("st", { kind: "st", number: 0, width: 80 });
  for (let number = 0; number < 8; number++) {
    for (const name of [`st(${number})`, `st${number}`]) all.set(name, { kind: "st", number, width: 80 });
    all.set(`mm${number}`, { kind: "mm", number, width: 64 });
    all.set(`dr${number}`, { kind: "debug", number, width: 64 });
  }
  return all;
})();
