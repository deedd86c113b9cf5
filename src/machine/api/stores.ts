// The code store behind each CodeMemory. A map, so that no published type names the format of compiled code.
import type { CodeStore } from "../../cpu/jit/cache/format.ts";
import type { BootOptions } from "../boot.ts";
import type { MachineOptions } from "../options.ts";
import type { CodeMemory } from "./code-memory.ts";

/** The code store of each CodeMemory. */
export const storeOf = new WeakMap<CodeMemory, CodeStore>();

/** A library user's options as the machine takes them. */
export const bootOptions = <T extends MachineOptions>(options: T): Omit<T, "code"> & Pick<BootOptions, "code"> => {
  const { code, ...others } = options;
  const store = code && storeOf.get(code);
  return store ? { ...others, code: store } : others;
};
