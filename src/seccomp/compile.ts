// Compiles a checked program to one WebAssembly function. Jumps only go forward, so every jump target is the
// end of a block, and the blocks nest with the first target innermost. The result equals that of `evaluate`;
// tests compare the two.
import { Body, i32c, localGet, node, op, type WasmNode, wt } from "../wasm/encoder.ts";
import { ModuleWriter } from "../wasm/module.ts";
import { BPF, type Insn, MEM_WORDS, type Program } from "./bpf/insn.ts";
import { aluByCode, jumpByCode, usesX } from "./bpf/ops.ts";
import type { EvaluatorRules } from "./evaluate.ts";

/** Runs the program on the words in its linked memory. Returns the 32-bit return value. */
export type CompiledFilter = () => number;

/** The possible next instructions. */
const successors = ({ code, jt, jf, k }: Insn, pc: number): number[] => {
  if (code === (BPF.JMP | BPF.JA)) return [pc + 1 + k];
  if (jumpByCode[code]) return [pc + 1 + jt, pc + 1 + jf];
  return code === (BPF.RET | BPF.K) || code === (BPF.RET | BPF.A) ? [] : [pc + 1];
};

/** The state of a program before an instruction. */
export interface Start {
  readonly pc: number;
  readonly a: number;
  readonly x: number;
  readonly mem: Uint32Array;
}
/** One program of a path, with the state from which it runs. */
export interface FilterStep {
  readonly program: Program;
  readonly start: Start;
}
const beginning: Start = { pc: 0, a: 0, x: 0, mem: new Uint32Array(MEM_WORDS) };

/** The reachable instructions, and the targets of jumps among them. */
const reach = (program: Program, start: number): { reached: Uint8Array; targets: number[] } => {
  const reached = new Uint8Array(program.length);
  const jumped = new Uint8Array(program.length);
  reached[start] = 1;
  for (const [pc, insn] of program.entries()) {
    if (!reached[pc]) continue;
    for (const next of successors(insn, pc)) {
      reached[next] = 1;
      if (next !== pc + 1) jumped[next] = 1;
    }
  }
  return { reached, targets: [...jumped.keys()].filter((pc) => jumped[pc]) };
};

/** Nonzero at the instructions that are reachable from `from`. */
export const reachable = (program: Program, from: number): Uint8Array => reach(program, from).reached;

const bin = (o: number, a: WasmNode, b: WasmNode): WasmNode => node(wt.i32, o, [a, b]);
const eqz = (a: WasmNode): WasmNode => node(wt.i32, op.i32eqz, [a]);
/** The wasm load instruction and its width in bytes, by size field. */
const loads: Readonly<Record<number, readonly [number, number]>> = {
  [BPF.W]: [op.i32load, 4],
  [BPF.H]: [op.i32load16u, 2],
  [BPF.B]: [op.i32load8u, 1],
};

/** (a * r) >> 32 with r the rounded reciprocal of k: see `reciprocalDivision`. */
const reciprocal = (a: WasmNode, k: number): WasmNode => {
  const r = BigInt.asUintN(32, (0x1_0000_0000n + BigInt(k) - 1n) / BigInt(k));
  const product = node(wt.i64, op.i64mul, [node(wt.i64, op.i64extendI32u, [a]), node(wt.i64, op.i64const, [], r)]);
  return node(wt.i32, op.i32wrap, [node(wt.i64, op.i64shrU, [product, node(wt.i64, op.i64const, [], 32n)])]);
};

