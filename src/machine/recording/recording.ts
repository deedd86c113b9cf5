// What a recording holds: the options of a run, and what came into it from outside. All else follows from
// these, because a run is a function of them.
import { Problem } from "../../problem.ts";
import { checkMachineOptions, checkStartOptions } from "../api/check.ts";
import { type Moment, parseMoment } from "../moment.ts";
import type { MachineOptions, MountOptions, Program, ProgramOptions } from "../options.ts";
import { builtFrom } from "../snapshot/file/build-id.ts";
import { type Codec, type Frame, framesOf } from "./frames.ts";
import { type Answer, AnswersOfFile, type Note } from "./host-answers.ts";

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
  /** A policy as text, or the number of its bytes. */
  readonly policy?: string | number;
}
/** Input at a moment; without bytes: its end. */
export interface InputFacts {
  readonly kind: "input";
  readonly moment: string;
  /** Virtual time in nanoseconds: tasks may have slept since the moment came. */
  readonly now: number;
  readonly bytes?: number;
}
/** The run has come so far. `status`: it has ended. */
export interface Mark {
  readonly kind: "at";
  readonly moment: string;
  readonly status?: unknown;
}
/** An answer of the host, in few words: the file's number, the question, virtual time, the answer. */
export type NoteFacts = readonly [node: number, ask: string, at: number, answer: Answer];

/** The build of this program, as recordings name it. */
export const buildName = (): string | null => builtFrom ?? null;

/** An opened recording. */
export interface Recording {
  readonly header: Header;
  readonly host: AnswersOfFile;
  readonly inputs: readonly { readonly moment: Moment; readonly now: number; readonly bytes: Uint8Array | undefined }[];
  /** The last moment that it has. */
  readonly reached: Moment;
  /** The recorder was stopped before the program ended. */
  readonly isCut: boolean;
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
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isMoment = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value >= 0;
const isTree = (value: unknown): value is TreeFacts => isObject(value) && isCount(value["node"]) && typeof value["writable"] === "boolean";
const isTime = (value: unknown): boolean => isObject(value) && Number.isSafeInteger(value["sec"]) && isCount(value["nsec"]);
const isStat = (value: unknown): boolean =>
  isObject(value) &&
  ["mode", "uid", "gid", "size", "nlink", "rdev"].every((name) => isCount(value[name])) &&
  ["atime", "mtime", "ctime"].every((name) => isTime(value[name]));
/** A name is one component. */
const isName = (value: unknown): boolean => typeof value === "string" && /^[^/\0]{1,255}$/.test(value) && value !== "." && value !== "..";
const isAnswer = (value: unknown): value is Answer => {
  if (typeof value === "number") return Number.isSafeInteger(value);
  if (typeof value === "string") return true;
  if (!isObject(value)) return false;
  if ("node" in value) return isCount(value["node"]) && isStat(value["stat"]);
  if ("length" in value) return isCount(value["length"]) && isCount(value["bytes"]);
  const { names } = value;
  return Array.isArray(names) && names.every((entry) => isObject(entry) && isName(entry["name"]) && isCount(entry["type"]));
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
  (value["policy"] === undefined || typeof value["policy"] === "string" || isCount(value["policy"]));

/** The facts of a file, sorted. */
class Facts {
  header: Header | undefined = undefined;
  readonly bytes: Uint8Array[] = [];
  readonly inputs: InputFacts[] = [];
  readonly notes: Note[] = [];
  last: Mark | undefined = undefined;

  add(frame: Frame): void {
    if ("bytes" in frame) return void this.bytes.push(frame.bytes);
    const { facts } = frame;
    if (Array.isArray(facts)) return this._addNotes(facts);
    if (isHeader(facts)) this.header ??= facts;
    else if (!isObject(facts) || typeof facts["moment"] !== "string") bad("facts of no kind");
    else if (facts["kind"] === "at") this.last = facts as unknown as Mark;
    else if (facts["kind"] !== "input" || !isMoment(facts["now"]) || !(facts["bytes"] === undefined || isCount(facts["bytes"])))
      bad("facts of no kind");
    else this.inputs.push(facts as unknown as InputFacts);
  }
  private _addNotes(list: readonly unknown[]): void {
    for (const note of list) {
      if (!Array.isArray(note) || note.length !== 4) return bad("a note of no kind");
      const [node, ask, at, answer] = note as unknown[];
      if (!isCount(node) || typeof ask !== "string" || !isMoment(at) || !isAnswer(answer)) return bad("an answer of no kind");
      this.notes.push({ node, ask, at, answer });
    }
  }
  of(index: number): Uint8Array {
    return this.bytes[index] ?? bad(`there are no bytes ${index}`);
  }
}

/**
 * Opens a recording. Throws a Problem for a file that is none, is damaged, or has options that no machine
 * has. `otherBuild`: called if another build has recorded it, whose runs may differ.
 */
export const openRecording = (bytes: Uint8Array, codec: Codec, otherBuild: (build: string | null) => void): Recording => {
  const facts = new Facts();
  for (const frame of framesOf(bytes, codec)) facts.add(frame);
  const { header } = facts;
  if (!header) return bad("its first facts are missing");
  if (header.build !== buildName()) otherBuild(header.build);
  const host = new AnswersOfFile((index) => facts.bytes[index]);
  for (const note of facts.notes) host.add(note);
  const machine: MachineOptions = {
    ...header.machine,
    files: Object.fromEntries(header.files.map(({ path, mode, bytes: index }) => [path, { content: facts.of(index), mode }])),
    ...(header.root ? { root: host.tree(header.root.node, header.root.writable) } : {}),
    mounts: header.mounts.map(({ node, writable, at, mode }) => ({ tree: host.tree(node, writable), at, mode })),
  };
  checkMachineOptions(machine);
  checkStartOptions(header.program);
  const { policy } = header;
  const given = policy === undefined ? {} : { policy: typeof policy === "number" ? facts.of(policy) : policy };
  return {
    header,
    host,
    inputs: facts.inputs.map(({ moment, now, bytes: index }) => ({
      moment: parseMoment(moment),
      now,
      bytes: index === undefined ? undefined : facts.of(index),
    })),
    reached: parseMoment(facts.last?.moment ?? "0:0"),
    isCut: facts.last?.status === undefined,
    options: { machine, program: header.path, start: { ...header.program, ...given } },
  };
};
