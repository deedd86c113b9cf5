// A snapshot: the state of a machine between two slices, as a value. It never changes; machines are made from
// it, or taken back to it, any number of times.

import type { Cpu } from "../../cpu/cpu.ts";
import type { WaitQueue } from "../../kernel/base/wait.ts";
import type { Kernel } from "../../kernel/core/kernel.ts";
import type { Process } from "../../kernel/core/process.ts";
import { Gate } from "../../kernel/entry/gate.ts";
import type { ByteSink } from "../../kernel/fs/files/stream.ts";
import type { HostRwFile } from "../../kernel/fs/types/host-rw.ts";
import { observe } from "../../kernel/observer.ts";
import type { Frames } from "../../memory/frames.ts";
import type { Filter } from "../../seccomp/filter.ts";
import { writerOf } from "../../seccomp/layout.ts";
import { allocate, type Booted, newDeadline, newProcessor, pagesOf } from "../boot.ts";
import type { Machine } from "../machine.ts";
import { takeMemory } from "../memory-pool.ts";
import type { Session, Sinks, Started } from "../session.ts";
import type { StandardStreams } from "../standard-streams.ts";
import { derived } from "./fields.ts";
import { capture, type Graph, rebuild, refused, type Supply } from "./graph.ts";
import type { SlotOptions } from "./options.ts";
import { adopt, leave, loadPages, type Pages, savePages } from "./pages.ts";
import { loadRegisters, storeRegisters } from "./processor-state.ts";
import type { LiveObjects } from "./refill.ts";
import { facts } from "./registry.ts";
import { checkSlots, type Slots, slotsOf, useSlots, WRITABLE } from "./slots.ts";

/** The roots of a machine's graph. */
export interface Roots {
  readonly kernel: Kernel;
  /** The program that runs, if one has been started. */
  readonly process: Process | undefined;
  readonly streams: StandardStreams | undefined;
}
/** All that a snapshot holds. */
export interface SavedState {
  readonly graph: Graph;
  readonly pages: Pages;
  readonly slots: Slots;
  /** Of the processor: retired instructions, and DR6. */
  readonly instructions: number;
  readonly debugStatus: number;
  /** It was read from a file. */
  readonly isOfFile?: true;
}

/** The port of a terminal. */
const TERMINAL = "terminal";

/** The machine's side of an output stream. The owner of a copy supplies the other side. */
export class Port implements ByteSink {
  readonly queue: WaitQueue;
  private _to: ByteSink | undefined;
  constructor(queue: WaitQueue) {
    this.queue = queue;
  }
  connect(to: ByteSink): void {
    this._to = to;
    // A full sink of the host wakes its own queue.
    to.queue.sleepers.add({ wake: () => this.queue.wake() });
  }
  write(bytes: Uint8Array): number {
    return this._to ? this._to.write(bytes) : bytes.length;
  }
}

/**
 * The state of a machine between two slices. `before`: an earlier one, whose equal pages are shared.
 * `allowed`: the machine may have parts of the host.
 */
export const saveState = (kernel: Kernel, session: Session | undefined, before: SavedState | undefined, allowed = false): SavedState => {
  const { scheduler, processor, frames } = kernel;
  if (scheduler.isInCall) throw refused("it is in the middle of a call", "take it between two runs, not in a hook");
  storeRegisters(kernel);
  const ports = new Map<object, string>();
  if (session) for (const name of ["stdout", "stderr"] as const) ports.set(session.sinks[name], name);
  const console = session?.streams.console;
  if (console) ports.set(console.sink, TERMINAL);
  const roots: Roots = { kernel, process: session?.process, streams: session?.streams };
  const graph = capture(roots, facts(), ports, frames.memory.buffer);
  return {
    graph,
    slots: slotsOf(graph, kernel, allowed),
    pages: savePages(frames, before?.pages, processor as Cpu),
    instructions: processor.instructions,
    debugStatus: processor.debugStatus,
  };
};

/** A live graph in a memory. */
interface Loaded extends Roots {
  readonly ports: ReadonlyMap<string, Port>;
}
/**
 * `used`: the frames of the machine that is taken back. `isFresh`: files of writable mounts are as they are
 * now.
 */
