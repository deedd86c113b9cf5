// The types of a wasm module's exported functions, which WebAssembly.Module does not tell. Core specification
// 5.5.
import type { RoutineType } from "../src/cpu/isa/routine-types.ts";
import type { WasmType } from "../src/wasm/encoder.ts";

export const exportTypes = (wasm: Uint8Array): Record<string, RoutineType> => {
  let at = 8;
  const u = (): number => {
    let v = 0;
    for (let shift = 0; ; shift += 7) {
      const b = wasm[at++] as number;
      v |= (b & 0x7f) << shift;
      if (b < 0x80) return v >>> 0;
    }
  };
  const name = (): string => {
    const n = u();
    const text = new TextDecoder().decode(wasm.subarray(at, at + n));
    at += n;
    return text;
  };
  const vector = <T>(item: () => T): T[] => Array.from({ length: u() }, item);
  const types: { params: WasmType[]; results: WasmType[] }[] = [];
  const functions: number[] = [];
  const out: Record<string, RoutineType> = {};
  while (at < wasm.length) {
    const id = wasm[at++];
    const end = u() + at;
    const valueType = () => wasm[at++] as WasmType;
    if (id === 1)
      types.push(
        ...vector(() => {
          at++;
          return { params: vector(valueType), results: vector(valueType) };
        }),
      );
    else if (id === 2)
      vector(() => {
        name();
        name();
        const kind = wasm[at++];
        if (kind === 0) functions.push(u());
        else if (kind === 2) {
          const limits = u();
          u();
          if (limits & 1) u();
        } else throw new Error(`a routine module imports something of kind ${kind}`);
      });
    else if (id === 3) functions.push(...vector(u));
    else if (id === 7)
      vector(() => {
        const export_ = name();
        const kind = wasm[at++];
        const index = u();
        const t = types[functions[index] as number];
        if (kind === 0 && t) out[export_] = { params: t.params, result: t.results[0] };
      });
    at = end;
  }
  return out;
};
