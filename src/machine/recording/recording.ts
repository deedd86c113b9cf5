// What a recording holds: the options of a run, and what came into it from outside. All else follows from
// these, because a run is a function of them.
import type { HostTree } from "../../kernel/fs/types/host-tree.ts";
import { signalNumber } from "../../kernel/signal/state/set.ts";
import { Problem } from "../../problem.ts";
import { checkMachineOptions, checkStartOptions } from "../api/check.ts";
import type { MachineEvent } from "../inputs.ts";
import { type Moment, parseMoment } from "../moment.ts";
import type { MachineOptions, MountOptions, Program, ProgramOptions } from "../options.ts";
import type { Run } from "../run.ts";
import { builtFrom } from "../snapshot/file/build-id.ts";
import type { TerminalOptions } from "../standard-streams.ts";
import { Answers, type HostAnswer, type Note, readingText } from "./answers.ts";
import { eventOfFacts, isCount, isTime } from "./events.ts";
import { type FrameItem, itemsOf, type Unpacker } from "./frames.ts";
import { ReplayedTrees } from "./host-answers.ts";
import { replayedNetwork, replayedStore } from "./host-things.ts";

/** The machine's options that are values. */
export type MachineFacts = Omit<MachineOptions, "root" | "overlay" | "mounts" | "network" | "files" | "code" | "engine">;
/** The program's options that are values. */
export type ProgramFacts = Pick<ProgramOptions, "args" | "argv0" | "env" | "cwd" | "uid" | "gid" | "schedule">;
/** A directory of the host, by the number of its first file. */
export interface TreeFacts {
  readonly node: number;
  readonly writable: boolean;
}
/** The first facts of a recording. */
export interface Header {
  readonly kind: "run";
  /** The build; null: the sources without one. */
  readonly build: string | null;
  readonly path: string;
  readonly machine: MachineFacts;
  readonly program: ProgramFacts;
  readonly files: readonly { readonly path: string; readonly mode: number; readonly bytes: number }[];
  readonly root?: TreeFacts;
  readonly mounts: readonly (TreeFacts & { readonly at: string; readonly mode: NonNullable<MountOptions["mode"]> })[];
  readonly overlay?: { readonly node: number };
  readonly network?: { readonly node: number; readonly reaches: boolean; readonly six: boolean };
  readonly terminal?: { readonly node: number } & Pick<TerminalOptions, "columns" | "rows" | "uses">;
  /** Standard output and error, as sources of answers. */
  readonly stdout: number;
  readonly stderr: number;
  /** The standard streams that are /dev/null. */
  readonly nulls: readonly number[];
  /** The host's job stops with the program. */
  readonly hasJob: boolean;
  /** A policy as text, or the number of its bytes. */
  readonly policy?: string | number;
  /** Bytes of mapped files that the run does not use are zeros. */
  readonly packed?: true;
}
/** An event at a moment. */
export interface InputFacts {
  readonly kind: "input";
  readonly moment: string;
  /** Virtual time in nanoseconds: tasks may have slept since the moment came. */
  readonly now: number;
  /** See events.ts. */
  readonly event: unknown;
}
/** The run has come so far. `status`: it has ended. */
export interface Mark {
  readonly kind: "at";
  readonly moment: string;
  /** System calls so far. */
  readonly calls: number;
  readonly status?: Run["status"];
}
/** An answer of the host, in few words: the file's number, the question, virtual time, the answer. */
export type NoteFacts = readonly [node: number, ask: string, at: number, answer: HostAnswer];
/** The same for a read of a file that got bytes. */
export type ReadFacts = readonly [node: number, offset: number, wanted: number, at: number, length: number, bytes: number];

/** An opened recording. */
export interface Recording {
  readonly header: Header;
  readonly trees: ReplayedTrees;
  readonly answers: Answers;
  readonly inputs: readonly { readonly moment: Moment; readonly now: number; readonly event: MachineEvent }[];
  /** The last moment that it has. */
  readonly reached: Moment;
  /** Moments that the run has come to, and its system calls by then. The last one is the end. */
  readonly marks: readonly { readonly moment: Moment; readonly calls: number }[];
  /** How the run ended. Undefined: the recorder was stopped before. */
  readonly status: Run["status"] | undefined;
  /** Options of the machine and the program, checked. */
  readonly options: {
    readonly machine: MachineOptions;
    readonly program: Program;
    readonly start: ProgramFacts & Pick<ProgramOptions, "policy">;
  };
}

