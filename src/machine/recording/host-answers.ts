// Directories of the host in a recording. The recorder notes each answer of the host that differs from the
// last one to the same question; the replay answers from these notes, and no host is there. An answer has
// the virtual time from which on it holds, so that a debugger which goes back gets the answer of that time.
import { E } from "../../abi/errno.ts";
import type { HostDirEntry, HostNode, HostStat, HostTree } from "../../kernel/fs/types/host-tree.ts";
import { Problem } from "../../problem.ts";

/** An answer: a number, a file with its attributes, the names of a directory, a link's text, or bytes. */
export type Answer =
  | number
  | string
  | { readonly node: number; readonly stat: HostStat }
  | { readonly names: readonly HostDirEntry[] }
  | { readonly length: number; readonly bytes: number };
/** A note: the answer of file `node` to a question, from the virtual time `at` on. */
export interface Note {
  readonly node: number;
  readonly ask: string;
  readonly at: number;
  readonly answer: Answer;
}
/** Attributes of a file that have changed without a question that gave it. */
const STAT = "stat";

/** Takes notes, and gives bytes their number in the file. */
export interface NoteTaker {
  /** Virtual time in nanoseconds: guests can see it, so it is exact wherever they run. */
  now(): number;
  note(note: Note): void;
  bytes(bytes: Uint8Array): number;
}

/** Wraps the directories of one run. */
export class AnswersOfHost {
  private readonly _to: NoteTaker;
  private readonly _nodes = new Map<HostNode, WatchedNode>();
  private _count = 0;
  constructor(to: NoteTaker) {
    this._to = to;
  }
  /** The directory, whose answers are noted. */
  tree({ root, writable }: HostTree): { readonly tree: HostTree; readonly node: number } {
    const node = this.watched(root);
    return { tree: { root: node, writable }, node: node.id };
  }
  /** The same file is the same node. */
  watched(node: HostNode): WatchedNode {
    const known = this._nodes.get(node);
    if (known) return known;
    const made = new WatchedNode(this, node, this._count++);
    this._nodes.set(node, made);
    made.noteStat();
    return made;
  }
  note(node: number, ask: string, answer: Answer): void {
    this._to.note({ node, ask, at: this._to.now(), answer });
  }
  bytes(bytes: Uint8Array): number {
    return this._to.bytes(bytes);
  }
}

/** A file of the host whose answers are noted. */
class WatchedNode implements HostNode {
  readonly id: number;
  readonly inner: HostNode;
  private readonly _all: AnswersOfHost;
  /** The last answer to each question. */
  private readonly _last = new Map<string, string>();
  private _stat: HostStat | undefined = undefined;
  constructor(all: AnswersOfHost, inner: HostNode, id: number) {
    this._all = all;
    this.inner = inner;
    this.id = id;
  }
  /** Notes attributes that have changed. */
  noteStat(): void {
    const { stat } = this.inner;
    if (stat === this._stat) return;
    this._stat = stat;
    this._note(STAT, { node: this.id, stat });
  }
  private _note(ask: string, answer: Answer): void {
    const text = JSON.stringify(answer);
    if (this._last.get(ask) === text) return;
    this._last.set(ask, text);
    this._all.note(this.id, ask, answer);
  }
  private _number(ask: string, result: number): number {
    this._note(ask, result);
    return result;
  }
  private _node(ask: string, result: HostNode | number): HostNode | number {
    if (typeof result === "number") return this._number(ask, result);
    const watched = this._all.watched(result);
    watched.noteStat();
    this._note(ask, { node: watched.id, stat: result.stat });
    return watched;
  }

