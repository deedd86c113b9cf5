// The vDSO: shared objects that the kernel maps into every program, and the page with their time parameters.
// man 7 vdso; Linux arch/x86/entry/vdso/vma.c. The functions are in vdso/vdso.c.
import type { Abi } from "../../abi/abi.ts";
import type { Backing, MappedFile } from "../../memory/backing.ts";
import { install } from "../../memory/calls/map.ts";
import { type Frames, PAGE_SIZE, pageAlign } from "../../memory/frames.ts";
import { place } from "../../memory/place.ts";
import type { AddressSpace } from "../../memory/space.ts";
import { PROT, VM } from "../../memory/vma.ts";
import { bytesOf } from "../../wasm/unpack.ts";
import { dynamicSymbols } from "./symbols.ts";
import { vdso32, vdso64 } from "./vdso-images.ts";

/** Absolute addresses in one address space. 0 where the ABI has no such symbol. */
export interface VdsoAddresses {
  /** Start of the ELF image: AT_SYSINFO_EHDR. */
  readonly base: number;
  /**
   * i386: AT_SYSINFO, the sigreturn trampolines, and the landing pad of SYSENTER and 32-bit SYSCALL
   * (int80_landing_pad).
   */
  readonly kernelVsyscall: number;
  readonly sigreturn: number;
  readonly rtSigreturn: number;
  readonly landingPad: number;
}

/**
 * Conversion of the virtual time stamp counter: ns = monotonicNs + (tsc - tscBase) * tscMult / 2^tscShift.
 */
export interface TimeParameters {
  readonly tscBase: bigint;
  /** Below 2^32. */
  readonly tscMult: number;
  /** 0 to 32. */
  readonly tscShift: number;
  /** CLOCK_MONOTONIC at tscBase, in ns since boot. */
  readonly monotonicNs: bigint;
  /** CLOCK_MONOTONIC and CLOCK_BOOTTIME minus `monotonicNs` and its progress, in ns. Default 0. */
  readonly uptimeNs?: bigint;
  /** CLOCK_REALTIME minus `monotonicNs`, in ns. */
  readonly realtimeOffsetNs: bigint;
  /** Resolution of the coarse clocks in ns. Default 4 ms, CONFIG_HZ=250. */
  readonly tickNs?: bigint;
  /** CLOCK_TAI minus CLOCK_REALTIME, in ns. */
  readonly taiOffsetNs?: bigint;
  /** Programs may make random numbers without calls if it is not 0, the default. */
  readonly randomGeneration?: bigint;
}

/** Offsets of clocks in a time namespace, in ns. In the initial one they are those of `setTime`. */
export interface ClockOffsets {
  exact(clock: "monotonic" | "boottime"): bigint;
  /** The time page of the namespace, made for its first program. */
  timePage?: MappedFile | undefined;
}

/** The areas below the image, in order of address. Linux 6.13 and later; 6.12 has the first only. */
const vvarAreas = [
  { name: "[vvar]", pages: 4 },
  { name: "[vvar_vclock]", pages: 2 },
] as const;
const VVAR_PAGES = vvarAreas.reduce((n, a) => n + a.pages, 0);

/** Offsets on the time page: struct vvar of vdso/vdso.c. */
export const vvar = {
  seq: 0,
  mult: 4,
  shift: 8,
  usable: 12,
  tscBase: 16,
  monotonic: 24,
  realtime: 32,
  tick: 40,
  tai: 48,
  monotonicOffset: 56,
  boottimeOffset: 64,
  randomGeneration: 72,
  size: 80,
} as const;

/** Offset of the four bytes of __kernel_vsyscall that depend on the processor. Linux vdso32/system_call.S. */
const ENTRY_OFFSET = 3;
const LANDING_PAD_OFFSET = 9;
const fastEntry = { intel: [0x89, 0xe5, 0x0f, 0x34], amd: [0x89, 0xcd, 0x0f, 0x05], none: [0x0f, 0x1f, 0x40, 0x00] } as const;
/** The instruction of __kernel_vsyscall: "none" is int $0x80. */
export type FastEntry = keyof typeof fastEntry;

