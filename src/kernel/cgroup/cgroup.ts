// A control group of version 2. Linux kernel/cgroup/cgroup.c, kernel/cgroup/pids.c; man 7 cgroups.
import { E } from "../../abi/errno.ts";
import { WaitQueue } from "../base/wait.ts";
import type { Process } from "../core/process.ts";
import type { DeviceProgram } from "./device-program.ts";

declare module "../core/process.ts" {
  interface ProcessMembers {
    /** Its control group, inherited by children. */
    cgroup: Cgroup;
  }
}
declare module "../core/kernel.ts" {
  interface KernelMembers {
    /** The root of all control groups. */
    readonly cgroups: Cgroup;
  }
}

/** The controllers. */
export const CONTROLLERS = ["cpu", "memory", "pids"] as const;
/** The name of a controller of control groups. */
export type Controller = (typeof CONTROLLERS)[number];
/** The greatest depth of the hierarchy. Linux has no limit; the paths here have one. */
const MAX_DEPTH = 32;

/** A group. The root has no parent. */
export class Cgroup {
  readonly name: string;
  readonly parent: Cgroup | undefined;
  readonly depth: number;
  readonly children = new Map<string, Cgroup>();
  /** Its own processes, zombies included. */
  readonly members = new Set<Process>();
  /** The controllers of the children: cgroup.subtree_control. */
  readonly subtree = new Set<Controller>();
  /** The number of processes that live here and below. */
  private _live = 0;
  /** pids.max, and how often it refused a task. */
  pidsMax = Number.POSITIVE_INFINITY;
  refused = 0;
  /** Programs that decide on devices, with their BPF_F_* flags (devices.ts). */
  devices: { programs: DeviceProgram[]; flags: number } = { programs: [], flags: 0 };
  /** Settings without an effect, by file name. */
  readonly settings = new Map<string, string>();
  /** Changes of cgroup.events, for poll(2). */
  readonly populatedChanges = { events: 0, changed: new WaitQueue() };
  /** Called at each change of `populated`. */
  readonly watchers = new Set<{ happened(): void }>();
  removed = false;
  /** The id of the newest program, counted in the root. */
  lastProgram = 0;

  constructor(name = "", parent?: Cgroup) {
    this.name = name;
    this.parent = parent;
    this.depth = parent ? parent.depth + 1 : 0;
  }
  /** The groups from this one to the root. */
  *up(): Generator<Cgroup> {
    for (let g: Cgroup | undefined = this; g; g = g.parent) yield g;
  }
  /** This group and all groups below, each after its parent. */
  *down(): Generator<Cgroup> {
    yield this;
    for (const child of this.children.values()) yield* child.down();
  }
  /** True if a process lives in the group or below. */
  get populated(): boolean {
    return this._live > 0;
  }
  /** The controllers that the parent gives to this group. */
  get controllers(): readonly Controller[] {
    return CONTROLLERS.filter((c) => this.parent?.subtree.has(c) ?? true);
  }
  /** True if a program of this group or above decides on devices. */
  get hasDevicePrograms(): boolean {
    for (let g: Cgroup | undefined = this; g; g = g.parent) if (g.devices.programs.length > 0) return true;
    return false;
  }
  /** The path from `root`. Outside of it the path goes up: man 7 cgroup_namespaces. */
  pathFrom(root: Cgroup): string {
    const above = new Set(root.up());
    const names: string[] = [];
    let common: Cgroup = this;
    while (!above.has(common)) {
      names.unshift(common.name);
      common = common.parent as Cgroup;
    }
    for (const g of root.up()) {
      if (g === common) break;
      names.unshift("..");
    }
    return `/${names.join("/")}`;
  }

  /** A new group below this one, or -errno. Linux cgroup_mkdir(). */
  make(name: string): Cgroup | number {
    if (this.removed) return -E.ENOENT;
    if (this.depth >= MAX_DEPTH) return -E.EAGAIN;
    const made = new Cgroup(name, this);
    this.children.set(name, made);
    return made;
  }
  /** Removes the group: 0, or -EBUSY if it has processes or groups. */
  remove(): number {
    if (this.populated || this.children.size > 0) return -E.EBUSY;
    this.removed = true;
    this.parent?.children.delete(this.name);
    return 0;
  }

  private _count(by: 1 | -1): void {
    for (let g: Cgroup | undefined = this; g; g = g.parent) {
      g._live += by;
      if (g._live !== (by > 0 ? 1 : 0)) continue;
      g.populatedChanges.events++;
      g.populatedChanges.changed.wake();
      for (const watcher of g.watchers) watcher.happened();
    }
  }
  /** A new process, or one that comes from another group. */
  add(process: Process): void {
    this.members.add(process);
    if (process.ended === undefined) this._count(1);
  }
  /** A process that leaves the group alive, or a zombie that is reaped. */
  delete(process: Process): void {
    if (this.members.delete(process) && process.ended === undefined) this._count(-1);
  }
  /** A process becomes a zombie. */
  end(): void {
    this._count(-1);
  }

  /** The number of tasks here and below. A zombie counts. */
  get tasks(): number {
    let n = 0;
    for (const g of this.down()) for (const process of g.members) n += Math.max(1, process.threads.length);
    return n;
  }
  /** False if pids.max of a group above refuses another task. Linux pids_can_fork(). */
  mayFork(): boolean {
    for (let g: Cgroup | undefined = this; g; g = g.parent) {
      if (g.pidsMax === Number.POSITIVE_INFINITY || g.tasks < g.pidsMax) continue;
      g.refused++;
      return false;
    }
    return true;
  }

  /** Moves a process here: 0 or -errno. Linux cgroup_migrate_vet_dst(). */
  take(process: Process): number {
    if (this.removed) return -E.ENODEV;
    if (this.parent && this.subtree.size > 0) return -E.EBUSY;
    process.cgroup.delete(process);
    process.cgroup = this;
    this.add(process);
    return 0;
  }
  /** Changes cgroup.subtree_control: 0 or -errno. Linux cgroup_subtree_control_write(). */
  control(enable: readonly Controller[], disable: readonly Controller[]): number {
    if (enable.some((c) => !this.controllers.includes(c))) return -E.ENOENT;
    if (disable.some((c) => [...this.children.values()].some((child) => child.subtree.has(c)))) return -E.EBUSY;
    if (enable.length > 0 && this.parent && [...this.members].some((p) => p.ended === undefined)) return -E.EBUSY;
    for (const c of enable) this.subtree.add(c);
    for (const c of disable) this.subtree.delete(c);
    return 0;
  }
}

/** The line of /proc/PID/cgroup. `root` is the root of the reader's namespace. */
export const cgroupText = ({ cgroup }: Process, root: Cgroup): string =>
  `0::${cgroup.pathFrom(root)}${cgroup.removed ? " (deleted)" : ""}\n`;
