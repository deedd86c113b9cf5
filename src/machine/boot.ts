// Switching on: memory, processor, page frames, kernel, the first mounts.

import { WorkBudget } from "../budget.ts";
import { cpuCode } from "../cpu/code.ts";
import { Cpu } from "../cpu/cpu.ts";
import type { CodeStore } from "../cpu/jit/cache/format.ts";
import { treeSizes } from "../cpu/jit/runtime/policy.ts";
import type { Deadline } from "../cpu/machine/deadline.ts";
import { directMap, layout } from "../cpu/machine/layout.ts";
import { defaultModel, hasFeature, hwcap, knownModel, type Model, xcr0 } from "../cpu/machine/model.ts";
import type { ProcessorModel } from "../kernel/base/processor.ts";
import { type KernelProfile, kernelProfile } from "../kernel/base/profile.ts";
import { UPTIME } from "../kernel/base/time.ts";
import type { Feature } from "../kernel/core/feature.ts";
import type { Kernel } from "../kernel/core/kernel.ts";
import { Vdso } from "../kernel/exec/vdso.ts";
import { mountStandard } from "../kernel/fs/standard.ts";
import type { Tty } from "../kernel/fs/tty/tty.ts";
import { MemFs } from "../kernel/fs/types/memfs.ts";
import { MS_RDONLY } from "../kernel/fs/vfs/mount.ts";
import { Vfs } from "../kernel/fs/vfs.ts";
import { ipText } from "../kernel/net/address-text.ts";
import { plan } from "../kernel/net/plan.ts";
import { newKernel } from "../kernel/sched/new-kernel.ts";
import { Frames } from "../memory/frames.ts";
import { Problem } from "../problem.ts";
import { profileHelp, whyNoProfile } from "../seccomp/profile/profiles.ts";
import { lazyHostFs, lazyHostRw, lazyOverlay, lazyUplink } from "./lazy.ts";
import type { MachineOptions, MountOptions, ProgramOptions } from "./options.ts";
import { bytesOf, DEFAULT_MEMORY, MAX_MEMORY, MIN_MEMORY } from "./size.ts";
import { consoleOf, type TerminalOptions } from "./standard-streams.ts";
import { memoryUsedUp, mountAt, putFile } from "./tree.ts";
import { bootTimeOf, isHostname, MAX_CPUS } from "./world.ts";

/**
 * The options of a machine as the command line gives them. Library users have `MachineOptions`, which
 * src/machine/api checks.
 */
export interface BootOptions extends Omit<MachineOptions, "code">, Pick<ProgramOptions, "timeout" | "signal"> {
  /**
   * Limits of all that is read before the first program. Default: the memory, the timeout and the signal.
   */
  readonly budget?: WorkBudget;
  /** Keeps compiled code between runs of a program, with engine "auto". Default: no code is kept. */
  readonly code?: CodeStore;
  /** A terminal of the host. Default: the standard streams are pipes. */
  readonly terminal?: TerminalOptions;
  /**
   * Guest memory is a SharedArrayBuffer. V8 does not count it for garbage collection, so a process with one
   * machine has no collection during a short program. In a process with several machines, unused ones are
   * collected later. Default false.
   */
  readonly sharedMemory?: boolean;
  /**
   * Trace trees may have three times the size, which makes dynamic programs faster. V8 uses a simpler
   * register allocator for functions of that size unless it has the flag
   * `--no-turbo-use-mid-tier-regalloc-for-huge-functions`. Default false.
   */
  readonly largeTraces?: boolean;
  /** The optional features of the kernel. Default: all. */
  readonly features?: readonly Feature[];
}

const WASM_PAGE = 65536;

/** The profile of the options. Throws a Problem for a name that is none. */
export const profileOf = ({ kernel: name = "upstream", x32, ia32, vsyscall, bugs }: BootOptions): KernelProfile => {
  const switches = Object.entries({ x32, ia32, vsyscall, bugs }).filter(([, value]) => value !== undefined);
  const profile = kernelProfile(name, Object.fromEntries(switches));
  if (profile) return profile;
  const why = whyNoProfile(name);
  const help = profileHelp(name);
  throw new Problem("unknown-name", `there is no kernel profile "${name}"${why === undefined ? "" : `: ${why}`}`, { help });
};