  get stat(): HostStat {
    this.noteStat();
    return this.inner.stat;
  }
  lookup(name: string): HostNode | number {
    return this._node(`lookup ${name}`, this.inner.lookup(name));
  }
  readdir(): readonly HostDirEntry[] | number {
    const names = this.inner.readdir();
    if (typeof names === "number") return this._number("readdir", names);
    this._note("readdir", { names });
    return names;
  }
  create(name: string, mode: number): HostNode | number {
    return this._node(`create ${mode} ${name}`, this.inner.create(name, mode));
  }
  mkdir(name: string, mode: number): HostNode | number {
    return this._node(`mkdir ${mode} ${name}`, this.inner.mkdir(name, mode));
  }
  symlink(name: string, target: string): HostNode | number {
    return this._node(`symlink ${name}\0${target}`, this.inner.symlink(name, target));
  }
  link(name: string, file: HostNode): number {
    return this._number(`link ${(file as WatchedNode).id} ${name}`, this.inner.link(name, (file as WatchedNode).inner));
  }
  unlink(name: string): number {
    return this._number(`unlink ${name}`, this.inner.unlink(name));
  }
  rmdir(name: string): number {
    return this._number(`rmdir ${name}`, this.inner.rmdir(name));
  }
  rename(name: string, to: HostNode, newName: string): number {
    const { id, inner } = to as WatchedNode;
    return this._number(`rename ${id} ${name}\0${newName}`, this.inner.rename(name, inner, newName));
  }
  readlink(): string | number {
    const text = this.inner.readlink();
    this._note("readlink", text);
    return text;
  }
  read(offset: number, into: Uint8Array): number {
    const length = this.inner.read(offset, into);
    const ask = `read ${offset} ${into.length}`;
    if (length <= 0) return this._number(ask, length);
    // A copy: the buffer may lie in shared memory.
    this._note(ask, { length, bytes: this._all.bytes(new Uint8Array(into.subarray(0, length))) });
    return length;
  }
  write(offset: number, bytes: Uint8Array): number {
    return this._number(`write ${offset} ${bytes.length}`, this.inner.write(offset, bytes));
  }
  truncate(size: number): number {
    return this._number(`truncate ${size}`, this.inner.truncate(size));
  }
  chmod(mode: number): number {
    return this._number(`chmod ${mode}`, this.inner.chmod(mode));
  }
  chown(uid: number, gid: number): number {
    return this._number(`chown ${uid} ${gid}`, this.inner.chown(uid, gid));
  }
  utimes(atime: HostStat["atime"], mtime: HostStat["mtime"]): number {
    return this._number(`utimes ${atime.sec} ${atime.nsec} ${mtime.sec} ${mtime.nsec}`, this.inner.utimes(atime, mtime));
  }
  hold(access: { readonly read: boolean; readonly write: boolean }): number {
    return this._number(`hold ${access.read} ${access.write}`, this.inner.hold(access));
  }
  release(): void {
    this.inner.release();
  }
}

/** The directories of a recording. */
export class AnswersOfFile {
  private readonly _notes = new Map<number, Map<string, Note[]>>();
  private readonly _nodes = new Map<number, ReplayedNode>();
  private readonly _bytes: (index: number) => Uint8Array | undefined;
  /** Virtual time in nanoseconds; the owner of the machine sets it. */
  now: () => number = () => 0;
  constructor(bytes: (index: number) => Uint8Array | undefined) {
    this._bytes = bytes;
  }
  add(note: Note): void {
    let ofNode = this._notes.get(note.node);
    if (!ofNode) this._notes.set(note.node, (ofNode = new Map<string, Note[]>()));
    const list = ofNode.get(note.ask);
    if (list) list.push(note);
    else ofNode.set(note.ask, [note]);
  }
  tree(node: number, writable: boolean): HostTree {
    return { root: this.node(node), writable };
  }
  node(id: number): ReplayedNode {
    let node = this._nodes.get(id);
    if (!node) this._nodes.set(id, (node = new ReplayedNode(this, id)));
    return node;
  }
  /** The answer at this time: the last one that is not later. */
  answer(node: number, ask: string): Answer | undefined {
    const notes = this._notes.get(node)?.get(ask);
    if (!notes) return undefined;
    const now = this.now();
    let n = notes.length - 1;
    while (n > 0 && (notes[n] as Note).at > now) n--;
    return (notes[n] as Note).answer;
  }
  bytes(index: number): Uint8Array {
    return this._bytes(index) ?? missing(`bytes ${index}`);
  }
}
const missing = (what: string): never => {
  throw new Problem("bad-recording", `the program asks the host what it did not ask when it was recorded: ${what}`, {
    help: "the recording was cut off before, it was made by another build, or a debugger has changed the run",
  });
};

