// Functions of node:v8 and node:zlib without these modules, which load Node's streams. `process.binding` is
// deprecated and prints a warning unless that is switched off. Where it is gone, the modules are used.
import { bytesOf, type Size } from "../machine/size.ts";

type Setter = (flag: string) => void;
type Checksum = (data: Uint8Array, value: number) => number;

const inside = (name: "v8" | "zlib"): Partial<{ setFlagsFromString: Setter; crc32: Checksum }> => {
  const { noDeprecation } = process;
  // With --no-deprecation it is true, and cannot be set.
  if (!noDeprecation) process.noDeprecation = true;
  try {
    return (process as unknown as { binding(name: string): object }).binding(name);
  } catch {
    return {};
  } finally {
    if (!noDeprecation) Object.assign(process, { noDeprecation });
  }
};

let setFlag: Setter | undefined;
/** setFlagsFromString of node:v8. */
export const setFlagsFromString = (flag: string): void => {
  setFlag ??= inside("v8").setFlagsFromString ?? process.getBuiltinModule("node:v8").setFlagsFromString;
  setFlag(flag);
};

/** Guest memory in bytes up to which the host's own heap may be the greater part of the process. */
const LITTLE_MEMORY = 2 ** 27;
/**
 * The flags that were set since the start. bin/trapgate.js takes them back while it loads a script of the
 * bundle: V8 accepts the cached form of a script under the flags under which it was made.
 */
const LATE_FLAGS = Symbol.for("trapgate.lateFlags");
/**
 * Keeps V8's heap small beside a small guest memory. By default the young generation grows to 48 MiB with
 * garbage of system calls, and the heap to twice its live objects. V8 reads the flags each time they would
 * grow.
 */
export const heapFor = (guestMemory: Size | undefined): void => {
  const bytes = guestMemory === undefined ? undefined : bytesOf(guestMemory);
  if (bytes === undefined || bytes > LITTLE_MEMORY) return;
  const flags = ["--semi-space-growth-factor=1", "--heap-growing-percent=20"];
  for (const flag of flags) setFlagsFromString(flag);
  Object.assign(globalThis, { [LATE_FLAGS]: flags });
};

let checksum: Checksum | undefined;
/** As of RFC 1952. `before`: the sum of what comes before these bytes. */
export const crc32 = (bytes: Uint8Array, before = 0): number => {
  checksum ??= inside("zlib").crc32 ?? process.getBuiltinModule("node:zlib").crc32;
  return checksum(bytes, before);
};
