// A core file is written while its process ends. man 5 core; Linux fs/coredump.c do_coredump(),
// coredump_wait(), fs/binfmt_elf.c elf_core_dump().
//
// The dumping thread and all others of the process are parked until none of them runs. Then the dumping
// thread writes the file, a piece at each return from the scheduler, and all threads end.

import { O_CREAT, O_EXCL, O_LARGEFILE, O_NOFOLLOW, O_RDWR } from "../../abi/uapi/fcntl.ts";
import { R } from "../../cpu/machine/state.ts";
import { PAGE_SIZE } from "../../memory/frames.ts";
import { PROT } from "../../memory/vma.ts";
import { cost, PIECE_BYTES } from "../base/cost.ts";
import { RLIMIT } from "../base/rlimit.ts";
import type { Task } from "../core/task.ts";
import { FileDescription } from "../fs/vfs/file.ts";
import { open } from "../fs/vfs/open.ts";
import { unlink } from "../fs/vfs/remove.ts";
import { endProcess } from "../signal/send.ts";
import type { SigInfo } from "../signal/state/info.ts";
import { CORE } from "../task/end.ts";
import { type DumpedArea, dumpedAreas } from "./areas.ts";
import { type CoreSegment, headers, headersSize } from "./layout.ts";
import { coreName } from "./name.ts";
import { layoutNote, notesWeight, threadNotes } from "./notes.ts";

/** The smallest RLIMIT_CORE with a file. Linux binfmt min_coredump. */
const SMALLEST = PAGE_SIZE;
/** Threads in one piece of the notes. */
const THREADS = 32;
/** Host memory of a mapping's record and its program header, in bytes. */
const AREA_WEIGHT = 160;
const LOG_INFO = 6;

const align = (n: number): number => Math.ceil(n / PAGE_SIZE) * PAGE_SIZE;
/** PF_R, PF_W and PF_X of a mapping. */
const segmentFlags = (prot: number): number => (prot & PROT.READ ? 4 : 0) | (prot & PROT.WRITE ? 2 : 0) | (prot & PROT.EXEC ? 1 : 0);

/** A new file of the task's own. undefined: it could not be made. */
const openCore = (task: Task, signal: number): FileDescription | undefined => {
  const { kernel } = task;
  const name = coreName(task, signal);
  if (name.startsWith("|")) {
    kernel.printk(LOG_INFO, `Core dump to ${name} pipe failed`);
    return undefined;
  }
  unlink(task, task.fs.cwd, name);
  const file = open(task, task.fs.cwd, name, { flags: O_CREAT | O_RDWR | O_NOFOLLOW | O_LARGEFILE | O_EXCL, mode: 0o600 });
  if (!(file instanceof FileDescription)) return undefined;
  const admitted = file.admit();
  file.hold();
  if (admitted === 0 && file.inode.isFile) return file;
  file.drop();
  return undefined;
};

/** The dump of one process. */
export class CoreDump {
  private readonly _task: Task;
  private readonly _info: SigInfo;
  private readonly _file: FileDescription;
  /** RLIMIT_CORE and RLIMIT_FSIZE: no byte is written beyond. */
  private readonly _limit: number;
  private readonly _charged: number;
  private readonly _parked = new Set<Task>();
  /** The results of the calls in which threads slept: their waits end as by a signal. */
  private readonly _results = new Map<Task, number>();
  private readonly _threads: readonly Task[];
  private readonly _notes: Uint8Array[] = [];
  private readonly _areas: readonly DumpedArea[];
  /** Progress: threads in the notes, areas in the file, and bytes of the current area. */
  private _noted = 0;
  private _written = 0;
  private _offset = 0;
  private _position = 0;
  private _isOver = false;

  private constructor(task: Task, info: SigInfo, file: FileDescription, charged: number) {
    this._task = task;
    this._info = info;
    this._file = file;
    this._charged = charged;
    const { process } = task;
    this._limit = Math.min(process.limit(RLIMIT.CORE), process.limit(RLIMIT.FSIZE));
    this._areas = dumpedAreas(task);
    this._threads = [task, ...process.threads.filter((t) => t !== task)];
    for (const thread of this._threads) if (thread.waiting) this._results.set(thread, -thread.waiting.interrupted);
    task.kernel.charge(this._areas.length * cost.mapping);
  }