/** Appends one instruction other than a jump to the body. */
const statement = (rules: EvaluatorRules): ((b: Body, insn: Insn) => void) => {
  const [aIndex, xIndex, temp, mem] = [0, 1, 2, 3];
  const a = localGet(wt.i32, aIndex);
  const x = localGet(wt.i32, xIndex);
  const { size } = rules.layout;
  const give = (b: Body, value: WasmNode) => {
    b.expr(value);
    b.code.byte(op.return);
  };
  const giveZeroIf = (b: Body, condition: WasmNode) => {
    b.if(condition);
    give(b, i32c(0));
    b.end();
  };
  const absolute = (b: Body, sizeField: number, k: number): WasmNode | undefined => {
    const [load, width] = loads[sizeField] as readonly [number, number];
    if (k + width <= size) return node(wt.i32, load, [i32c(0)], k);
    give(b, i32c(0));
    return undefined;
  };
  const indirect = (b: Body, sizeField: number, k: number) => {
    const [load, width] = loads[sizeField] as readonly [number, number];
    b.set(temp, bin(op.i32add, x, i32c(k)));
    giveZeroIf(b, bin(op.i32gtU, localGet(wt.i32, temp), i32c(size - width)));
    b.set(aIndex, node(wt.i32, load, [localGet(wt.i32, temp)]));
  };
  const packet = (b: Body, { code, k }: Insn) => {
    if ((code & 0xe0) === BPF.IND) return indirect(b, code & 0x18, k);
    const value = absolute(b, code & 0x18, k);
    if (!value) return;
    if ((code & 0xe0) === BPF.MSH) b.set(xIndex, bin(op.i32shl, bin(op.i32and, value, i32c(0xf)), i32c(2)));
    else b.set(aIndex, value);
  };
  const plain: Readonly<Record<number, (b: Body, k: number) => void>> = {
    [BPF.LD | BPF.W | BPF.LEN]: (b) => b.set(aIndex, i32c(size)),
    [BPF.LDX | BPF.W | BPF.LEN]: (b) => b.set(xIndex, i32c(size)),
    [BPF.LD | BPF.IMM]: (b, k) => b.set(aIndex, i32c(k)),
    [BPF.LDX | BPF.IMM]: (b, k) => b.set(xIndex, i32c(k)),
    [BPF.LD | BPF.MEM]: (b, k) => b.set(aIndex, localGet(wt.i32, mem + k)),
    [BPF.LDX | BPF.MEM]: (b, k) => b.set(xIndex, localGet(wt.i32, mem + k)),
    [BPF.ST]: (b, k) => b.set(mem + k, a),
    [BPF.STX]: (b, k) => b.set(mem + k, x),
    [BPF.ALU | BPF.NEG]: (b) => b.set(aIndex, bin(op.i32sub, i32c(0), a)),
    [BPF.MISC | BPF.TAX]: (b) => b.set(xIndex, a),
    [BPF.MISC | BPF.TXA]: (b) => b.set(aIndex, x),
    [BPF.RET | BPF.K]: (b, k) => give(b, i32c(k)),
    [BPF.RET | BPF.A]: (b) => give(b, a),
  };
  return (b, insn) => {
    const { code, k } = insn;
    const alu = aluByCode[code];
    if (!alu) {
      const simple = plain[code];
      return simple ? simple(b, k) : packet(b, insn);
    }
    const operand = usesX(code) ? x : i32c(k);
    if (alu.divides && usesX(code)) giveZeroIf(b, eqz(x));
    b.set(aIndex, code === (BPF.ALU | BPF.DIV | BPF.K) && rules.reciprocalDivision ? reciprocal(a, k) : bin(alu.wasm, a, operand));
  };
};

/**
 * Adds a function without parameters over the imported memory vm.memory that runs the program from `start`.
 * Returns its index.
 */
const addFunction = (module: ModuleWriter, rules: EvaluatorRules, program: Program, start: Start): number => {
  const { reached, targets } = reach(program, start.pc);
  const body = new Body([]);
  for (let i = 0; i < 3 + MEM_WORDS; i++) body.local(wt.i32);
  for (const [i, value] of [start.a, start.x, 0, ...start.mem].entries()) if (value !== 0) body.set(i, i32c(value | 0));
  const emit = statement(rules);
  const a = localGet(wt.i32, 0);
  const blockOf = new Map(targets.map((pc, i) => [pc, i]));
  let open = 0;
  const branch = (instruction: number, target: number) => {
    body.code.byte(instruction);
    body.code.u((blockOf.get(target) as number) - open);
  };
  const jump = ({ code, jt, jf, k }: Insn, pc: number) => {
    if (code === (BPF.JMP | BPF.JA)) return k === 0 ? undefined : branch(op.br, pc + 1 + k);
    if (jt === jf) return jt === 0 ? undefined : branch(op.br, pc + 1 + jt);
    const test = bin(jumpByCode[code]?.wasm as number, a, usesX(code) ? localGet(wt.i32, 1) : i32c(k));
    body.expr(jt === 0 ? eqz(test) : test);
    branch(op.brIf, pc + 1 + (jt === 0 ? jf : jt));
    if (jt !== 0 && jf !== 0) branch(op.br, pc + 1 + jf);
  };
  for (const _ of targets) body.code.bytes([op.block, 0x40]);
  for (const [pc, insn] of program.entries()) {
    if (!reached[pc]) continue;
    if (targets[open] === pc) {
      body.end();
      open++;
    }
    if (insn.code === (BPF.JMP | BPF.JA) || jumpByCode[insn.code]) jump(insn, pc);
    else emit(body, insn);
  }
  body.code.byte(op.unreachable);
  return module.func({ params: [], results: [wt.i32] }, body.done());
};

const link = (module: ModuleWriter, run: number, memory: WebAssembly.Memory): CompiledFilter => {
  module.exportFunc("run", run);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.done(1) as BufferSource), { vm: { memory } });
  return (instance.exports as { run: () => number }).run;
};

/**
 * Compiles a program and links it to `memory`, where the words of the data start at 0. Throws if WebAssembly
 * is not available.
 */
export const compile = (rules: EvaluatorRules, program: Program, memory: WebAssembly.Memory): CompiledFilter => {
  const module = new ModuleWriter();
  return link(module, addFunction(module, rules, program, beginning), memory);
};

/** Compiles several programs to one function: 1 if all of them return `value`, else 0. */
export const compileAll = (
  rules: EvaluatorRules,
  programs: readonly FilterStep[],
  value: number,
  memory: WebAssembly.Memory,
): CompiledFilter => {
  const module = new ModuleWriter();
  const functions = programs.map(({ program, start }) => addFunction(module, rules, program, start));
  const body = new Body([]);
  for (const f of functions) {
    body.if(bin(op.i32ne, node(wt.i32, op.call, [], f), i32c(value | 0)));
    body.expr(i32c(0));
    body.code.byte(op.return);
    body.end();
  }
  body.expr(i32c(1));
  return link(module, module.func({ params: [], results: [wt.i32] }, body.done()), memory);
};
