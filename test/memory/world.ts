// A machine's memory and programs in it, without a CPU: for the tests of memory and exec.
import { totalmem } from "node:os";
import { type ExecError, type LoadedImage, load } from "../../src/kernel/exec/load.ts";
import { listOf } from "../../src/kernel/exec/strings.ts";
import { Vdso } from "../../src/kernel/exec/vdso.ts";
import type { Backing, MappedFile } from "../../src/memory/backing.ts";
import { Frames, PAGE_SIZE } from "../../src/memory/frames.ts";
import { defaultLimits, type Limits } from "../../src/memory/limits.ts";

/** An in-memory file that keeps its own bytes, as the VFS does. */
export class TestFile implements Backing {
  bytes: Uint8Array;
  pages?: Backing["pages"];
  constructor(bytes: Uint8Array) {
    this.bytes = bytes.slice();
  }
  get size(): number {
    return this.bytes.length;
  }
  readPage(index: number, into: Uint8Array): number {
    into.set(this.bytes.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE));
    return 0;
  }
  writePage(index: number, from: Uint8Array): number {
    this.bytes.set(from, index * PAGE_SIZE);
    return from.length;
  }

  punchPages(from: number, to: number): number {
    this.bytes.fill(0, from * PAGE_SIZE, to * PAGE_SIZE);
    return 0;
  }

  /** read(2), write(2), ftruncate(2) as backing.ts asks for them. */
  pread(offset: number, n: number): Uint8Array {
    const out = this.bytes.slice(offset, offset + n);
    this.pages?.overlay(offset, out);
    return out;
  }
  pwrite(offset: number, bytes: Uint8Array): void {
    if (offset + bytes.length > this.size) this.truncate(offset + bytes.length);
    this.bytes.set(bytes, offset);
    this.pages?.wrote(offset, bytes);
  }
  truncate(size: number): void {
    const next = new Uint8Array(size);
    next.set(this.bytes.subarray(0, size));
    this.bytes = next;
    this.pages?.truncated(size);
  }
}

export const mapped = (backing: Backing, path: string, readable = true, writable = true): MappedFile => ({
  backing,
  path,
  dev: 0xfe00,
  ino: 1,
  readable,
  writable,
});

export interface World {
  readonly frames: Frames;
  readonly vdso: Vdso;
}
export const world = (bytes = 64 << 20): World => {
  const frames = new Frames(new WebAssembly.Memory({ initial: bytes / 65536 }), 65536);
  // As much as the host has, so that both refuse the same requests.
  frames.commitLimit = Math.floor(totalmem() / PAGE_SIZE);
  return { frames, vdso: new Vdso(frames, "none") };
};

export interface Run {
  readonly path?: string;
  readonly argv?: readonly string[];
  readonly envp?: readonly string[];
  readonly limits?: Limits;
  readonly minAddress?: number;
  readonly files?: Record<string, Uint8Array>;
}

/** execve of `bytes`. */
export const exec = ({ frames, vdso }: World, bytes: Uint8Array, run: Run = {}): LoadedImage | ExecError => {
  const path = run.path ?? "/program";
  const open = (name: string): MappedFile | number => {
    const content = run.files?.[name];
    return content ? mapped(new TestFile(content), name) : -2;
  };
  return load({
    frames,
    vdso,
    file: mapped(new TestFile(bytes), path),
    openInterpreter: open,
    argv: listOf(run.argv ?? [path]),
    envp: listOf(run.envp ?? []),
    execFn: path,
    uid: 0,
    euid: 0,
    gid: 0,
    egid: 0,
    secure: false,
    random: Uint8Array.from({ length: 16 }, (_, i) => i),
    ia32: true,
    x32: false,
    cpu: { hwcap: 0x178bfbff, hwcap2: 2, minSigStack: 3376 },
    limits: run.limits ?? defaultLimits,
    ...(run.minAddress === undefined ? {} : { minAddress: run.minAddress }),
  });
};

export const started = (image: LoadedImage | ExecError): LoadedImage => {
  if ("errno" in image) throw new Error(`execve failed with ${image.errno}${image.fatal ? ", fatally" : ""}`);
  return image;
};
