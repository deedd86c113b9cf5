// x87 and SSE batches in compiled regions against the interpreter. Sequences of instructions are compiled
// once and run on many states. Most states have round to nearest, masked exceptions and normal numbers,
// because batches handle those inline. Registers, memory, recorded exceptions and the FNSTENV fields must be
// equal, also where an access faults in the middle.
import { beforeAll, describe, expect, it } from "vitest";
import { Cpu, type CpuCode } from "../../../src/cpu/cpu.ts";
import { layout } from "../../../src/cpu/machine/layout.ts";
import { cpuModel } from "../../../src/cpu/machine/model.ts";
import { at, R } from "../../../src/cpu/machine/state.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { descriptorTables } from "../../../tools/oracle/descriptors.ts";
import { MEMORY_PAGES } from "../../../tools/oracle/emulate.ts";
import { Random } from "../../../tools/oracle/random.ts";
import { selector } from "../../../tools/oracle/world.ts";

const CODE = 0x1000_0000;
const DATA = 0x2000_0000;
const pages = new Map([
  [CODE, layout.frames],
  [DATA, layout.frames + 4096],
]);
const data = layout.frames + 4096;

const sequences = Number(process.env["SEQUENCES"] ?? 30);
const states = Number(process.env["STATES"] ?? 60);

const arithmetic = ["add", "sub", "subr", "mul", "div", "divr"] as const;
const x87 = (r: Random): string => {
  const st = `st${r.below(r.chance(0.7) ? 4 : 8)}`;
  const memory = `[${r.pick(["rdi", "rsi"])}+${r.below(16) * 8}]`;
  const from = r.pick(["dword", "qword"]);
  switch (r.below(14)) {
    case 0:
    case 1:
      return `fld ${from} ${memory}`;
    case 2:
      return `fst${r.pick(["p", "p", ""])} ${from} ${memory}`;
    case 3:
    case 4:
      return `f${r.pick(arithmetic)} ${r.pick([`st0, ${st}`, `${st}, st0`])}`;
    case 5:
    case 6:
      return `f${r.pick(arithmetic)}p ${st}, st0`;
    case 7:
    case 8:
      return `f${r.pick(arithmetic)} ${from} ${memory}`;
    case 9:
      return `fld ${st}`;
    case 10:
      return r.pick([`fxch ${st}`, `fxch ${st}`, `fst ${st}`, `fstp ${st}`]);
    case 11:
      return `f${r.pick(["", "u"])}comi${r.pick(["", "p"])} st0, ${st}`;
    case 12:
      return r.pick([
        "fld1",
        "fldz",
        "fldpi",
        "fldl2t",
        "fchs",
        "fabs",
        "fsqrt",
        "fnstsw ax",
        "fwait",
        `fild ${from} ${memory}`,
        `fi${r.pick(arithmetic)} dword ${memory}`,
      ]);
    default:
      return r.pick([
        "fcom st0, st1",
        "frndint",
        `fistp ${from} ${memory}`,
        "fxam",
        "ffree st3",
        `fnstcw word ${memory}`,
        "add rax, 1",
        "mov rcx, rax",
        "inc rdx",
        "mov ecx, gs",
        "mov dx, ss",
        "lea rdx, [rdi+rax]",
      ]);
  }
};
const sse = (r: Random): string => {
  const x = `xmm${r.below(4)}`;
  const memory = `[${r.chance(0.9) ? "rdi" : "rsi"}+${r.below(8) * 16}]`;
  const kind = r.pick(["ss", "sd", "ps", "pd"]);
  const operand = r.chance(0.6) ? `xmm${r.below(4)}` : `${{ ss: "dword", sd: "qword", ps: "xmmword", pd: "xmmword" }[kind]} ${memory}`;
  switch (r.below(8)) {
    case 0:
      return r.pick([
        `movsd ${x}, qword ${memory}`,
        `movsd qword ${memory}, ${x}`,
        `movss ${x}, dword ${memory}`,
        `movapd ${x}, xmm${r.below(4)}`,
        `movsd ${x}, xmm${r.below(4)}`,
      ]);
    case 1:
      return `${r.pick(["", "u"])}comis${kind[1] === "s" ? "s" : "d"} ${x}, xmm${r.below(4)}`;
    case 2:
      return r.pick([
        `cvtsi2sd ${x}, eax`,
        `cvttsd2si rcx, ${x}`,
        `cvtss2sd ${x}, ${x}`,
        `cvtsd2ss ${x}, ${x}`,
        `cvtps2pd ${x}, ${x}`,
        `shufps ${x}, xmm1, ${r.below(256)}`,
        `pshufd ${x}, xmm2, ${r.below(256)}`,
        `psllw ${x}, ${r.below(18)}`,
        `psrldq ${x}, ${r.below(18)}`,
        `pshuflw ${x}, xmm0, ${r.below(256)}`,
      ]);
    case 3:
      return `${r.pick(["min", "max"])}${kind} ${x}, ${operand}`;
    case 4:
      return `cmp${kind} ${x}, ${operand}, ${r.below(8)}`;
    case 5:
      return `sqrt${kind} ${x}, ${operand}`;
    default:
      return `${r.pick(["add", "sub", "mul", "div"])}${kind} ${x}, ${operand}`;
  }
};

