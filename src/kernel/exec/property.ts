// PT_GNU_PROPERTY: only its form is checked. Linux fs/binfmt_elf.c parse_elf_properties().
import { E } from "../../abi/errno.ts";

const NT_GNU_PROPERTY_TYPE_0 = 5;
/** union { struct elf_note; char data[NOTE_DATA_SZ] } */
export const MAX_PROPERTY_SIZE = 1024;
/** struct elf_note and "GNU\0". */
const HEADER = 16;

/** Checks the bytes of a note. 0 or -errno. */
export const checkProperties = (note: Uint8Array, align: 4 | 8): number => {
  if (note.length < HEADER) return -E.EIO;
  const v = new DataView(note.buffer, note.byteOffset, note.byteLength);
  if (v.getUint32(8, true) !== NT_GNU_PROPERTY_TYPE_0 || v.getUint32(0, true) !== 4 || v.getUint32(12, true) !== 0x00554e47)
    return -E.ENOEXEC;
  const size = v.getUint32(4, true);
  if (size > note.length - HEADER) return -E.ENOEXEC;
  const end = HEADER + size;
  let previous = -1;
  for (let at = HEADER; at !== end; ) {
    if (end - at < 8) return -E.ENOEXEC;
    const type = v.getUint32(at, true);
    const length = v.getUint32(at + 4, true);
    const step = Math.ceil(length / align) * align;
    if (step > end - at - 8 || type <= previous) return -E.ENOEXEC;
    previous = type;
    at += 8 + step;
  }
  return 0;
};
