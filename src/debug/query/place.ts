// Names of addresses in a process: functions, variables and files that are mapped there, and the addresses of
// names. Variables come from the symbol tables of ELF files. man 5 elf
import { instructionText, plainDecoder } from "../../cpu/text/disassemble.ts";
import type { Task } from "../../kernel/core/task.ts";
import { type ElfModule, moduleOf } from "../../machine/stack/symbols.ts";
import type { Vma } from "../../memory/vma.ts";
import { peek } from "../memory.ts";

/** An address by its name. */
export interface CodePlace {
  readonly address: number;
  readonly symbol: string | undefined;
  /** Bytes from the symbol's beginning. */
  readonly displacement: number | undefined;
  /** The mapped file, by its path in the guest. */
  readonly file: string | undefined;
  /** The byte of the file. */
  readonly offset: number | undefined;
  /** The address in the numbering of an ELF file, as objdump prints it. */
  readonly fileAddress: number | undefined;
}
/** A variable or function: where it is, and how many bytes it has. 0: the file does not say. */
export interface Named {
  readonly address: number;
  readonly size: number;
}

const pathOf = (vma: Vma): string | undefined => vma.file?.path;
const moduleIn = (vma: Vma): ElfModule | null => (vma.file ? moduleOf(vma.file.backing) : null);
const offsetIn = (vma: Vma, address: number): number => address - vma.start + vma.pgoff * 4096;

/** The name of an address. */
export const placeOf = (task: Task, address: number): CodePlace => {
  const vma = task.mem.find(address);
  if (!vma) return { address, symbol: undefined, displacement: undefined, file: undefined, offset: undefined, fileAddress: undefined };
  const module = moduleIn(vma);
  const inFile = module?.addressOf(offsetIn(vma, address));
  const found = module && inFile !== undefined ? (module.functionAt(inFile) ?? module.objectAt(inFile)) : undefined;
  const file = pathOf(vma);
  return {
    address,
    symbol: found?.name,
    displacement: found?.displacement,
    file,
    offset: file === undefined ? undefined : offsetIn(vma, address),
    fileAddress: inFile,
  };
};

/** `main+0x1c`; `libc.so.6+0x9a672` if the file has no name for it; `0x401234`. */
export const placeText = ({ address, symbol, displacement = 0, file, fileAddress }: CodePlace): string => {
  const [name, offset] = symbol === undefined ? [file?.slice(file.lastIndexOf("/") + 1), fileAddress] : [symbol, displacement];
  if (name === undefined || offset === undefined) return `0x${address.toString(16)}`;
  return offset === 0 ? name : `${name}+0x${offset.toString(16)}`;
};

/** The address of a variable or function of the mapped files. The program's own file comes first. */
export const addressOf = (task: Task, name: string): Named | undefined => {
  const seen = new Set<ElfModule>();
  for (const vma of task.mem.areas) {
    const module = moduleIn(vma);
    if (!module || seen.has(module)) continue;
    seen.add(module);
    const found = module.named(name);
    if (!found) continue;
    // The area maps some byte of the file: its distance is that of the whole file.
    const base = module.addressOf(vma.pgoff * 4096) ?? module.pageAddressOf(vma.pgoff * 4096);
    if (base !== undefined) return { address: found.start + vma.start - base, size: found.size };
  }
  return undefined;
};

/** The longest instruction. SDM Vol. 2A 2.3.11 */
const LONGEST = 15;
/** The instruction at an address in Intel syntax, or undefined. */
export const instructionAt = (task: Task, address: number, mode: 16 | 32 | 64): string | undefined => {
  const bytes = new Uint8Array(LONGEST);
  const n = peek(task.mem, address, bytes);
  const decoder = plainDecoder();
  return decoder.decode(bytes, 0, n, address, mode) === "ok" ? instructionText(decoder.d) : undefined;
};
