// The lines that a trace shows, by its options.

import type { Task } from "../../../kernel/core/task.ts";
import { pathName } from "../../../kernel/fs/vfs/dentry.ts";
import type { PendingCall } from "../../../kernel/syscall/call.ts";
import type { ShowContext, Style } from "../../../kernel/syscall/declaration.ts";
import { nameOfFile } from "../descriptors.ts";
import { Injector } from "./inject.ts";
import type { TraceOptions } from "./options.ts";
import { callSet, descriptorSet, type Has, signalSet, statusSet } from "./select.ts";

const all: Has = () => true;

/** Tests for calls, results, signals, paths and dumped descriptors. */
export class Filters {
  readonly call: Has;
  readonly status: Has;
  readonly signal: Has;
  readonly injector: Injector | undefined;
  /** Only the result decides about a call: its line is written after it. */
  readonly needsResult: boolean;
  private readonly _files: readonly string[];
  private readonly _read: Has | undefined;
  private readonly _write: Has | undefined;

  /** @throws {Problem} A name in an option is unknown. */
  constructor(options: TraceOptions) {
    const { calls, status, signals, inject, files = [], read, write } = options;
    this.call = calls === undefined ? all : callSet(calls);
    this.status = status === undefined ? all : statusSet(status);
    this.signal = signals === undefined ? all : signalSet(signals);
    this.injector = inject && inject.length > 0 ? new Injector(inject) : undefined;
    this.needsResult = status !== undefined && !["successful", "failed", "unfinished"].every((s) => this.status(s));
    this._files = files;
    this._read = read === undefined ? undefined : descriptorSet(read, "-e read");
    this._write = write === undefined ? undefined : descriptorSet(write, "-e write");
  }

  /** There is an option `files`. */
  get hasPaths(): boolean {
    return this._files.length > 0;
  }
  path(name: string): boolean {
    return this._files.includes(name);
  }
  /** A name of a path, or the path of an open file: relative paths are those of the task's directory. */
  private _isFile(task: Task, name: string): boolean {
    if (this.path(name)) return true;
    const cwd = pathName(task.fs.cwd, task.fs.root).name;
    return this._files.some((file) => !file.startsWith("/") && name === `${cwd === "/" ? "" : cwd}/${file.replace(/^\.\//, "")}`);
  }
  /** True if a call names one of the paths or has a descriptor of one. */
  touches(task: Task, call: PendingCall | undefined, style: Style): boolean {
    if (!call) return false;
    const context: ShowContext = { task, abi: call.abi, ret: 0, all: call.args, style };
    return Object.entries(call.entry.syscall.args).some(([key, arg]) => {
      const value = call.args[key] as number;
      if (arg.c === "const char *") {
        const text = arg.show(value, context);
        return text.startsWith('"') && this.path(text.slice(1, text.lastIndexOf('"')));
      }
      if (arg.c !== "int" || !/fd$/.test(key)) return false;
      const file = task.files.getRaw(value);
      return file !== undefined && this._isFile(task, nameOfFile(task, file));
    });
  }

  /** There is an option `read` or `write`. */
  get dumps(): boolean {
    return this._read !== undefined || this._write !== undefined;
  }
  dump(way: "read" | "write", fd: number): boolean {
    return (way === "read" ? this._read : this._write)?.(String(fd)) ?? false;
  }
}
