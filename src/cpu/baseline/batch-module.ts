// The WebAssembly module of a batch: its imports, the functions that every batch has, and those of the batch.
// https://webassembly.github.io/spec/core/binary/modules.html

import { Body, Bytes, type FunctionBytes, i32c, localGet, node, op, wt } from "../../wasm/encoder.ts";
import type { FuncType } from "../../wasm/module.ts";
import { limits } from "../../wasm/shared-memory.ts";
import { conditionFunction, flagFunction, flagsWordFunction } from "../codegen/compile.ts";
import { HandlerCompiler, handlerType } from "../interp/handler-compiler.ts";
import type { HandlerForm } from "../isa/form.ts";
import { record as recordLayout } from "../machine/layout.ts";
import { exits } from "./exit-code.ts";
import { environment, functions, handlerTypeIndex } from "./template.ts";

const { i32, i64, f64 } = wt;
const { handler, size: recordSize } = recordLayout;
const types: readonly FuncType[] = [
  handlerType,
  { params: [i32, f64, i32, i32, i32, i32], results: [] },
  { params: [], results: [i64] },
  { params: [], results: [i32] },
  { params: [i32, i32, i64], results: [i32] },
];

/** The number of the type of `checkSegment` among `types`. */
const segmentType = 1;

/**
 * Leaves a function of a batch (exit-code.ts): the record and the way, the budget, an address or a handler.
 */
const leave = (b: Body, form: HandlerForm): void => {
  const way = b.local(i32);
  const record = localGet(i32, 0);
  b.set(way, node(i32, op.i32and, [record, i32c(recordSize - 1)]));
  b.set(0, node(i32, op.i32and, [record, i32c(-recordSize)]));
  const is = (n: number): void => b.if(node(i32, op.i32eq, [localGet(i32, way), i32c(n)]));
  const call = (index: number): void => {
    for (let n = 0; n < 2; n++) b.expr(localGet(i32, n));
    b.opcode(op.returnCall);
    b.code.u(index);
  };
  is(exits.jump);
  new HandlerCompiler(b, form, environment).continueAt(localGet(i64, 2));
  b.end();
  is(exits.taken);
  call(functions.taken);
  b.end();
  is(exits.after);
  call(functions.after);
  b.end();
  is(exits.uncharged);
  call(functions.uncharged);
  b.end();
  is(exits.interpret);
  b.set(way, node(i32, op.i32load, [record], handler));
  b.else();
  b.set(way, node(i32, op.i32wrap, [localGet(i64, 2)]));
  b.end();
  for (let n = 0; n < 2; n++) b.expr(localGet(i32, n));
  b.expr(localGet(i32, way));
  b.opcode(op.returnCallIndirect);
  b.code.u(handlerTypeIndex);
  b.code.u(0);
};
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
    made(4, [i32, i32, i64], (b) => leave(b, form)),
    made(handlerTypeIndex, handlerType.params, (b) => new HandlerCompiler(b, form, environment).uncharged()),
    ...(["CF", "PF", "AF", "ZF", "SF", "OF"] as const).map((f) => made(2, [], (b) => flagFunction(b, f))),
    made(2, [], (b) => flagsWordFunction(b, flag)),
    ...Array.from({ length: 16 }, (_, cc) => made(3, [], (b) => conditionFunction(b, cc, flag))),
  ];
};

/** The common part of a machine's modules. */
export interface BatchFrame {
  readonly memoryPages: number;
  readonly shared: boolean;
  /** The length of the table of handlers. */
  readonly slots: number;
}

/** The functions of a batch, in the order of their indices. */
export interface BatchFunctions {
  readonly code: Uint8Array;
  readonly count: number;
  /** So many of them, the first ones, are exported. */
  readonly elements: number;
}