const bad = (what: string): never => {
  throw new Problem("bad-recording", `the recording is damaged: ${what}`);
};
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const isTree = (value: unknown): value is TreeFacts => isObject(value) && isCount(value["node"]) && typeof value["writable"] === "boolean";
const isTimespec = (value: unknown): boolean => isObject(value) && Number.isSafeInteger(value["sec"]) && isCount(value["nsec"]);
const isStat = (value: unknown): boolean =>
  isObject(value) &&
  ["mode", "uid", "gid", "size", "nlink", "rdev"].every((name) => isCount(value[name])) &&
  ["atime", "mtime", "ctime"].every((name) => isTimespec(value[name]));
/** A name is one component. */
const isName = (value: unknown): boolean => typeof value === "string" && /^[^/\0]{1,255}$/.test(value) && value !== "." && value !== "..";
const isAnswer = (value: unknown): value is HostAnswer => {
  if (typeof value === "number") return Number.isSafeInteger(value);
  if (typeof value === "string") return true;
  if (!isObject(value)) return false;
  if ("node" in value) return isCount(value["node"]) && isStat(value["stat"]);
  if ("length" in value) return isCount(value["length"]) && isCount(value["bytes"]);
  const { names } = value;
  return Array.isArray(names) && names.every((entry) => isObject(entry) && isName(entry["name"]) && isCount(entry["type"]));
};
const isNetwork = (value: unknown): boolean =>
  isObject(value) && isCount(value["node"]) && typeof value["reaches"] === "boolean" && typeof value["six"] === "boolean";
const isTerminal = (value: unknown): boolean => {
  if (!isObject(value) || !isCount(value["node"])) return false;
  const { columns, rows, uses } = value;
  const isSize = (n: unknown): boolean => isCount(n) && n < 65536;
  return isSize(columns) && isSize(rows) && Array.isArray(uses) && uses.length === 3 && uses.every((use) => typeof use === "boolean");
};
const isStatus = (value: unknown): value is Run["status"] => {
  if (!isObject(value)) return false;
  const { exit, signal, core, timeout } = value;
  return (
    (isCount(exit) && exit < 256) ||
    (typeof signal === "string" && signalNumber(signal) !== 0 && typeof core === "boolean") ||
    isTime(timeout)
  );
};
const isHeader = (value: unknown): value is Header =>
  isObject(value) &&
  value["kind"] === "run" &&
  typeof value["path"] === "string" &&
  isObject(value["machine"]) &&
  isObject(value["program"]) &&
  Array.isArray(value["files"]) &&
  value["files"].every((file) => isObject(file) && typeof file["path"] === "string" && isCount(file["mode"]) && isCount(file["bytes"])) &&
  (value["root"] === undefined || isTree(value["root"])) &&
  Array.isArray(value["mounts"]) &&
  value["mounts"].every(
    (mount) => isTree(mount) && isObject(mount) && typeof mount["at"] === "string" && typeof mount["mode"] === "string",
  ) &&
  (value["overlay"] === undefined || (isObject(value["overlay"]) && isCount(value["overlay"]["node"]))) &&
  (value["network"] === undefined || isNetwork(value["network"])) &&
  (value["terminal"] === undefined || isTerminal(value["terminal"])) &&
  isCount(value["stdout"]) &&
  isCount(value["stderr"]) &&
  Array.isArray(value["nulls"]) &&
  value["nulls"].every((fd) => fd === 0 || fd === 1 || fd === 2) &&
  typeof value["hasJob"] === "boolean" &&
  (value["policy"] === undefined || typeof value["policy"] === "string" || isCount(value["policy"]));

/** The facts of a file, sorted. */
class Facts {
  header: Header | undefined = undefined;
  readonly bytes: Uint8Array[] = [];
  readonly inputs: InputFacts[] = [];
  readonly notes: Note[] = [];
  readonly marks: Mark[] = [];