const load = (
  { graph, pages, instructions, debugStatus }: SavedState,
  processor: Cpu,
  memory: WebAssembly.Memory,
  isFresh: boolean,
  used?: Pick<Frames, "tracking">,
  live?: LiveObjects,
): Loaded => {
  const derivesOf = (name: string): boolean => derived[name] !== undefined || (isFresh && WRITABLE.has(name));
  const ports = new Map<string, Port>();
  const supply: Supply = {
    fields(className, object) {
      if (className === "memory/frames.ts:Frames") adopt(object as Frames, memory, processor);
      else if (className === "kernel/core/kernel.ts:Kernel") Object.assign(object, { deadline: newDeadline() });
    },
    port(name, queue) {
      const port = new Port(queue as WaitQueue);
      ports.set(name, port);
      return port;
    },
    derive(className, object) {
      if (WRITABLE.has(className)) (object as HostRwFile).refresh();
      else if (className === "kernel/entry/gate.ts:Gate") {
        const fresh = new Gate((object as Gate).kernel) as unknown as Record<string, unknown>;
        for (const field of derived[className] ?? []) (object as Record<string, unknown>)[field] = fresh[field];
      } else Object.assign(object, { _writeWords: writerOf((object as Filter).profile.layout), _special64: [], _special32: [] });
    },
  };
  const roots = (live ? live.back(supply, derivesOf) : rebuild(graph, supply, derivesOf)) as Roots;
  const { kernel } = roots;
  loadPages(kernel.frames, pages, processor, used);
  processor.instructions = instructions;
  processor.debugStatus = debugStatus;
  kernel.attach(processor);
  processor.flushWrites();
  loadRegisters(kernel);
  // Observers belong to the run.
  observe(kernel, undefined);
  return { ...roots, ports };
};

/** The program of a loaded graph, for a session; undefined if none had been started. */
const startedOf = ({ kernel, process, streams, ports }: Loaded): Started | undefined => {
  if (!process || !streams) return undefined;
  const { leader } = process;
  const tasks = [...kernel.tasks.values()].filter((task) => task !== leader && task.process !== kernel.init);
  return {
    process,
    streams,
    tasks: [leader, ...tasks],
    connect(sinks, terminal) {
      if (terminal) ports.get(TERMINAL)?.connect(terminal);
      return connect(ports, sinks);
    },
  };
};
const connect = (ports: ReadonlyMap<string, Port>, sinks: Sinks): Sinks => {
  for (const name of ["stdout", "stderr"] as const) ports.get(name)?.connect(sinks[name]);
  return { stdout: ports.get("stdout") ?? sinks.stdout, stderr: ports.get("stderr") ?? sinks.stderr };
};

/** A machine in a state. `memory`: cleared, of a machine with the same options. */
export interface Resumed {
  readonly booted: Booted;
  readonly started: Started | undefined;
}

/** Makes a machine's kernel and processor anew from a state. */
export const resume = (state: SavedState, options: Machine["options"], given: SlotOptions = {}): Resumed => {
  checkSlots(state.slots, given, false);
  const memory = takeMemory(pagesOf(options), options.sharedMemory ?? false) ?? allocate(options);
  const processor = newProcessor(options, memory);
  const loaded = load(state, processor, memory, given.changed === "accept");
  useSlots(state.slots, loaded.kernel, options.network);
  return { booted: { kernel: loaded.kernel, processor, console: loaded.streams?.terminal }, started: startedOf(loaded) };
};

/**
 * Takes a machine back. Its processor keeps compiled code of frames that are equal. `live`: the objects of
 * the last time, which are used again.
 */
export const takeBack = (
  state: SavedState,
  kernel: Kernel,
  given: SlotOptions = {},
  live?: LiveObjects,
): { readonly kernel: Kernel; readonly started: Started | undefined } => {
  const { frames } = kernel;
  checkSlots(state.slots, given, true);
  const { network } = kernel.namespaces.net.uplink ?? {};
  const { memory, tracking } = frames;
  leave(frames);
  const loaded = load(state, kernel.processor as Cpu, memory, given.changed === "accept", { tracking }, live);
  useSlots(state.slots, loaded.kernel, network);
  return { kernel: loaded.kernel, started: startedOf(loaded) };
};
