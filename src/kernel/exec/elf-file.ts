// Reading a program or interpreter file before the point of no return of execve(2). Linux fs/binfmt_elf.c.
import { E } from "../../abi/errno.ts";
import type { MappedFile } from "../../memory/backing.ts";
import { type Frames, PAGE_SIZE } from "../../memory/frames.ts";
import { PageCache } from "../../memory/page-cache.ts";
import { type ElfHeader, type ProgramHeader, parseElf, programHeaders, programHeadersSize } from "./elf.ts";

/** kernel_read: up to `length` bytes through the page cache, or -errno. */
export const readFile = (frames: Frames, file: MappedFile, offset: number, length: number): Uint8Array | number => {
  const cache = PageCache.of(frames, file.backing);
  const out = new Uint8Array(Math.max(0, Math.min(length, file.backing.size - offset)));
  for (let done = 0; done < out.length; ) {
    const at = offset + done;
    const frame = cache.frame(Math.floor(at / PAGE_SIZE));
    frames.kernelReads?.file(cache, Math.floor(at / PAGE_SIZE));
    if (frame <= 0) return frame === 0 ? -E.ENOMEM : -E.EIO;
    const from = frames.use(frame + (at % PAGE_SIZE));
    const n = Math.min(PAGE_SIZE - (at % PAGE_SIZE), out.length - done);
    out.set(frames.u8.subarray(from, from + n), done);
    done += n;
  }
  return out;
};

/** elf_read: exactly `length` bytes, or -EIO. Offsets are signed. */
export const readExactly = (frames: Frames, file: MappedFile, offset: number, length: number): Uint8Array | number => {
  if (offset >= 2 ** 63) return -E.EINVAL;
  const bytes = readFile(frames, file, offset, length);
  return typeof bytes !== "number" && bytes.length < length ? -E.EIO : bytes;
};

/** An opened ELF file with its headers. */
export interface ElfFile {
  readonly file: MappedFile;
  readonly header: ElfHeader;
  readonly segments: readonly ProgramHeader[];
}

/**
 * The ELF file whose first bytes are `head`. Undefined: not for this machine, or without usable program
 * headers.
 */
export const openElf = (frames: Frames, file: MappedFile, head: Uint8Array, has: { readonly x32: boolean }): ElfFile | undefined => {
  const header = parseElf(head, has);
  const size = header && programHeadersSize(header);
  if (header === undefined || size === undefined) return undefined;
  const table = readExactly(frames, file, header.phoff, size);
  return typeof table === "number" ? undefined : { file, header, segments: programHeaders(header, table) };
};