/** The bytes of an image or of a time page. */
export class VdsoBytes implements Backing {
  readonly size: number;
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.size = bytes.length;
  }
  readPage(index: number, into: Uint8Array): number {
    into.set(this.bytes.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE));
    return 0;
  }
}

const file = (path: string, bytes: Uint8Array): MappedFile => ({
  backing: new VdsoBytes(bytes),
  path,
  dev: 0,
  ino: 0,
  readable: true,
  writable: false,
});

const images = new Map<string, Uint8Array>();
/** A copy of the bytes, which are decoded once for all machines. */
const decode = (base64: string): Uint8Array => {
  let image = images.get(base64);
  if (!image) images.set(base64, (image = bytesOf(base64)));
  return image.slice();
};

interface Prepared {
  readonly file: MappedFile;
  readonly symbols: ReadonlyMap<string, number>;
  readonly pages: number;
}

const prepare = (base64: string, entry: FastEntry): Prepared => {
  const bytes = decode(base64);
  const symbols = dynamicSymbols(bytes);
  const kernelVsyscall = symbols.get("__kernel_vsyscall");
  if (kernelVsyscall !== undefined) bytes.set(fastEntry[entry], kernelVsyscall + ENTRY_OFFSET);
  // Linux's images have two pages, so areas below have Linux's addresses. All pages are readable (gdb reads
  // them).
  const padded = new Uint8Array(Math.max(2 * PAGE_SIZE, pageAlign(bytes.length)));
  padded.set(bytes);
  return { file: file("[vdso]", padded), symbols, pages: padded.length / PAGE_SIZE };
};

/** The vDSO in one address space. Most programs never use the landing pad, so each read computes it. */
export class MappedVdso implements VdsoAddresses {
  private readonly _vdso: Vdso;
  readonly base: number;
  readonly kernelVsyscall: number;
  readonly sigreturn: number;
  readonly rtSigreturn: number;
  constructor(vdso: Vdso, base: number, symbol: (name: string) => number) {
    this._vdso = vdso;
    this.base = base;
    this.kernelVsyscall = symbol("__kernel_vsyscall");
    this.sigreturn = symbol("__kernel_sigreturn");
    this.rtSigreturn = symbol("__kernel_rt_sigreturn");
  }
  get landingPad(): number {
    return this._vdso.landingPad(this.base);
  }
}

/** The vDSO of one machine. */
export class Vdso {
  readonly frames: Frames;
  private readonly _entry: FastEntry;
  private readonly _images: { long?: Prepared; i386?: Prepared } = {};
  private readonly _areas: readonly { readonly file: MappedFile; readonly pages: number }[];
  /** The bytes of the time page. */
  private readonly _page = new Uint8Array(PAGE_SIZE);

  /** `entry`: the instruction of __kernel_vsyscall, decided by the processor's vendor. */
  constructor(frames: Frames, entry: FastEntry) {
    this.frames = frames;
    this._entry = entry;
    this._areas = vvarAreas.map(({ name, pages }, i) => ({ pages, file: file(name, i === 0 ? this._page : new Uint8Array(0)) }));
  }

  // Images are prepared on first use.
  private _long(): Prepared {
    return (this._images.long ??= prepare(vdso64, "none"));
  }
  private _i386(): Prepared {
    return (this._images.i386 ??= prepare(vdso32, this._entry));
  }

  /**
   * The landing pad for an image at `base`. It is that of the 32-bit image even if the 64-bit one is mapped.
   * Linux do_fast_syscall_32().
   */
  landingPad(base: number): number {
    return (base + (this._i386().symbols.get("__kernel_vsyscall") as number) + LANDING_PAD_OFFSET) % 2 ** 32;
  }