  /**
   * Ends the process by a signal, with a core file if its limit, its dumpable flag and the file system allow
   * one.
   */
  static end(task: Task, info: SigInfo): void {
    const { process, kernel } = task;
    const file =
      process.exiting === undefined && process.limit(RLIMIT.CORE) >= SMALLEST && task.dumpable === 1
        ? openCore(task, info.signo)
        : undefined;
    const { account } = kernel.frames;
    const weight = notesWeight(process) + task.mem.areas.count * AREA_WEIGHT;
    if (file && account.canTake(weight)) {
      account.force(weight);
      process.dump = new CoreDump(task, info, file, weight);
      endProcess(process, info.signo | CORE);
      return;
    }
    file?.drop();
    endProcess(process, info.signo);
  }

  /** SIGKILL: the file stays as it is. Linux dump_interrupted(). */
  cancel(): void {
    this._isOver = true;
  }

  /** The turn of a thread of the process that is about to end. False: it ends now. */
  step(task: Task): boolean {
    const { scheduler, processor } = task.kernel;
    if (this._parked.size < this._threads.length - 1 || task !== this._task) {
      scheduler.stop(task);
      const result = this._results.get(task);
      if (result !== undefined) processor.state.setGpr(R.ax, result);
      if (task !== this._task) this._parked.add(task);
      if (this._parked.size === this._threads.length - 1 && this._task.state === "stopped") scheduler.start(this._task);
      return true;
    }
    if (!this._isOver) this._piece();
    if (!this._isOver) return true;
    this._finish();
    return false;
  }
  private _finish(): void {
    const { process, kernel } = this._task;
    process.dump = undefined;
    kernel.frames.account.give(this._charged);
    this._file.drop();
    for (const thread of this._parked) if (thread.state === "stopped") kernel.scheduler.start(thread);
  }

  private _piece(): void {
    if (this._noted < this._threads.length) this._note();
    else if (this._written < this._areas.length) this._dump();
    else {
      // Holes at the end count.
      if (this._position > this._file.inode.size && this._position <= this._limit) this._file.inode.truncate(this._position);
      this._isOver = true;
    }
  }

  private _note(): void {
    const first = this._noted;
    const some = this._threads.slice(first, first + THREADS);
    for (const [i, thread] of some.entries()) this._notes.push(...threadNotes(thread, this._info, first + i === 0));
    this._noted += some.length;
    this._task.kernel.charge(some.length * cost.entry);
    if (this._noted < this._threads.length) return;
    this._notes.push(...layoutNote(this._task));
    this._writeHead();
  }
  /** The headers and the notes. The first area begins at the next page. */
  private _writeHead(): void {
    const { abi } = this._task.program;
    const size = this._notes.reduce((sum, { length }) => sum + length, 0);
    const offset = headersSize(this._areas.length + 1, abi);
    let at = align(offset + size);
    const segments: CoreSegment[] = [{ type: "note", flags: 0, offset, address: 0n, filesz: size, memsz: 0, align: 4 }];
    for (const { start, size: memsz, dumped: filesz, prot } of this._areas) {
      segments.push({ type: "load", flags: segmentFlags(prot), offset: at, address: start, filesz, memsz, align: PAGE_SIZE });
      at += filesz;
    }
    this._write(headers(segments, abi));
    for (const bytes of this._notes.splice(0)) this._write(bytes);
    this._position = align(this._position);
  }

  /** Appends bytes, all or none of them. False: the file ends here. Linux dump_emit(). */
  private _write(bytes: Uint8Array): boolean {
    const { kernel } = this._task;
    const end = this._position + bytes.length;
    while (end <= this._limit && this._position < end) {
      const n = this._file.write(this._task, bytes.subarray(bytes.length - (end - this._position)), this._position);
      if (n <= 0) break;
      this._position += n;
    }
    kernel.charge(bytes.length * cost.byte);
    if (this._position < end) this._isOver = true;
    return !this._isOver;
  }

  /** Writes pages until a piece is complete. Absent pages become holes. */
  private _dump(): void {
    const { mem, kernel } = this._task;
    const page = new Uint8Array(PAGE_SIZE);
    let looks = 0;
    for (let bytes = 0; bytes < PIECE_BYTES && looks < PIECE_BYTES / PAGE_SIZE && !this._isOver; looks++) {
      const area = this._areas[this._written];
      if (!area) break;
      const from = Number(area.start);
      const next = area.ofFile ? from + this._offset : mem.table.next(from + this._offset, from + area.dumped);
      if (this._offset >= area.dumped || next === undefined) {
        this._position += area.dumped - this._offset;
        this._written++;
        this._offset = 0;
        continue;
      }
      this._position += next - from - this._offset;
      this._offset = next - from + PAGE_SIZE;
      if (mem.peek(next, page) < PAGE_SIZE) this._position += PAGE_SIZE;
      else if (this._write(page)) bytes += PAGE_SIZE;
    }
    kernel.charge(looks * cost.page);
  }
}