/** HWCAP2_FSGSBASE, Linux uapi asm/hwcap2.h. */
const HWCAP2_FSGSBASE = 2;
const kernelModel = (model: Model): ProcessorModel => ({
  vendor: model.vendor,
  hwcap: hwcap(model),
  hwcap2: hasFeature(model, "fsgsbase") ? HWCAP2_FSGSBASE : 0,
  xfeatures: xcr0(model),
  cpuinfo: model,
});

/**
 * A clock in milliseconds that never goes back. `performance` is avoided, because Node.js loads a module
 * for it.
 */
const steadyClock = (): (() => number) => {
  let last = 0;
  let behind = 0;
  return () => {
    const now = Date.now();
    if (now < last) behind += last - now;
    last = now;
    return now + behind;
  };
};

/** A size as its user wrote it; a plain number is one of bytes. */
const sized = (size: number | string): string => (/^\d+$/.test(`${size}`) ? `${size} byte${Number(size) === 1 ? "" : "s"}` : `${size}`);

/** The guest's memory in bytes. */
const memoryOf = ({ memory = DEFAULT_MEMORY }: BootOptions): number => {
  const bytes = bytesOf(memory);
  if (bytes !== undefined && bytes >= MIN_MEMORY && bytes <= MAX_MEMORY) return bytes;
  throw new Problem("memory-size", `a machine has between 1 MiB and 3.75 GiB of memory, not ${sized(memory)}`, {
    help: "a 32-bit WebAssembly memory holds 4 GiB, tables of the machine included",
  });
};

/** The limits of what is read before a machine boots. */
export const budgetOf = (options: BootOptions): WorkBudget =>
  options.budget ?? new WorkBudget({ seconds: options.timeout, bytes: memoryOf(options), signal: options.signal, subject: "the overlay" });

/**
 * WebAssembly pages of a machine's memory: all of the window, because untouched pages cost nothing, and
 * frames behind it for pages whose direct-mapped position is taken.
 */
export const pagesOf = (options: BootOptions): number =>
  Math.ceil((layout.window + Math.max(memoryOf(options), 2 ** directMap.bits + BEHIND)) / WASM_PAGE) + 1;
/** Bytes behind the window, at least. Most machines have the same, and can use one memory in turn. */
const BEHIND = 1 << 27;

/** Memory for a machine. */
export const allocate = (options: BootOptions): WebAssembly.Memory => {
  const { sharedMemory: shared = false } = options;
  const pages = pagesOf(options);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch (cause) {
    throw new Problem("host", `the host has no ${memoryOf(options)} bytes of memory for the guest`, { cause });
  }
};

const mount = ({ vfs }: Kernel, { tree, at, mode }: MountOptions): void => {
  if (mode !== "rw") {
    mountAt(vfs, at, new (lazyHostFs().HostFs)(vfs.newDev(), vfs.clock, tree, { readOnly: mode === "ro" }), mode === "ro" ? MS_RDONLY : 0);
    return;
  }
  if (!tree.writable) throw new Problem("bad-mount", `${at} is to be writable, but the host's folder is not`);
  mountAt(vfs, at, new (lazyHostRw().HostRwFs)(vfs.newDev(), vfs.clock, tree));
};

/** man 5 resolv.conf. */
const resolvConf = (): string => `nameserver ${ipText(plan.resolver)}\n`;

/** A kernel and a processor, ready for the first program. */
export interface Booted {
  readonly kernel: Kernel;
  readonly processor: Cpu;
  /** The host's terminal, if there is one. */
  readonly console: Tty | undefined;
}

/**
 * The memory of an ended machine, cleared of its guests. A new machine starts faster in it than in fresh
 * memory.
 */
export const reclaim = ({ frames }: Kernel, processor: Cpu): WebAssembly.Memory => {
  frames.giveUp();
  processor.giveUp();
  return frames.memory;
};

const setLimits = (kernel: Kernel, { pids, openFiles, cpuTime }: Pick<MachineOptions, "pids" | "openFiles" | "cpuTime">): void => {
  for (const [name, value] of Object.entries({ pids, openFiles, cpuTime }))
    if (value !== undefined && !(value > 0)) throw new Problem("bad-value", `${name} must be more than 0, not ${value}`);
  if (pids !== undefined) kernel.pidsMax = pids;
  if (openFiles !== undefined) kernel.frames.openFiles.most = openFiles;
  if (cpuTime !== undefined) kernel.cpuTime.limit = cpuTime * 1e9;
};

