// The code store behind each CodeMemory. A map, so that no published type names the format of compiled code.
import type { CodeStore } from "../../cpu/jit/cache/format.ts";
import type { BootOptions } from "../boot.ts";
import { MemoryCodeStore } from "../code-memory.ts";
import type { MachineOptions } from "../options.ts";
import type { CodeMemory } from "./code-memory.ts";

/** The code store of each CodeMemory. */
export const storeOf = new WeakMap<CodeMemory, CodeStore>();

/**
 * The stores of machines without `code`, by the options that compiled code depends on. Few combinations occur
 * in a process, so few are retained.
 */
const shared = new Map<string, CodeStore>();
const MAX_SHARED = 4;
const sharedStore = ({ cpu, memory }: MachineOptions): CodeStore => {
  const key = JSON.stringify([cpu, memory]);
  const store = shared.get(key) ?? new MemoryCodeStore();
  shared.delete(key);
  shared.set(key, store);
  for (const oldest of shared.keys()) {
    if (shared.size <= MAX_SHARED) break;
    shared.delete(oldest);
  }
  return store;
};

/** A library user's options as the machine takes them. */
export const bootOptions = <T extends MachineOptions>(options: T): Omit<T, "code"> & Pick<BootOptions, "code"> => {
  const { code, ...others } = options;
  if (code === "off") return others;
  const store = code ? storeOf.get(code) : sharedStore(options);
  return store ? { ...others, code: store } : others;
};
