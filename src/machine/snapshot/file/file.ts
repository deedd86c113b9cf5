// The file of a snapshot: a header in JSON, then objects and pages, deflated. It is bound to a build, whose
// classes have the fields that it holds. Files of the host are named by their paths, and checked when it is
// opened. The reader checks the form of all that it reads: references, names, sizes.
import type { KernelProfile } from "../../../kernel/base/profile.ts";
import type { Feature } from "../../../kernel/core/feature.ts";
import { features } from "../../../kernel/features/index.ts";
import type { HostTree } from "../../../kernel/fs/types/host-tree.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { Problem } from "../../../problem.ts";
import { type BootOptions, pagesOf, profileOf } from "../../boot.ts";
import { classes } from "../classes.ts";
import type { Item } from "../graph.ts";
import type { ReadOptions } from "../options.ts";
import { slotsIn } from "../slots.ts";
import type { SavedState } from "../snapshot.ts";
import { badFile, joined, Reader, Writer } from "./binary.ts";
import { builtFrom } from "./build-id.ts";
import { checksum } from "./checksum.ts";
import type { HostFile } from "./format.ts";
import { checkGraph, GraphReader } from "./graph-reader.ts";
import { GraphWriter } from "./graph-writer.ts";
import { type HostNeeds, hostsOf, networkOf, overlayOf } from "./hosts.ts";
import { lazyDeflate, lazyTypeCheck, lazyValidate } from "./lazy.ts";
import { Names } from "./names.ts";
import { readPages, writePages } from "./page-bytes.ts";

const MAGIC = "TGSNAP03";
/** Options of a machine that its processor and its profile need. */
const KEPT = ["kernel", "x32", "ia32", "vsyscall", "bugs", "cpu", "memory"] as const;
/** Bytes of objects beside the pages, at most. */
const MOST_OBJECTS = 2 ** 28;

/** The head of a file, in JSON. */
export interface FileHead {
  readonly build: string;
  readonly moment: string;
  readonly options: Pick<BootOptions, (typeof KEPT)[number]>;
  /** Places of the trees of the host. */
  readonly trees: readonly string[];
  readonly hosts: readonly HostFile[];
  readonly needs: HostNeeds;
  readonly constants: readonly string[];
  readonly classes: readonly string[];
  readonly tasks: readonly (readonly [pid: number, name: string])[];
  readonly items: number;
  readonly frames: number;
  /** Bytes of the rest before it was deflated. */
  readonly length: number;
}
/** The build of this program. Sources without a build: a hash of the text of all classes with state. */
const buildOf = (): string => {
  if (builtFrom !== undefined) return builtFrom;
  const writer = new Writer();
  for (const [name, constructor] of classes) writer.text(`${name} ${String(constructor())}`);
  return checksum(writer.bytes);
};

/** What a file is about, beside the state. */
interface Saved {
  readonly moment: string;
  readonly options: BootOptions;
  readonly tasks: FileHead["tasks"];
}
/** The parts of a file: its head, and the rest, not deflated. */
export interface FileParts {
  readonly header: FileHead;
  readonly body: Uint8Array;
}
/** Parts that are written: the rest comes in pieces. */
export interface WrittenParts extends Pick<FileParts, "header"> {
  readonly body: readonly Uint8Array[];
}
/** `hashes`: of files of the host that were read, for a reader that finds them elsewhere. */
export const partsOf = (state: SavedState, { moment, options, tasks }: Saved, hashes = true): WrittenParts => {
  const trees = new Map<HostTree, string>();
  if (options.root) trees.set(options.root, "");
  for (const { tree, at } of options.mounts ?? []) trees.set(tree, at);
  const graph = new GraphWriter(namesOf(options), trees, state, hashes);
  for (const item of state.graph.items) graph.item(item);
  const { out } = graph;
  out.count(state.graph.root);
  out.count(state.instructions);
  out.count(state.debugStatus);
  writePages(out, state.pages);
  const body = out.parts;
  const header: FileHead = {
    build: buildOf(),
    moment,
    options: Object.fromEntries(KEPT.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]))),
    trees: [...new Set(trees.values())],
    hosts: graph.hosts,
    needs: needsOf(state, options),
    constants: graph.constants,
    classes: graph.classes,
    tasks,
    items: state.graph.items.length,
    frames: state.pages.numbers.length,
    length: out.length,
  };
  return { header, body };
};
/** The bytes of a file. */
export const writeFile = (state: SavedState, moment: string, options: BootOptions, tasks: FileHead["tasks"]): Uint8Array => {
  const { header, body } = partsOf(state, { moment, options, tasks });
  return wholeFile(header, joined(body));
};
const needsOf = ({ slots }: SavedState, { terminal }: BootOptions): HostNeeds => {
  const { network, connections, overlay } = slots;
  return {
    connections,
    ...(network ? { network: { reaches: network.reaches, six: network.six } } : {}),
    ...(overlay ? { overlay: overlay.mark } : {}),
    ...(terminal ? { terminal: terminal.uses } : {}),
  };
};
/** The file of a header and a body that is not deflated yet. */
export const wholeFile = (header: unknown, body: Uint8Array): Uint8Array => {
  const file = new Writer();
  for (const letter of MAGIC) file.byte(letter.charCodeAt(0));
  const inner = new Writer();
  inner.text(JSON.stringify(header));
  inner.block(lazyDeflate().deflateSync(body, { level: 1 }));
  const content = inner.bytes;
  file.text(checksum(content));
  file.block(content);
  return file.bytes;
};
const known = new WeakMap<readonly Feature[], Map<KernelProfile, Names>>();
/** The names of constants: made once for a profile and its features. */
const namesOf = (options: BootOptions): Names => {
  const { features: own = features } = options;
  const profile = profileOf(options);
  let of = known.get(own);
  if (!of) known.set(own, (of = new Map()));
  let names = of.get(profile);
  if (!names) of.set(profile, (names = new Names(profile, own)));
  return names;
};

