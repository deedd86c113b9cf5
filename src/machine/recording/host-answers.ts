// Directories of the host in a recording. The recorder notes each answer of the host that differs from the
// last one to the same question; the replay answers from these notes, and no host is there (answers.ts).
import { E } from "../../abi/errno.ts";
import type { HostDirEntry, HostNode, HostStat, HostTree } from "../../kernel/fs/types/host-tree.ts";
import { PAGE_SIZE } from "../../memory/frames.ts";
import { type Answers, type HostAnswer, missing, type Noting, readingText } from "./answers.ts";

/** Attributes of a file that have changed without a question that gave it. */
const STAT = "stat";

/** Wraps the directories of one run. */
export class WatchedTrees {
  private readonly _to: Noting;
  private readonly _nodes = new Map<HostNode, WatchedNode>();
  /** For pages, one at a time. */
  private readonly _page = new Uint8Array(PAGE_SIZE);
  constructor(to: Noting) {
    this._to = to;
  }
  /** A copy until the next one. Bytes in shared memory are copied slowly to an odd address. */
  copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length > PAGE_SIZE) return new Uint8Array(bytes);
    this._page.set(bytes);
    return length === PAGE_SIZE ? this._page : this._page.subarray(0, length);
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
    const made = new WatchedNode(this, this._to, node);
    this._nodes.set(node, made);
    made.noteStat();
    return made;
  }
}

/** A file of the host whose answers are noted. */
class WatchedNode implements HostNode {
  readonly id: number;
  readonly inner: HostNode;
  private readonly _all: WatchedTrees;
  private readonly _to: Noting;
  private _stat: HostStat | undefined = undefined;
  constructor(all: WatchedTrees, to: Noting, inner: HostNode) {
    this._all = all;
    this._to = to;
    this.inner = inner;
    this.id = to.source();
  }
  /** Notes attributes that have changed. */
  noteStat(): void {
    const { stat } = this.inner;
    if (stat === this._stat) return;
    this._stat = stat;
    this._to.fact(this.id, STAT, { node: this.id, stat });
  }
  private _note(ask: string, answer: HostAnswer): void {
    this._to.note(this.id, ask, answer);
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
    const { length: wanted } = into;
    const bytes = length > 0 ? this._to.bytes(this._all.copy(length === wanted ? into : into.subarray(0, length))) : undefined;
    this._to.read(this.id, offset, wanted, length, bytes);
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
export class ReplayedTrees {
  /** Bytes that the run does not use are zeros. */
  isPacked = false;
  /** Sees which bytes answer a read. */
  onRead: ((offset: number, into: Uint8Array, bytes: number) => void) | undefined = undefined;
  private readonly _answers: Answers;
  private readonly _nodes = new Map<number, ReplayedNode>();
  constructor(answers: Answers) {
    this._answers = answers;
  }
  /** `host`: a directory that may have the same files, for what the run has not read of them. */
  tree(node: number, writable: boolean, host?: HostTree): HostTree & { readonly isReplayed: true } {
    const root = this.node(node);
    root.host = host?.root;
    return { root, writable, isReplayed: true };
  }
  node(id: number): ReplayedNode {
    let node = this._nodes.get(id);
    if (!node) this._nodes.set(id, (node = new ReplayedNode(this, this._answers, id)));
    return node;
  }
}

/**
 * A file of a recording. A question that has no answer is EIO: a debugger reads symbols, or has changed the
 * run.
 */
class ReplayedNode implements HostNode {
  readonly isReplayed = true;
  private readonly _all: ReplayedTrees;
  private readonly _answers: Answers;
  private readonly _id: number;
  /** The file of that name in a directory of this host. */
  host: HostNode | undefined = undefined;
  constructor(all: ReplayedTrees, answers: Answers, id: number) {
    this._all = all;
    this._answers = answers;
    this._id = id;
  }
  private _answer(ask: string): HostAnswer {
    return this._answers.answer(this._id, ask) ?? -E.EIO;
  }
  private _number(ask: string, answer = this._answer(ask)): number {
    return typeof answer === "number" ? answer : -E.EIO;
  }
  private _node(ask: string): HostNode | number {
    const answer = this._answer(ask);
    if (typeof answer === "number") return answer;
    return typeof answer === "object" && "node" in answer ? this._all.node(answer.node) : -E.EIO;
  }
  get stat(): HostStat {
    const answer = this._answers.fact(this._id, STAT);
    return typeof answer === "object" && "stat" in answer ? answer.stat : missing(STAT);
  }
  lookup(name: string): HostNode | number {
    const node = this._node(`lookup ${name}`);
    if (this.host && node instanceof ReplayedNode && !node.host) {
      const found = this.host.lookup(name);
      if (typeof found === "object") node.host = found;
    }
    return node;
  }
  /** True: the file of this host is the one that was recorded. */
  private get _isSame(): boolean {
    const { host, stat } = this;
    return (
      host !== undefined &&
      host.stat.mode === stat.mode &&
      host.stat.size === stat.size &&
      host.stat.mtime.sec === stat.mtime.sec &&
      host.stat.mtime.nsec === stat.mtime.nsec
    );
  }
  readdir(): readonly HostDirEntry[] | number {
    const answer = this._answer("readdir");
    return typeof answer === "object" && "names" in answer ? answer.names : this._number("readdir", answer);
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
    return typeof answer === "string" ? answer : this._number("readlink", answer);
  }
  read(offset: number, into: Uint8Array): number {
    const ask = readingText(offset, into.length);
    const known = this._answers.answer(this._id, ask);
    if (known === undefined && this.host && this._isSame) return this.host.read(offset, into);
    const answer = known ?? -E.EIO;
    if (typeof answer !== "object" || !("length" in answer)) return this._number(ask, answer);
    const bytes = this._answers.bytes(answer.bytes).subarray(0, into.length);
    into.set(this._all.isPacked ? this._whole(offset, bytes) : bytes);
    this._all.onRead?.(offset, into, answer.bytes);
    return bytes.length;
  }
  /** Bytes of a packed recording, with those of this host's file in place of zeros if it is the same. */
  private _whole(offset: number, bytes: Uint8Array): Uint8Array {
    if (!this.host || !this._isSame) return bytes;
    const own = new Uint8Array(bytes.length);
    const isIt = this.host.read(offset, own) === bytes.length && bytes.every((byte, i) => byte === 0 || byte === own[i]);
    return isIt ? own : bytes;
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
