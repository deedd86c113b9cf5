// Figures of the kernel's shape, types counted as imports.
import { files, imports, largestCircle } from "./imports.ts";
import { floor, level, room } from "./rooms.ts";

const kernel = files.filter((file) => floor(file) === "kernel");
const targetsOf = new Map<string, readonly string[]>();
for (const file of kernel) {
  const targets = imports.filter((i) => i.file === file && i.target !== undefined && floor(i.target) === "kernel");
  targetsOf.set(file, [...new Set(targets.map(({ target }) => target as string))]);
}
const circle = largestCircle(kernel, (file) => targetsOf.get(file) ?? []);
const arrows = new Map<string, boolean>();
for (const [file, targets] of targetsOf)
  for (const target of targets)
    if (room(file) !== room(target)) arrows.set(`${room(file) || "."} -> ${room(target) || "."}`, level(target) > level(file));

/** The figures. */
export const kernelShape = {
  files: kernel.length,
  /** Modules that kernel.ts imports. */
  hub: new Set(imports.filter(({ file, target }) => file === "kernel/core/kernel.ts" && target !== undefined).map(({ target }) => target))
    .size,
  /** The files of the largest circle of imports. */
  circle,
  /** Pairs of rooms with an import from one to the other, and those to a later room. */
  arrows: arrows.size,
  upward: [...arrows].filter(([, isUp]) => isUp).map(([arrow]) => arrow),
} as const;