/** A file of a recording. */
class ReplayedNode implements HostNode {
  private readonly _all: AnswersOfFile;
  private readonly _id: number;
  constructor(all: AnswersOfFile, id: number) {
    this._all = all;
    this._id = id;
  }
  private _answer(ask: string): Answer {
    return this._all.answer(this._id, ask) ?? missing(ask.replace("\0", " "));
  }
  private _number(ask: string): number {
    const answer = this._answer(ask);
    return typeof answer === "number" ? answer : -E.EIO;
  }
  private _node(ask: string): HostNode | number {
    const answer = this._answer(ask);
    if (typeof answer === "number") return answer;
    return typeof answer === "object" && "node" in answer ? this._all.node(answer.node) : -E.EIO;
  }
  get stat(): HostStat {
    const answer = this._answer(STAT);
    return typeof answer === "object" && "stat" in answer ? answer.stat : missing(STAT);
  }
  lookup(name: string): HostNode | number {
    return this._node(`lookup ${name}`);
  }
  readdir(): readonly HostDirEntry[] | number {
    const answer = this._answer("readdir");
    return typeof answer === "object" && "names" in answer ? answer.names : this._number("readdir");
  }
  create(name: string, mode: number): HostNode | number {
    return this._node(`create ${mode} ${name}`);
  }
  mkdir(name: string, mode: number): HostNode | number {
    return this._node(`mkdir ${mode} ${name}`);
  }
  symlink(name: string, target: string): HostNode | number {
    return this._node(`symlink ${name}\0${target}`);
  }
  link(name: string, file: HostNode): number {
    return this._number(`link ${(file as ReplayedNode)._id} ${name}`);
  }
  unlink(name: string): number {
    return this._number(`unlink ${name}`);
  }
  rmdir(name: string): number {
    return this._number(`rmdir ${name}`);
  }
  rename(name: string, to: HostNode, newName: string): number {
    return this._number(`rename ${(to as ReplayedNode)._id} ${name}\0${newName}`);
  }
  readlink(): string | number {
    const answer = this._answer("readlink");
    return typeof answer === "string" ? answer : this._number("readlink");
  }
  read(offset: number, into: Uint8Array): number {
    const ask = `read ${offset} ${into.length}`;
    const answer = this._answer(ask);
    if (typeof answer !== "object" || !("length" in answer)) return this._number(ask);
    const bytes = this._all.bytes(answer.bytes).subarray(0, into.length);
    into.set(bytes);
    return bytes.length;
  }
  write(offset: number, bytes: Uint8Array): number {
    return this._number(`write ${offset} ${bytes.length}`);
  }
  truncate(size: number): number {
    return this._number(`truncate ${size}`);
  }
  chmod(mode: number): number {
    return this._number(`chmod ${mode}`);
  }
  chown(uid: number, gid: number): number {
    return this._number(`chown ${uid} ${gid}`);
  }
  utimes(atime: HostStat["atime"], mtime: HostStat["mtime"]): number {
    return this._number(`utimes ${atime.sec} ${atime.nsec} ${mtime.sec} ${mtime.nsec}`);
  }
  hold(access: { readonly read: boolean; readonly write: boolean }): number {
    return this._number(`hold ${access.read} ${access.write}`);
  }
  release(): void {}
}
