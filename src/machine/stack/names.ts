// Names of instructions and variables in reports, by the symbols of their files.
import type { Task } from "../../kernel/core/task.ts";
import type { Vma } from "../../memory/vma.ts";
import { lineOf, lineText } from "./line-table.ts";
import { moduleOf } from "./symbols.ts";

const hex = (n: number): string => `0x${n.toString(16)}`;
const withOffset = (name: string, displacement: number): string => (displacement === 0 ? name : `${name}+${displacement}`);

/** The file's part of memory that an address belongs to: its mapping, or the one before its .bss. */
const filePart = ({ mem }: Task, address: number): Vma | undefined => {
  const vma = mem.find(address);
  if (vma?.file || !vma || vma.start === mem.brkStart) return vma?.file && vma;
  const before = mem.find(vma.start - 1);
  return before?.file && before;
};

/** The file whose variable is at an address. */
export const dataFile = (task: Task, address: number): string | undefined => filePart(task, address)?.file?.path;

/** The address in the numbering of the file, with the file's symbols. */
const inFile = (task: Task, address: number) => {
  const vma = filePart(task, address);
  const module = vma?.file ? moduleOf(vma.file.backing) : null;
  const start = module && vma ? module.addressOf(vma.pgoff * 4096) : undefined;
  // Segments begin in the middle of a page as a rule: the page's first byte may be of none.
  const base = module && vma && start === undefined ? module.pageAddressOf(vma.pgoff * 4096) : start;
  return module && vma && base !== undefined ? { module, own: address - vma.start + base } : undefined;
};

/** The name of the function that an instruction belongs to. */
export const functionName = (task: Task, ip: number): string | undefined => {
  const place = inFile(task, ip);
  return place?.module.functionAt(place.own)?.name;
};
/** The function of an instruction, such as `add+8`; with its source line if the file has it: `add, a.c:5`. */
export const codeName = (task: Task, ip: number): string => {
  const place = inFile(task, ip);
  const found = place?.module.functionAt(place.own);
  const line = place && lineOf(place.module, place.own);
  if (found) return withOffset(found.name, found.displacement) + (line ? `, ${lineText(line)}` : "");
  const path = task.mem.find(ip)?.file?.path;
  return place && path !== undefined ? `${path.slice(path.lastIndexOf("/") + 1)}+${hex(place.own)}` : hex(ip);
};

/** The variable at an address, such as `counter`, or its part of memory. */
export const dataName = (task: Task, address: number): string => {
  const place = inFile(task, address);
  const found = place?.module.objectAt(place.own);
  if (found) return withOffset(found.name, found.displacement);
  const vma = task.mem.find(address);
  const { mem } = task;
  if (vma && vma.start >= mem.brkStart && vma.start < mem.brk) return `heap+${hex(address - mem.brkStart)}`;
  return hex(address);
};
