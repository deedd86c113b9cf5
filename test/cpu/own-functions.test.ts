// Calls of a module's own functions, whose indices move with each import (src/wasm).
import { expect, it } from "vitest";
import { Body, i32c, node, op, wt } from "../../src/wasm/encoder.ts";
import { ModuleWriter } from "../../src/wasm/module.ts";

const type = { params: [], results: [wt.i32] };
const call = (n: number) => node(wt.i32, op.call, [], ~n);

it.each([0, 1, 130])("calls own functions behind %i imports, in late statements too", (imports) => {
  const m = new ModuleWriter();
  const b = new Body([]);
  const late = b.local(wt.i32);
  b.later((body) => body.set(late, call(2)));
  b.expr(node(wt.i32, op.i32mul, [i32c(100), call(1)]));
  const { t, op: get, k } = b.bind(call(2));
  b.expr(node(t, get, [], k));
  b.opcode(op.i32add);
  b.expr(node(wt.i32, op.localGet, [], late));
  b.opcode(op.i32add);
  for (let n = 0; n < imports; n++) m.importFunc("env", `f${n}`, type);
  const prologue = new Body([]);
  prologue.set(late, i32c(7));
  m.exportFunc("main", m.func(type, b.done(prologue.code)));
  for (const result of [5, 3]) {
    const own = new Body([]);
    own.expr(i32c(result));
    m.func(type, own.done());
  }
  const env = Object.fromEntries(Array.from({ length: imports }, (_, n) => [`f${n}`, () => -1]));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const module = new WebAssembly.Module(m.done(1, 1) as BufferSource);
  const { main } = new WebAssembly.Instance(module, { vm: { memory }, env }).exports;
  expect((main as () => number)()).toBe(506);
});
