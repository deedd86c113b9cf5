// Programs that decide on devices: eBPF of type BPF_PROG_TYPE_CGROUP_DEVICE. Container runtimes attach one to
// each group. RFC 9669; Linux uapi linux/bpf.h struct bpf_cgroup_dev_ctx, kernel/bpf/cgroup.c
// cgroup_dev_func_proto(). No loops, no calls, no maps, no stack: a program only computes with its context.
import { E } from "../../abi/errno.ts";

/** An instruction: opcode, registers, offset and immediate. */
interface Insn {
  readonly code: number;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
}
const REGISTERS = 11;
const SIZE = 8;

const CLASS = { LDX: 1, JMP: 5, JMP32: 6, ALU: 4, ALU64: 7 } as const;
const EXIT = 0x95;
const JA = 0x05;
/** BPF_LDX | BPF_MEM | BPF_W: the only load of the context. */
const LOAD_WORD = 0x61;
const USES_REGISTER = 8;

/** The value of an ALU operation, without its width. Undefined: no such operation here. */
const alu: Readonly<Record<number, (a: bigint, b: bigint, bits: bigint) => bigint>> = {
  0x00: (a, b) => a + b,
  0x10: (a, b) => a - b,
  0x20: (a, b) => a * b,
  0x30: (a, b) => (b === 0n ? 0n : a / b),
  0x40: (a, b) => a | b,
  0x50: (a, b) => a & b,
  0x60: (a, b, bits) => a << (b & (bits - 1n)),
  0x70: (a, b, bits) => a >> (b & (bits - 1n)),
  0x80: (a) => -a,
  0x90: (a, b) => (b === 0n ? a : a % b),
  0xa0: (a, b) => a ^ b,
  0xb0: (_, b) => b,
  0xc0: (a, b, bits) => BigInt.asIntN(Number(bits), a) >> (b & (bits - 1n)),
};
/** Conditions of jumps. `s`: the operands as signed numbers. */
const conditions: Readonly<Record<number, (a: bigint, b: bigint, s: (v: bigint) => bigint) => boolean>> = {
  0x10: (a, b) => a === b,
  0x20: (a, b) => a > b,
  0x30: (a, b) => a >= b,
  0x40: (a, b) => (a & b) !== 0n,
  0x50: (a, b) => a !== b,
  0x60: (a, b, s) => s(a) > s(b),
  0x70: (a, b, s) => s(a) >= s(b),
  0xa0: (a, b) => a < b,
  0xb0: (a, b) => a <= b,
  0xc0: (a, b, s) => s(a) < s(b),
  0xd0: (a, b, s) => s(a) <= s(b),
};

const decode = (bytes: Uint8Array): Insn[] => {
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / SIZE }, (_, i) => {
    const at = i * SIZE;
    const registers = v.getUint8(at + 1);
    return { code: v.getUint8(at), dst: registers & 15, src: registers >> 4, off: v.getInt16(at + 2, true), imm: v.getInt32(at + 4, true) };
  });
};

/** The content of a register: nothing, a number, or the address of the context. */
type Kind = "none" | "number" | "context";
const join = (a: Kind, b: Kind): Kind => (a === b ? a : "none");