  add(item: FrameItem): void {
    if ("bytes" in item) return void this.bytes.push(item.bytes);
    const { facts } = item;
    if (Array.isArray(facts)) return this._addNotes(facts);
    if (isHeader(facts)) this.header ??= facts;
    else if (!isObject(facts) || typeof facts["moment"] !== "string") bad("facts of no kind");
    else if (facts["kind"] === "at") {
      if (facts["status"] !== undefined && !isStatus(facts["status"])) bad("an end of no kind");
      if (!isCount(facts["calls"])) bad("a moment without its calls");
      this.marks.push(facts as unknown as Mark);
    } else if (facts["kind"] !== "input" || !isTime(facts["now"])) bad("facts of no kind");
    else this.inputs.push(facts as unknown as InputFacts);
  }
  private _addNotes(list: readonly unknown[]): void {
    for (const note of list) {
      if (!Array.isArray(note) || (note.length !== 4 && note.length !== 6)) return bad("a note of no kind");
      if (note.length === 6) {
        const [node, offset, wanted, at, length, bytes] = note as unknown as ReadFacts;
        if (![node, offset, wanted, length, bytes].every(isCount) || !isTime(at)) return bad("an answer of no kind");
        this.notes.push({ node, ask: readingText(offset, wanted), at, answer: { length, bytes } });
        continue;
      }
      const [node, ask, at, answer] = note as unknown[];
      if (!isCount(node) || typeof ask !== "string" || !isTime(at) || !isAnswer(answer)) return bad("an answer of no kind");
      this.notes.push({ node, ask, at, answer });
    }
  }
  of(index: number): Uint8Array {
    return this.bytes[index] ?? bad(`there are no bytes ${index}`);
  }
}

/**
 * Opens a recording. Throws a Problem for a file that is none, is damaged, or has options that no machine
 * has. `otherBuild`: called if another build has recorded it, whose runs may differ. `root`: a directory that
 * may have the files of the run's root, for a debugger that reads more of them than the run did.
 */
export const openRecording = (
  bytes: Uint8Array,
  unpacker: Unpacker,
  otherBuild: (build: string | null) => void,
  root?: HostTree,
): Recording => {
  const facts = new Facts();
  for (const item of itemsOf(bytes, unpacker)) facts.add(item);
  const { header } = facts;
  if (!header) return bad("its first facts are missing");
  if (header.build !== (builtFrom ?? null)) otherBuild(header.build);
  const answers = new Answers((index) => facts.bytes[index]);
  for (const note of facts.notes) answers.add(note);
  const trees = new ReplayedTrees(answers);
  trees.isPacked = header.packed === true;
  const { overlay, network } = header;
  const machine: MachineOptions = {
    ...header.machine,
    files: Object.fromEntries(header.files.map(({ path, mode, bytes: index }) => [path, { content: facts.of(index), mode }])),
    ...(header.root ? { root: trees.tree(header.root.node, header.root.writable, root) } : {}),
    mounts: header.mounts.map(({ node, writable, at, mode }) => ({ tree: trees.tree(node, writable), at, mode })),
    ...(overlay ? { overlay: replayedStore(answers, overlay.node) } : {}),
    ...(network ? { network: replayedNetwork(answers, network) } : {}),
  };
  checkMachineOptions(machine);
  checkStartOptions(header.program);
  const { policy } = header;
  const given = policy === undefined ? {} : { policy: typeof policy === "number" ? facts.of(policy) : policy };
  return {
    header,
    trees,
    answers,
    inputs: facts.inputs.map(({ moment, now, event }) => ({
      moment: parseMoment(moment),
      now,
      event: eventOfFacts(event, (index) => facts.of(index)) ?? bad("an event of no kind"),
    })),
    marks: facts.marks.map(({ moment, calls }) => ({ moment: parseMoment(moment), calls })),
    reached: parseMoment(facts.marks.at(-1)?.moment ?? "0:0"),
    status: facts.marks.at(-1)?.status,
    options: { machine, program: header.path, start: { ...header.program, ...given } },
  };
};
