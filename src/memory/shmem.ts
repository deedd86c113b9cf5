// Shared anonymous memory: a file without a name, whose bytes are in the page cache only. Linux mm/shmem.c
// shmem_zero_setup().
import type { Backing, MappedFile } from "./backing.ts";

/** The name in /proc/PID/maps. */
const PATH = "/dev/zero (deleted)";
/** The kernel's internal tmpfs: device 00:01. */
const DEVICE = 1;

/** Zero bytes, the file below shared anonymous memory. */
export class ZeroFill implements Backing {
  readonly size: number;
  readonly sparse = true;
  constructor(size: number) {
    this.size = size;
  }
  readPage(): number {
    return 0;
  }
  punchPages(): number {
    return 0;
  }
}

/** A new object of `size` bytes. `ino`: its inode number, which /proc/PID/maps shows. */
export const anonymousShared = (size: number, ino: number): MappedFile => ({
  backing: new ZeroFill(size),
  path: PATH,
  dev: DEVICE,
  ino,
  readable: true,
  writable: true,
});
