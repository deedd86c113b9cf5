// The instances of the generated code (code.ts) in one memory: handlers and routines. A processor that ends
// can leave them to the next processor in the same memory, because a new instance costs as much as a short
// program.

import type { CpuCode, HandlerModule } from "./cpu.ts";
import { firstRoutine } from "./decode/operand-slots.ts";
import type { GeneratedModule } from "./handler-store.ts";

/** The routines' abort function of AssemblyScript: a routine has a bug. */
const abort = (): never => {
  throw new Error("a routine failed an assertion");
};

/** The processor that the instances serve now; undefined between two processors. */
export interface InstanceOwner<Cpu> {
  cpu: Cpu | undefined;
}

/** The instances of one memory. */
export class Instances<Cpu> {
  readonly owner: InstanceOwner<Cpu> = { cpu: undefined };
  readonly code: CpuCode;
  readonly handlers: WebAssembly.Exports;
  readonly routines: WebAssembly.Exports;
  readonly #imports: WebAssembly.Imports;
  readonly #loaded = new Set<HandlerModule>();

  /**
   * `calls` makes the functions that handlers call; they must find the processor by its owner at each call.
   */
  constructor(memory: WebAssembly.Memory, code: CpuCode, calls: (owner: InstanceOwner<Cpu>) => WebAssembly.ModuleImports) {
    this.code = code;
    this.routines = new WebAssembly.Instance(code.routines.module, { vm: { memory }, env: { memory, abort } }).exports;
    this.#imports = { vm: { memory }, js: calls(this.owner) };
    this.handlers = new WebAssembly.Instance((code.handlers[0] as HandlerModule).module(), this.#imports).exports;
    const table = this.handlers["table"] as WebAssembly.Table;
    Object.keys(code.routineTypes).forEach((name, n) => table.set(firstRoutine + n, this.routines[name]));
  }
  /** Loads handlers on demand: the module enters them into the table. */
  load(part: HandlerModule): void {
    if (this.#loaded.has(part)) return;
    // This comes last: after a failed allocation the part is missing in the table, and a later processor
    // loads it again.
    this.link(part.module());
    this.#loaded.add(part);
  }
  /** Keeps the host's code for the modules, if there is a store. */
  save(): void {
    this.code.store?.save(this.#modules());
  }
  *#modules(): Iterable<GeneratedModule> {
    yield { ...this.code.routines, functions: () => Object.values(this.routines).filter((value) => typeof value === "function") };
    const table = this.handlers["table"] as WebAssembly.Table;
    for (const [n, part] of this.code.handlers.entries()) {
      if (n > 0 && !this.#loaded.has(part)) continue;
      const end = this.code.handlers[n + 1]?.first ?? table.length;
      const functions = function* (): Iterable<WebAssembly.ExportValue> {
        for (let at = part.first; at < end; at++) {
          const handler: WebAssembly.ExportValue | null = table.get(at);
          if (handler !== null) yield handler;
        }
      };
      yield { name: part.name, module: part.module(), functions };
    }
  }
  /** Links a module that needs the handlers, and returns its exports. */
  link(module: WebAssembly.Module, more: WebAssembly.Imports = {}): WebAssembly.Exports {
    return new WebAssembly.Instance(module, { ...this.#imports, handlers: this.handlers as WebAssembly.ModuleImports, ...more }).exports;
  }
}

const left = new WeakMap<WebAssembly.Memory, Instances<unknown>>();

/** The instances that were left for this memory; undefined if there are none of this code. */
export const takeInstances = <Cpu>(memory: WebAssembly.Memory, code: CpuCode): Instances<Cpu> | undefined => {
  const found = left.get(memory);
  left.delete(memory);
  return found?.code === code ? (found as Instances<Cpu>) : undefined;
};

/** Leaves instances to the next processor in this memory. No compiled region may be in their table. */
export const leaveInstances = <Cpu>(memory: WebAssembly.Memory, instances: Instances<Cpu>): void => {
  instances.owner.cpu = undefined;
  left.set(memory, instances as Instances<unknown>);
};