  /**
   * Publish new parameters to every process, after each change between TSC and time (clock_settime, an idle
   * jump).
   */
  setTime(p: TimeParameters): void {
    const v = new DataView(this._page.buffer);
    v.setBigUint64(vvar.randomGeneration, p.randomGeneration ?? 0n, true);
    v.setBigInt64(vvar.monotonicOffset, p.uptimeNs ?? 0n, true);
    v.setBigInt64(vvar.boottimeOffset, p.uptimeNs ?? 0n, true);
    v.setUint32(vvar.seq, v.getUint32(vvar.seq, true) + 1, true);
    v.setUint32(vvar.mult, p.tscMult, true);
    v.setUint32(vvar.shift, p.tscShift, true);
    v.setUint32(vvar.usable, 1, true);
    v.setBigUint64(vvar.tscBase, p.tscBase, true);
    v.setBigUint64(vvar.monotonic, p.monotonicNs, true);
    v.setBigInt64(vvar.realtime, p.realtimeOffsetNs, true);
    v.setBigUint64(vvar.tick, p.tickNs ?? 4_000_000n, true);
    v.setBigInt64(vvar.tai, p.taiOffsetNs ?? 0n, true);
    this._areas[0]?.file.backing.pages?.wrote(0, this._page.subarray(0, vvar.size));
  }

  /** The time page of a namespace: the common one, or a copy of it with offsets. */
  private _timePage(offsets: ClockOffsets | undefined): MappedFile {
    const common = this._areas[0]?.file as MappedFile;
    const [monotonic, boottime] = [offsets?.exact("monotonic") ?? 0n, offsets?.exact("boottime") ?? 0n];
    const v0 = new DataView(this._page.buffer);
    const isCommon = monotonic === v0.getBigInt64(vvar.monotonicOffset, true) && boottime === v0.getBigInt64(vvar.boottimeOffset, true);
    if (!offsets || isCommon) return common;
    if (!offsets.timePage) {
      const page = this._page.slice();
      const v = new DataView(page.buffer);
      v.setBigInt64(vvar.monotonicOffset, monotonic, true);
      v.setBigInt64(vvar.boottimeOffset, boottime, true);
      offsets.timePage = file(vvarAreas[0].name, page);
    }
    return offsets.timePage;
  }
  /** A process enters a time namespace: its time page is replaced. Linux vdso_join_timens(). */
  joinTime(space: AddressSpace, offsets: ClockOffsets): void {
    const page = this._timePage(offsets);
    for (const vma of [...space.areas]) {
      if (vma.file?.path !== vvarAreas[0].name || vma.file === page || !(vma.file.backing instanceof VdsoBytes)) continue;
      install(space, { at: vma.start, length: vma.end - vma.start, prot: vma.prot, flags: vma.flags, file: page, pgoff: vma.pgoff });
    }
  }

  /** Map the image and the time page into a new program. Returns addresses, or -errno. */
  map(space: AddressSpace, abi: Abi, offsets?: ClockOffsets): VdsoAddresses | number {
    const image = abi.name === "i386" ? this._i386() : this._long();
    const length = (VVAR_PAGES + image.pages) * PAGE_SIZE;
    const start = place(space, { at: 0, length, flags: 0, compat: abi.long === 4 });
    if (start < 0) return start;
    let at = start;
    const page = this._timePage(offsets);
    for (const [i, area] of this._areas.entries()) {
      const error = install(space, {
        at,
        length: area.pages * PAGE_SIZE,
        prot: PROT.READ,
        file: i === 0 ? page : area.file,
        pgoff: 0,
        flags: VM.MAYREAD | VM.DONTEXPAND | VM.DONTDUMP | VM.PFNMAP,
      });
      if (error < 0) return error;
      at += area.pages * PAGE_SIZE;
    }
    const error = install(space, {
      at,
      length: image.pages * PAGE_SIZE,
      prot: PROT.READ | PROT.EXEC,
      file: image.file,
      pgoff: 0,
      flags: VM.MAYREAD | VM.MAYWRITE | VM.MAYEXEC | VM.DONTEXPAND,
    });
    if (error < 0) return error;
    const symbol = (name: string, offset = 0): number => {
      const value = image.symbols.get(name);
      return value === undefined ? 0 : at + value + offset;
    };
    return new MappedVdso(this, at, symbol);
  }
}