/** Arithmetic on a few registers in sequence. */
const chain = (r: Random): string => {
  const [x, y] = [`xmm${r.below(4)}`, `xmm${r.below(4)}`];
  const kind = r.pick(["sd", "sd", "ss", "pd", "ps"]);
  const memory = `[${r.pick(["rdi", "rdi", "rsi"])}+${r.below(8) * 16}]`;
  if (r.chance(0.15)) return Array.from({ length: r.pick([1, 1, 2, 4, 5]) }, () => `mul${kind} ${x}, ${x}`).join("\n");
  if (r.chance(0.1))
    return r.pick([`movapd ${x}, ${y}`, `movsd ${x}, ${y}`, `unpcklpd ${x}, ${y}`, `unpckhpd ${x}, ${y}`, `xorpd ${x}, ${x}`]);
  if (r.chance(0.15)) return r.pick([`movupd ${x}, xmmword ${memory}`, `movsd ${x}, qword ${memory}`, `movhpd ${x}, qword ${memory}`]);
  if (r.chance(0.06))
    return r.pick([`movupd xmmword ${memory}, ${x}`, `movsd qword ${memory}, ${x}`, "add rax, 1", "ldmxcsr dword [rdi+248]"]);
  if (r.chance(0.05)) return `${r.pick(["", "u"])}comis${kind[1] === "s" ? "s" : "d"} ${x}, ${y}`;
  return `${r.pick(["add", "sub", "mul", "mul", "div", "sqrt"])}${kind} ${x}, ${y}`;
};
/** A loop in which a comparison sometimes skips code. */
const looped = (r: Random, instruction: (r: Random) => string): string[] => {
  const some = () => Array.from({ length: r.below(9) }, () => instruction(r));
  const over = (label: string) =>
    r.chance(0.3)
      ? []
      : [
          `ucomisd xmm${r.below(4)}, xmm${r.below(4)}`,
          `j${r.pick(["p", "a", "b", "e", "ae", "ne", "be"])} ${label}`,
          ...some(),
          `${label}:`,
        ];
  const counted = r.chance(0.7) ? ["sub r8d, 1", "jnz again"] : [];
  return [`mov r8d, ${1 + r.below(4)}`, "again:", ...some(), ...over("one"), ...some(), ...over("two"), ...some(), ...counted, ...some()];
};

/**
 * Bits of a float with a field of `e` bits and `f` bits of fraction: mostly normal, near 1, sometimes
 * arbitrary.
 */
const float = (r: Random, e: number, f: number): bigint => {
  const bias = (1 << (e - 1)) - 1;
  if (r.chance(0.04)) return BigInt(r.below(2)) << BigInt(e + f);
  const exponent = r.chance(0.85)
    ? r.pick([
        bias,
        bias + r.below(9) - 4,
        bias + r.below(70) - 35,
        bias + (r.below(9) - 4) * (1 << (e >> 1)) + r.below(5) - 2,
        bias + r.below(2 * (bias >> 1)) - (bias >> 1),
      ])
    : r.pick([0, 0, 1, 2 * bias, 2 * bias + 1, r.below(2 * bias + 2)]);
  const fraction = r.pick([0n, 1n, (1n << BigInt(f)) - 1n, r.u64(), r.u64(), r.u64() << BigInt(r.below(f))]) & ((1n << BigInt(f)) - 1n);
  return (BigInt(r.below(2)) << BigInt(e + f)) | (BigInt(exponent) << BigInt(f)) | fraction;
};