const isText = (value: unknown): value is string => typeof value === "string";
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** A name in a folder. */
const isPart = (value: unknown): value is string => isText(value) && !/^\.{0,2}$|[/\0]/.test(value);
const isList = <T>(value: unknown, of: (one: unknown) => one is T): value is readonly T[] => Array.isArray(value) && value.every(of);
const isHostFile = (value: unknown): value is HostFile => {
  const { tree, path, type, size, mtime, ctime, identity = "", hash = "" } = (value ?? {}) as Partial<HostFile>;
  const isTime = (time: unknown): boolean => isList(time, Number.isSafeInteger as never) && time.length === 2;
  return (
    isText(tree) &&
    isList(path, isPart) &&
    isCount(type) &&
    isCount(size) &&
    [mtime, ctime].every(isTime) &&
    isText(identity) &&
    isText(hash)
  );
};
const isFlag = (value: unknown): value is boolean => typeof value === "boolean";
const isNeeds = (value: unknown): value is HostNeeds => {
  const { connections, network, overlay = "", terminal = [] } = (value ?? {}) as Partial<HostNeeds>;
  const isNetwork = network === undefined || (isFlag(network?.reaches) && isFlag(network.six));
  return isList(connections, isText) && isNetwork && isText(overlay) && isList(terminal, isFlag);
};
/** The form of an option. Its value is checked where a machine is made. */
const isOption: Readonly<Record<(typeof KEPT)[number], (value: unknown) => boolean>> = {
  kernel: isText,
  x32: (value) => typeof value === "boolean",
  ia32: (value) => typeof value === "boolean",
  vsyscall: isText,
  bugs: (value) => isList(value, isText),
  cpu: isText,
  memory: (value) => isText(value) || isCount(value),
};
const isTask = (value: unknown): value is FileHead["tasks"][number] => Array.isArray(value) && isCount(value[0]) && isText(value[1]);
const isHeader = (value: unknown): value is FileHead => {
  const {
    build,
    moment,
    options,
    trees,
    hosts,
    needs,
    constants,
    classes: names,
    tasks,
    items,
    frames,
    length,
  } = (value ?? {}) as Partial<FileHead>;
  const texts = isText(build) && isText(moment) && isList(trees, isText) && isList(constants, isText) && isList(names, isText);
  return (
    texts &&
    typeof options === "object" &&
    options !== null &&
    KEPT.every((name) => !Object.hasOwn(options, name) || isOption[name](options[name])) &&
    isList(hosts, isHostFile) &&
    isNeeds(needs) &&
    isList(tasks, isTask) &&
    [items, frames, length].every(isCount)
  );
};

/** The parts of a file, the rest deflated. Throws a Problem for bytes that are none. */
export const openFile = (bytes: Uint8Array): FileParts => {
  const file = new Reader(bytes);
  for (const letter of MAGIC) if (file.left === 0 || file.byte() !== letter.charCodeAt(0)) throw badFile("it does not begin as one");
  const sum = file.text();
  const content = file.block();
  if (file.left > 0 || checksum(content) !== sum) throw badFile("it is damaged");
  const inner = new Reader(content);
  let header: unknown;
  try {
    header = JSON.parse(inner.text());
  } catch {
    throw badFile("its header is none");
  }
  if (!isHeader(header)) throw badFile("its header is none");
  return { header, body: inner.block() };
};