const worldOf = ({ hostname, clock, cpus = 1 }: Pick<MachineOptions, "hostname" | "clock" | "cpus">) => {
  if (hostname !== undefined && !isHostname(hostname))
    throw new Problem("bad-value", `a host name has 1 to 64 ASCII characters without spaces, not ${JSON.stringify(hostname)}`);
  if (!(Number.isInteger(cpus) && cpus >= 1 && cpus <= MAX_CPUS))
    throw new Problem("bad-value", `a machine has 1 to ${MAX_CPUS} processors, not ${cpus}`);
  const bootTime = clock === undefined ? undefined : bootTimeOf(clock);
  if (clock !== undefined && bootTime === undefined)
    throw new Problem("bad-value", `the clock cannot be ${JSON.stringify(clock)}`, {
      help: "it is now, or a time from 1970 to 2038 such as 2025-01-01T12:00:00Z",
    });
  return { cpus, ...(hostname === undefined ? {} : { hostname }), ...(bootTime === undefined ? {} : { bootTime }) };
};

/** A processor in a memory. */
export const newProcessor = (options: BootOptions, memory: WebAssembly.Memory): Cpu => {
  const { engine = "auto" } = options;
  const code = cpuCode(memory, engine === "auto" ? options.code?.handlers : undefined);
  const processor = new Cpu(memory, code, knownModel(options.cpu ?? defaultModel));
  processor.engine = engine;
  if (options.largeTraces) processor.jit.treeSize = treeSizes.large;
  if (engine === "auto") processor.jit.store = options.code;
  return processor;
};
/** The clock by which a kernel returns to its owner. */
export const newDeadline = (): Deadline => ({ clock: steadyClock(), until: Infinity });

/** Makes a kernel and a processor in a memory. Throws a Problem for options that exclude each other. */
export const boot = (options: BootOptions, memory = allocate(options)): Booted => {
  const processor = newProcessor(options, memory);
  const { model } = processor;
  const frames = new Frames(memory, layout.frames, { most: Math.floor(memoryOf(options) / 4096) });
  frames.watch = processor;
  const { root } = options;
  const kernel = newKernel({
    processor,
    ...(options.features ? { features: options.features } : {}),
    model: kernelModel(model),
    profile: profileOf(options),
    frames,
    vdso: new Vdso(frames, model.vendor),
    seed: options.seed ?? 0,
    ...worldOf(options),
    randomizeLayout: options.randomizeLayout ?? true,
    deadline: newDeadline(),
  });
  setLimits(kernel, options);
  kernel.vfs = new Vfs(kernel, (dev, clock) => {
    if (options.overlay) return new (lazyOverlay().HostOverlayFs)(dev, clock, options.overlay, root, budgetOf(options));
    return root ? new (lazyHostFs().HostFs)(dev, clock, root) : new MemFs(dev, clock);
  });
  // The time-stamp counter counts virtual nanoseconds.
  kernel.vdso.setTime({
    tscBase: BigInt(UPTIME.sec) * 1_000_000_000n,
    tscMult: 1,
    tscShift: 0,
    monotonicNs: 0n,
    randomGeneration: kernel.profile.vdsoRandom ? 1n : 0n,
    uptimeNs: BigInt(UPTIME.sec) * 1_000_000_000n,
    realtimeOffsetNs: BigInt(kernel.bootTime) * 1_000_000_000n,
  });
  const console = options.terminal && consoleOf(kernel, options.terminal);
  const { network } = options;
  const { net } = kernel.namespaces;
  if (network) net.uplink = new (lazyUplink().Uplink)(kernel, net, network);
  kernel.idlesInRealTime = console !== undefined || network !== undefined;
  if (!mountStandard(kernel, console, root === undefined)) throw memoryUsedUp();
  for (const m of options.mounts ?? []) mount(kernel, m);
  if (network?.reaches) putFile(kernel.vfs, "/etc/resolv.conf", new TextEncoder().encode(resolvConf()), 0o644);
  for (const [path, file] of Object.entries(options.files ?? {})) {
    const { content, mode = 0o644 } = typeof file === "string" || file instanceof Uint8Array ? { content: file } : file;
    putFile(kernel.vfs, path, typeof content === "string" ? new TextEncoder().encode(content) : content, mode);
  }
  return { kernel, processor, console };
};