const fill = ({ state: s }: Cpu, r: Random): void => {
  const usual = r.chance(0.85);
  s.view.setUint16(
    at.fpuControl,
    usual ? 0x37f : 0x40 | (r.chance(0.7) ? 0x3f : r.below(64)) | (r.pick([0, 2, 3]) << 8) | (r.below(4) << 10),
    true,
  );
  s.view.setUint16(at.fpuStatus, (r.below(8) << 11) | (r.u32() & 0x4700) | (r.chance(0.3) ? 0x20 : 0), true);
  s.u8[at.fpuEmpty] = r.chance(0.5) ? 0xff & (0xf0f0 >> r.below(9)) : r.u32() & 0xff;
  s.view.setUint32(at.mxcsr, r.chance(0.8) ? 0x1fa0 : 0x1f80 ^ r.pick([0, 0x40, 0x8000, 0x2000, 0x6000, 0x800, 0x1000, 0x100]), true);
  for (let n = 0; n < 8; n++) {
    const usualNumber = float(r, 15, 63);
    const exponent = Number(usualNumber >> 63n) & 0x7fff;
    const integer = exponent !== 0 ? !r.chance(0.02) : r.chance(0.1);
    s.view.setBigUint64(at.fpuRegs + n * 16, (usualNumber & ((1n << 63n) - 1n)) | (integer ? 1n << 63n : 0n), true);
    s.view.setUint16(at.fpuRegs + n * 16 + 8, exponent | (r.below(2) << 15), true);
  }
  for (let n = 0; n < 4; n++)
    for (let lane = 0; lane < 2; lane++)
      s.view.setBigUint64(at.ymm + n * 32 + lane * 8, r.chance(0.5) ? float(r, 11, 52) : float(r, 8, 23) | (float(r, 8, 23) << 32n), true);
  for (let n = 0; n < 32; n++)
    s.view.setBigUint64(
      data + n * 8,
      r.chance(0.6) ? float(r, 11, 52) : r.chance(0.7) ? float(r, 8, 23) | (float(r, 8, 23) << 32n) : r.u64(),
      true,
    );
  s.u64[R.di] = BigInt(DATA);
  s.u64[R.si] = BigInt(r.chance(0.9) ? DATA + 128 : DATA + 4096 - 8 * r.below(20));
  for (const n of [R.ax, R.cx, R.dx]) s.u64[n] = r.u64();
  s.rip = CODE;
};
/** The visible state of a program as text. */
const seen = (cpu: Cpu, why: number): string => {
  const s = cpu.state;
  const words = (name: string, from: number, to: number) =>
    `${name} ${Buffer.from(s.u8.subarray(from, to)).toString("hex").replace(/.{16}/g, "$& ")}`;
  return [
    `${why} ${s.rip.toString(16)} ${cpu.flags.toString(16)} ${s.u32[at.exitVector >> 2]}`,
    words("gpr", at.gpr, at.gpr + 64),
    words("mxcsr", at.mxcsr, at.mxcsr + 4),
    words("fpu", at.fpuControl, at.segCheck),
    ...Array.from({ length: 8 }, (_, n) => words(`r${n}`, at.fpuRegs + n * 16, at.fpuRegs + n * 16 + 10)),
    ...Array.from({ length: 4 }, (_, n) => words(`xmm${n}`, at.ymm + n * 32, at.ymm + n * 32 + 16)),
    words("memory", data, data + 256),
  ].join("\n");
};

describe("floating point in compiled regions", () => {
  let code: CpuCode;
  beforeAll(async () => {
    code = await freshCode();
  });
  const make = (engine: "jit" | "interpret"): Cpu => {
    const cpu = new Cpu(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), code, cpuModel("max:amd"));
    cpu.segments.tables = descriptorTables;
    cpu.segments.loadCode(selector.userCode64);
    cpu.setAddressSpace({ translate: (address) => pages.get(address - (address % 4096)) ?? -5 });
    cpu.engine = engine;
    cpu.jit.enabled = false;
    return cpu;
  };
  const any = (r: Random) => r.pick([x87, sse, sse, chain])(r);
  it.each([
    ["x87", x87, Number(process.env["SEED"] ?? 1)],
    ["SSE", sse, Number(process.env["SEED"] ?? 1) + 1000],
    ["both", (r: Random) => (r.chance(0.6) ? x87(r) : sse(r)), Number(process.env["SEED"] ?? 1) + 2000],
    ["runs", chain, Number(process.env["SEED"] ?? 1) + 3000],
    ["loops", chain, Number(process.env["SEED"] ?? 1) + 4000],
    ["loops of all", any, Number(process.env["SEED"] ?? 1) + 5000],
  ] as const)(
    "has the results of the interpreter: %s",
    (name, instruction, seed) => {
      const r = new Random(seed);
      const compiled = make("jit");
      const interpreted = make("interpret");
      for (let n = 0; n < sequences; n++) {
        const text = name.startsWith("loops") ? looped(r, instruction) : Array.from({ length: 2 + r.below(14) }, () => instruction(r));
        const bytes = assemble([...text, "int3"].join("\n"), { at: CODE }).bytes;
        for (const cpu of [compiled, interpreted]) {
          cpu.state.u8.set(bytes, layout.frames);
          cpu.invalidateFrame(layout.frames);
        }
        // Only executed blocks are compiled.
        for (let m = 0; m < 20; m++) {
          fill(compiled, r);
          compiled.run(1000);
        }
        compiled.state.rip = CODE;
        expect(compiled.jit.compile(CODE)).toBe(true);
        for (let m = 0; m < states; m++) {
          fill(interpreted, r);
          compiled.state.u8.set(interpreted.state.u8.subarray(0, at.rip), 0);
          for (const [from, to] of [
            [at.mxcsr, at.segCheck],
            [at.fpuRegs, at.size],
            [data, data + 4096],
          ] as const)
            compiled.state.u8.set(interpreted.state.u8.subarray(from, to), from);
          compiled.state.rip = CODE;
          compiled.flags = interpreted.flags = 2;
          const before = seen(interpreted, -1);
          const [theirs, ours] = [interpreted, compiled].map((cpu) => seen(cpu, cpu.run(1000)));
          if (ours !== theirs) expect.fail(`${text.join("; ")}\nbefore\n${before}\ninterpreted\n${theirs}\ncompiled\n${ours}`);
        }
      }
    },
    600_000,
  );
});