/** True for an instruction that exists here. */
const isKnown = ({ code }: Insn): boolean => {
  const kind = code & 7;
  if (kind === CLASS.ALU || kind === CLASS.ALU64) return alu[code & 0xf0] !== undefined;
  if (kind === CLASS.JMP || kind === CLASS.JMP32) return code === JA || code === EXIT || conditions[code & 0xf0] !== undefined;
  return code === LOAD_WORD;
};
/** The kinds after one instruction, or undefined if the instruction is not allowed. */
const step = ({ code, dst, src, off }: Insn, kinds: readonly Kind[]): Kind[] | undefined => {
  const kind = code & 7;
  const reads = (n: number): Kind => kinds[n] ?? "none";
  const after = kinds.slice();
  if (dst >= REGISTERS - 1 || src >= REGISTERS - 1) return undefined;
  if (code === LOAD_WORD) {
    if (reads(src) !== "context" || off < 0 || off > 8 || off % 4 !== 0) return undefined;
    after[dst] = "number";
    return after;
  }
  if (kind === CLASS.ALU || kind === CLASS.ALU64) {
    const operation = code & 0xf0;
    if (!alu[operation] || off !== 0) return undefined;
    const moves = operation === 0xb0;
    const operand = code & USES_REGISTER && operation !== 0x80 ? reads(src) : "number";
    if (operand === "none" || (!moves && reads(dst) !== "number")) return undefined;
    if (operand === "context" && !(moves && kind === CLASS.ALU64)) return undefined;
    after[dst] = operand;
    return after;
  }
  if (kind === CLASS.JMP || kind === CLASS.JMP32) {
    if (code === JA) return after;
    const fits = conditions[code & 0xf0] && reads(dst) === "number" && (!(code & USES_REGISTER) || reads(src) === "number");
    return fits ? after : undefined;
  }
  return undefined;
};

/** A program that was verified. */
export class DeviceProgram {
  private readonly _code: readonly Insn[];
  readonly id: number;
  private constructor(code: readonly Insn[], id: number) {
    this._code = code;
    this.id = id;
  }
  get length(): number {
    return this._code.length;
  }

  /** A verified program, or -EINVAL, -EACCES. Jumps go forward only, so that one pass sees all paths. */
  static load(bytes: Uint8Array, id: number): DeviceProgram | number {
    const code = decode(bytes);
    if (!code.every(isKnown)) return -E.EINVAL;
    const states: (Kind[] | undefined)[] = [["none", "context", ...new Array<Kind>(8).fill("none")]];
    for (const [i, insn] of code.entries()) {
      const kinds = states[i];
      // Linux check_cfg() rejects code that no path reaches.
      if (!kinds) return -E.EINVAL;
      if (insn.code === EXIT) {
        // The result must be a number: Linux check_return_code().
        if (kinds[0] !== "number") return kinds[0] === "context" ? -E.EINVAL : -E.EACCES;
        continue;
      }
      const after = step(insn, kinds);
      if (!after) return -E.EACCES;
      const jumps = (insn.code & 7) === CLASS.JMP || (insn.code & 7) === CLASS.JMP32;
      const targets = [...(insn.code === JA ? [] : [i + 1]), ...(jumps ? [i + 1 + insn.off] : [])];
      for (const to of targets) {
        if (to <= i || to >= code.length) return -E.EINVAL;
        const old = states[to];
        states[to] = old ? old.map((kind, n) => join(kind, after[n] as Kind)) : after;
      }
    }
    return new DeviceProgram(code, id);
  }

  /** True if the program allows the access. `context` has access type, major and minor number. */
  allows(context: readonly [number, number, number]): boolean {
    const r = new Array<bigint>(REGISTERS).fill(0n);
    for (let pc = 0; ; pc++) {
      const { code, dst, src, off, imm } = this._code[pc] as Insn;
      if (code === EXIT) return (r[0] as bigint) !== 0n;
      if (code === LOAD_WORD) {
        r[dst] = BigInt(context[off / 4] as number);
        continue;
      }
      const wide = (code & 7) === CLASS.ALU64 || (code & 7) === CLASS.JMP;
      const bits = wide ? 64 : 32;
      const unsigned = (v: bigint): bigint => BigInt.asUintN(bits, v);
      const a = unsigned(r[dst] as bigint);
      const b = unsigned(code & USES_REGISTER ? (r[src] as bigint) : BigInt(imm));
      if ((code & 7) === CLASS.ALU || (code & 7) === CLASS.ALU64) {
        r[dst] = unsigned((alu[code & 0xf0] as (typeof alu)[number])(a, b, BigInt(bits)));
        continue;
      }
      if (code === JA || conditions[code & 0xf0]?.(a, b, (v) => BigInt.asIntN(bits, v))) pc += off;
    }
  }
}
