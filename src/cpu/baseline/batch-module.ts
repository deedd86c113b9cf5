// The WebAssembly module of a batch: its imports, the functions that every batch has, and those of the batch.
// https://webassembly.github.io/spec/core/binary/modules.html

import { Body, Bytes, type FunctionBytes, localGet, op, wt } from "../../wasm/encoder.ts";
import type { FuncType } from "../../wasm/module.ts";
import { limits } from "../../wasm/shared-memory.ts";
import { conditionFunction, flagFunction, flagsWordFunction } from "../codegen/compile.ts";
import { HandlerCompiler, handlerType } from "../interp/handler-compiler.ts";
import type { HandlerForm } from "../isa/form.ts";
import { environment, functions, handlerTypeIndex } from "./template.ts";

const { i32, i64, f64 } = wt;
const types: readonly FuncType[] = [
  handlerType,
  { params: [i32, f64, i32, i32, i32, i32], results: [] },
  { params: [], results: [i64] },
  { params: [], results: [i32] },
  { params: [i32, i32, i64], results: [i32] },
  { params: [i32, i32, i32], results: [i32] },
];

/** The functions of every batch in the order of `functions`, with the numbers of their types. */
const commonFunctions = (form: HandlerForm): { readonly type: number; readonly body: FunctionBytes }[] => {
  const made = (type: number, params: FuncType["params"], how: (b: Body) => void) => {
    const body = new Body(params);
    how(body);
    return { type, body: body.done() };
  };
  const flag = environment.flag;
  return [
    made(handlerTypeIndex, handlerType.params, (b) => new HandlerCompiler(b, form, environment).elsewhere()),
    made(handlerTypeIndex, handlerType.params, (b) => new HandlerCompiler(b, form, environment).follow()),
    made(handlerTypeIndex, handlerType.params, (b) => new HandlerCompiler(b, form, environment).fallThrough()),
    made(4, [i32, i32, i64], (b) => new HandlerCompiler(b, form, environment).continueAt(localGet(i64, 2))),
    made(handlerTypeIndex, handlerType.params, (b) => new HandlerCompiler(b, form, environment).uncharged()),
    made(5, [i32, i32, i32], (b) => {
      for (let n = 0; n < 3; n++) b.expr(localGet(i32, n));
      b.opcode(op.returnCallIndirect);
      b.code.u(handlerTypeIndex);
      b.code.u(0);
    }),
    ...(["CF", "PF", "AF", "ZF", "SF", "OF"] as const).map((f) => made(2, [], (b) => flagFunction(b, f))),
    made(2, [], (b) => flagsWordFunction(b, flag)),
    ...Array.from({ length: 16 }, (_, cc) => made(3, [], (b) => conditionFunction(b, cc, flag))),
  ];
};

/** What the modules of a machine have in common. */
export interface BatchFrame {
  readonly memoryPages: number;
  readonly shared: boolean;
  /** Any form: common functions need one. */
  readonly form: HandlerForm;
}

/** The functions of a batch, in the order of their indices. */
export interface BatchFunctions {
  readonly code: Uint8Array;
  readonly count: number;
  /** So many of them, the first ones, enter the table from this slot on. */
  readonly elements: number;
  readonly firstSlot: number;
}
/** The functions of every batch of a machine, as they stand in a module. */
export interface CommonFunctions {
  readonly code: Uint8Array;
  readonly types: readonly number[];
}
/** Makes the functions of every batch. */
export const commonCode = (form: HandlerForm): CommonFunctions => {
  const all = commonFunctions(form);
  const code = new Bytes();
  for (const { body } of all) {
    code.u(body.length);
    code.bytes(body);
  }
  return { code: code.done(), types: all.map(({ type }) => type) };
};

/** The bytes of a batch's module. */
export const moduleOf = (
  { memoryPages, shared }: BatchFrame,
  common: CommonFunctions,
  { code, count, elements, firstSlot }: BatchFunctions,
): Uint8Array<ArrayBuffer> => {
  const out = new Bytes(code.length + common.code.length + 16 * count + 1024);
  const section = (id: number, fill: (b: Bytes) => void): void => {
    const b = new Bytes();
    fill(b);
    out.byte(id);
    out.u(b.length);
    out.bytes(b.done());
  };
  out.bytes([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  section(1, (b) => {
    b.u(types.length);
    for (const { params, results } of types) {
      b.byte(0x60);
      b.u(params.length);
      b.bytes(params);
      b.u(results.length);
      b.bytes(results);
    }
  });
  section(2, (b) => {
    b.u(3);
    b.name("vm");
    b.name("memory");
    b.bytes([2, limits.most | (shared ? limits.shared : 0)]);
    b.u(memoryPages);
    b.u(memoryPages);
    b.name("handlers");
    b.name("table");
    b.bytes([1, 0x70, 0]);
    b.u(firstSlot + elements);
    b.name("js");
    b.name("checkSegment");
    b.byte(0);
    b.u(1);
  });
  section(3, (b) => {
    b.u(common.types.length + count);
    for (const type of common.types) b.u(type);
    for (let n = 0; n < count; n++) b.u(handlerTypeIndex);
  });
  section(9, (b) => {
    b.u(1);
    b.byte(0);
    b.byte(op.i32const);
    b.s32(firstSlot);
    b.byte(op.end);
    b.u(elements);
    for (let n = 0; n < elements; n++) b.u(functions.count + n);
  });
  const total = new Bytes();
  total.u(common.types.length + count);
  out.byte(10);
  out.u(total.length + common.code.length + code.length);
  out.bytes(total.done());
  out.bytes(common.code);
  out.bytes(code);
  return out.done() as Uint8Array<ArrayBuffer>;
};