/** True for a file of this build. */
export const builtHere = ({ build }: FileHead): boolean => build === buildOf();

/** A snapshot from a file. */
interface Opened {
  readonly state: SavedState;
  readonly moment: string;
  readonly tasks: FileHead["tasks"];
  readonly options: BootOptions;
}
/** Undoes raw deflate (RFC 1951). Throws if the bytes are none, or more than `length`. */
export type Inflate = (bytes: Uint8Array, length: number) => Uint8Array;
/**
 * Opens a file. Throws a Problem if it is damaged, of another build, or needs what the host does not give.
 * `inflate`: the host's own, if it has one.
 */
export const readFile = (bytes: Uint8Array, given: ReadOptions, inflate?: Inflate): Opened => {
  const { header, body } = openFile(bytes);
  if (!builtHere(header))
    throw new Problem("foreign-snapshot", "the snapshot was saved by another build of trapgate", {
      help: "save it again, with this build",
    });
  if (header.length > MOST_OBJECTS + framesOf(header) * (PAGE_SIZE + 16)) throw badFile("it is too large");
  return openParts({ header, body: inflated(body, header.length, inflate) }, given);
};
const framesOf = ({ options }: FileHead): number => pagesOf(options) * (65536 / PAGE_SIZE);

/**
 * Opens the parts of a file of this build. `isOwn`: no other user can have written them, so their state is
 * one of a run.
 */
export const openParts = ({ header, body }: FileParts, given: ReadOptions, isOwn = false): Opened => {
  const treeOf = (place: string): HostTree => {
    const tree = place === "" ? given.root : given.mounts?.[place];
    if (!tree)
      throw new Problem("changed-files", `the snapshot needs the tree at ${place || "/"}`, {
        help: "give it by root or mounts (--root, --mount)",
      });
    return tree;
  };
  const trees = header.trees.map(treeOf);
  const isWritable = (at: string): boolean => header.hosts.some((each) => each.tree === at && each.isWritable);
  const mounts = header.trees.flatMap((at, i) =>
    at === "" ? [] : [{ tree: trees[i] as HostTree, at, mode: isWritable(at) ? ("rw" as const) : ("cow" as const) }],
  );
  const kept = Object.fromEntries(KEPT.flatMap((name) => (header.options[name] === undefined ? [] : [[name, header.options[name]]])));
  const network = networkOf(header.needs, given);
  const options: BootOptions = { ...kept, ...(given.root ? { root: given.root } : {}), mounts, ...(network ? { network } : {}) };
  const memory = framesOf(header);
  const names = namesOf(options);
  const tables = {
    classes: header.classes,
    constants: header.constants.map((name) => names.value(name) ?? fail(`it names ${JSON.stringify(name)}, which is no constant`)),
    hosts: hostsOf(header.hosts, treeOf, given),
    trees,
    network,
    store: overlayOf(header.needs, given, options),
  };
  for (const name of header.classes) if (!classes.has(name)) throw badFile("it names a class that is none");
  const from = new Reader(body);
  if (header.items > from.left) throw badFile("it ends too early");
  const graph = new GraphReader(from, tables, header.items);
  const items: Item[] = [];
  for (let n = 0; n < header.items; n++) items.push(graph.item());
  const root = from.count();
  checkGraph(items, root);
  if (!isOwn) lazyTypeCheck().checkTypes(items, graph.hosts);
  const [instructions, debugStatus] = [from.count(), from.count()];
  if (header.frames > from.left) throw badFile("it ends too early");
  const pages = readPages(from, header.frames, memory, isOwn);
  if (from.left > 0) throw badFile("it has more than a machine");
  if (!isOwn) lazyValidate().checkState(items, pages, memory);
  return {
    state: {
      graph: { items, root },
      slots: slotsIn(items, network, header.needs.connections, given.changed === "accept" ? undefined : header.needs.overlay),
      pages,
      instructions,
      debugStatus,
      isOfFile: true,
    },
    moment: header.moment,
    tasks: header.tasks,
    options,
  };
};
const fail = (why: string): never => {
  throw badFile(why);
};
/** A body as it was before it was deflated. */
export const inflated = (
  body: Uint8Array,
  length: number,
  inflate: Inflate = (packed, most) => lazyDeflate().inflateSync(packed, { out: new Uint8Array(most) }),
): Uint8Array => {
  let bytes: Uint8Array;
  try {
    bytes = inflate(body, length);
  } catch {
    throw badFile("it is damaged");
  }
  if (bytes.length !== length) throw badFile("it is damaged");
  return bytes;
};
