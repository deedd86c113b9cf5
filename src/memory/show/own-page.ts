// Which pages of a mapping are a process's own, and not those of a file. Linux PageAnon().
import { PAGE_SIZE } from "../frames.ts";
import { VM, type Vma } from "../vma.ts";

/** True if the page, mapped to this frame, is anonymous: without a file, or a private copy of its page. */
export const isOwnPage = ({ file, flags, cache, pgoff, start }: Vma, page: number, frame: number): boolean =>
  !file || ((flags & VM.SHARED) === 0 && cache !== undefined && cache.cached(pgoff + (page - start) / PAGE_SIZE) !== frame);
