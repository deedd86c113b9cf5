// The files whose code an address space has mapped, named by content and position. The code cache keeps
// compiled code by these names. A name only leads to candidates: the bytes of code decide.
import type { CodeFile } from "../../cpu/jit/cache/format.ts";
import type { Backing } from "../../memory/backing.ts";
import { PAGE_SIZE } from "../../memory/frames.ts";
import type { AddressSpace } from "../../memory/space.ts";
import { PROT } from "../../memory/vma.ts";

/** FNV-1a. http://www.isthe.com/chongo/tech/comp/fnv/ */
const hashOf = (bytes: Uint8Array): string => {
  let hash = 0x811c9dc5;
  for (let n = 0; n < bytes.length; n++) hash = Math.imul(hash ^ (bytes[n] as number), 0x0100_0193);
  return (hash >>> 0).toString(16);
};

const names = new WeakMap<Backing, string>();
/**
 * The size of a file, and a hash of its first page. In an ELF file that is the header, mostly with a build
 * id.
 */
const contentOf = (backing: Backing): string => {
  let name = names.get(backing);
  if (name === undefined) {
    const first = new Uint8Array(PAGE_SIZE);
    backing.readPage(0, first);
    names.set(backing, (name = `${backing.size.toString(16)}-${hashOf(first)}`));
  }
  return name;
};

/** The greatest number of ranges, against programs that map one file very often. */
const most = 1024;

/** The code files of a space, in order of address. */
export const codeFilesOf = (space: AddressSpace): CodeFile[] => {
  const found: CodeFile[] = [];
  space.areas.each(({ file, cache, prot, start, end, pgoff }) => {
    if (file === undefined || cache === undefined || (prot & PROT.EXEC) === 0 || found.length === most) return;
    const position = start - pgoff * PAGE_SIZE;
    const content = contentOf(cache.backing);
    const name = file.path.slice(file.path.lastIndexOf("/") + 1);
    found.push({ id: `${content}-${position.toString(16)}`, content, position, name, start, end });
  });
  return found;
};