const put = (out: Bytes, id: number, fill: (b: Bytes) => void): void => {
  const b = new Bytes();
  fill(b);
  out.byte(id);
  out.u(b.length);
  out.bytes(b.done());
};
const begin = (out: Bytes): void => {
  out.bytes([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  put(out, 1, (b) => {
    b.u(types.length);
    for (const { params, results } of types) {
      b.byte(0x60);
      b.u(params.length);
      b.bytes(params);
      b.u(results.length);
      b.bytes(results);
    }
  });
};
const importMemory = (b: Bytes, { memoryPages, shared }: BatchFrame): void => {
  b.name("vm");
  b.name("memory");
  b.bytes([2, limits.most | (shared ? limits.shared : 0)]);
  b.u(memoryPages);
  b.u(memoryPages);
};
const importFunction = (b: Bytes, module: string, name: string, type: number): void => {
  b.name(module);
  b.name(name);
  b.byte(0);
  b.u(type);
};
/** Exported functions have their position among the exports as a name. */
const exportFunctions = (b: Bytes, first: number, count: number): void => {
  b.u(count);
  for (let n = 0; n < count; n++) {
    b.name(nameOf(n));
    b.byte(0);
    b.u(first + n);
  }
};
/** The name of the function with a number among the exports of a module. */
export const nameOf = (n: number): string => n.toString(36);

/**
 * The module of the functions that batches have in common. Only this one has the table of handlers: V8
 * copies a table into each instance that imports it, and keeps all copies up to date.
 */
export const commonModule = (frame: BatchFrame, form: HandlerForm): Uint8Array<ArrayBuffer> => {
  const all = commonFunctions(form);
  const out = new Bytes();
  begin(out);
  put(out, 2, (b) => {
    b.u(3);
    importMemory(b, frame);
    b.name("handlers");
    b.name("table");
    b.bytes([1, 0x70, 0]);
    b.u(frame.slots);
    importFunction(b, "js", "checkSegment", segmentType);
  });
  put(out, 3, (b) => {
    b.u(all.length + 1);
    for (const { type } of all) b.u(type);
    b.u(segmentType);
  });
  put(out, 7, (b) => {
    b.u(all.length + 1);
    for (let n = 0; n <= all.length; n++) {
      b.name(nameOf(n));
      b.byte(0);
      // A function of the module in place of the imported one, which each batch would import from JavaScript.
      b.u(n === functions.checkSegment ? functions.count : n);
    }
  });
  put(out, 10, (b) => {
    b.u(all.length + 1);
    for (const { body } of [...all, { body: callOfImport() }]) {
      b.u(body.length);
      b.bytes(body);
    }
  });
  return out.done() as Uint8Array<ArrayBuffer>;
};
const callOfImport = (): FunctionBytes => {
  const { params } = types[segmentType] as FuncType;
  const b = new Body(params);
  params.forEach((t, n) => b.expr(localGet(t, n)));
  b.opcode(op.call);
  b.code.u(functions.checkSegment);
  return b.done();
};

/** The types of the common functions, by index. */
export const commonTypes = (form: HandlerForm): readonly number[] => [segmentType, ...commonFunctions(form).map(({ type }) => type)];

/** The bytes of a batch's module. `common`: the types of common functions. */
export const moduleOf = (
  frame: BatchFrame,
  common: readonly number[],
  { code, count, elements }: BatchFunctions,
): Uint8Array<ArrayBuffer> => {
  const out = new Bytes(code.length + 16 * count + 1024);
  begin(out);
  put(out, 2, (b) => {
    b.u(common.length + 1);
    importMemory(b, frame);
    common.forEach((type, n) => importFunction(b, "common", nameOf(n), type));
  });
  put(out, 3, (b) => {
    b.u(count);
    for (let n = 0; n < count; n++) b.u(handlerTypeIndex);
  });
  put(out, 7, (b) => exportFunctions(b, functions.count, elements));
  const total = new Bytes();
  total.u(count);
  out.byte(10);
  out.u(total.length + code.length);
  out.bytes(total.done());
  out.bytes(code);
  return out.done() as Uint8Array<ArrayBuffer>;
};
