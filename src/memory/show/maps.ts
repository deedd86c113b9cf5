// The text of /proc/PID/maps. Linux fs/proc/task_mmu.c show_map_vma().
import { PAGE_SIZE } from "../frames.ts";
import type { AddressSpace } from "../space.ts";
import { PROT, SPECIAL, VM, type Vma } from "../vma.ts";

/** The name in the last column, or "". */
export const vmaName = (space: AddressSpace, vma: Vma): string => {
  if (vma.file) return vma.file.path;
  if (vma.start < space.brk && vma.end > space.brkStart) return "[heap]";
  if (vma.start <= space.startStack && vma.end >= space.startStack) return "[stack]";
  return "";
};

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, "0");

/** The line of a mapping, without its end of line. */
export const mapLine = (space: AddressSpace, vma: Vma): string => {
  const { prot, flags, file } = vma;
  const own = flags & SPECIAL ? undefined : file;
  const perms = `${prot & PROT.READ ? "r" : "-"}${prot & PROT.WRITE ? "w" : "-"}${prot & PROT.EXEC ? "x" : "-"}${flags & VM.MAYSHARE ? "s" : "p"}`;
  const offset = hex(own ? vma.pgoff * PAGE_SIZE : 0, 8);
  const device = `${hex((own?.dev ?? 0) >>> 8, 2)}:${hex((own?.dev ?? 0) & 0xff, 2)}`;
  const head = `${hex(vma.start, 8)}-${hex(vma.end, 8)} ${perms} ${offset} ${device} ${own?.ino ?? 0} `;
  const name = vmaName(space, vma);
  // seq_pad: the name starts in column 73 (25 + sizeof(void *) * 6 - 1).
  return name === "" ? head : `${head.padEnd(73)}${name.replaceAll("\n", "\\012")}`;
};

/**
 * The lines from the first mapping that ends above `from`, each with the end of its mapping. `vsyscall` is
 * the rights of the vsyscall page of a 64-bit program, if it has one.
 */
export function* procMapsFrom(
  space: AddressSpace,
  vsyscall: "--xp" | "r-xp" | undefined,
  from: number,
): Generator<{ text: string; next: number }> {
  if (from >= VSYSCALL) return;
  for (let vma = space.areas.above(from); vma !== undefined; vma = space.areas.above(vma.end))
    yield { text: `${mapLine(space, vma)}\n`, next: vma.end };
  if (vsyscall)
    yield { text: `ffffffffff600000-ffffffffff601000 ${vsyscall} 00000000 00:00 0                  [vsyscall]\n`, next: VSYSCALL };
}
/** The `next` of the last line: above all addresses that a program can map. */
const VSYSCALL = 2 ** 63;

/** The whole text. */
export const procMaps = (space: AddressSpace, vsyscall: "--xp" | "r-xp" | undefined): string =>
  Array.from(procMapsFrom(space, vsyscall, 0), ({ text }) => text).join("");
