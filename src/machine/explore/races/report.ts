// A data race for people: two accesses with their stacks, and the file that names benign ones. Its lines are
// those of ThreadSanitizer's suppressions: race:NAME, race_top:NAME, with * for any text.
import { Problem } from "../../../problem.ts";
import { visible } from "../../../visible.ts";
import type { Frame } from "../../stack/frame.ts";
import { lineText } from "../../stack/line-table.ts";

/** One of the two accesses of a race. */
export interface RaceAccess {
  readonly task: number;
  readonly kind: "read" | "write" | "atomic read" | "atomic write";
  /** The place in a schedule before which the access is. */
  readonly place: string;
  /** The stack, innermost function first. */
  readonly frames: readonly Frame[];
}
/** Two accesses to one place in memory that nothing orders; at least one writes, and one is not atomic. */
export interface DataRace {
  /** The variable, or its part of memory. */
  readonly variable: string;
  readonly bytes: number;
  /** The earlier one of the run first. */
  readonly accesses: readonly [RaceAccess, RaceAccess];
  /** The schedule of that run. */
  readonly schedule: string;
}

const LIBRARIES = /^(\/usr)?\/lib/;
/** Functions of libraries that synchronise: their accesses to the program's objects are ordered. */
const SYNCHRONISES = /^_*(pthread|sem|mtx|cnd|thrd|call_once|GOMP|GOACC|omp|gomp|flockfile|f?unlockfile|lll|libc_lock|cxa|nptl)_?/;

/** Functions of the C library's allocator. */
const ALLOCATES = /^_*(libc_)?(c?free|[mc]alloc|realloc(array)?|memalign|aligned_alloc|posix_memalign|p?valloc)$/;

const isOfLibrary = (path: string | undefined): boolean => path !== undefined && LIBRARIES.test(path);
const isLibrary = ({ file }: Frame): boolean => isOfLibrary(file);
/** Code of the program, or a function such as memcpy that the program calls directly. */
const isOfProgram = ([first, second]: readonly Frame[]): boolean => {
  if (!first || !isLibrary(first)) return true;
  return second !== undefined && !isLibrary(second) && !SYNCHRONISES.test(first.symbol ?? "");
};
/**
 * True if the race is one of the program, and not in a library's own work. `variableOf`: the file of the
 * variable. glibc's free() changes the threshold for blocks with a mapping of their own without a lock.
 */
export const concernsProgram = ([a, b]: DataRace["accesses"], variableOf: string | undefined): boolean => {
  if (isOfLibrary(variableOf) && [a, b].every(({ frames }) => ALLOCATES.test(frames[0]?.symbol ?? ""))) return false;
  const [ofA, ofB] = [isOfProgram(a.frames), isOfProgram(b.frames)];
  if (ofA && ofB) return true;
  // One side is deeper in a library: the program's own access to the same memory is the other.
  const own = ofA ? a : ofB ? b : undefined;
  const other = own === a ? b : a;
  return (
    own !== undefined && !own.frames.slice(0, 1).some(isLibrary) && !other.frames.some(({ symbol }) => SYNCHRONISES.test(symbol ?? ""))
  );
};

const frameLine = ({ symbol, displacement, address, file, source, offset }: Frame): string => {
  const name = symbol === undefined ? `0x${(offset ?? address).toString(16)}` : `${visible(symbol)}+0x${(displacement ?? 0).toString(16)}`;
  return source ? `${name} ${visible(lineText(source))}` : file === undefined ? name : `${name} (${visible(file)})`;
};
const verbs = { read: "reads", write: "writes", "atomic read": "reads atomically", "atomic write": "writes atomically" } as const;

/** The report of one race. */
export const raceLines = ({ variable, bytes, accesses, schedule }: DataRace): string[] => [
  `data race: ${visible(variable)}, ${bytes} byte${bytes === 1 ? "" : "s"}`,
  ...accesses.flatMap(({ task, kind, place, frames }) => [
    `  task ${task} ${verbs[kind]} at ${place}:`,
    ...frames.map((frame, i) => `    #${i} ${frameLine(frame)}`),
  ]),
  `  schedule: ${schedule}`,
];

/** One name for all races of two places in the source; instructions where there are no lines. */
export const racePlaces = ({ accesses }: DataRace): string =>
  accesses
    .map(({ frames }) => {
      // The innermost function of the program: a copy in the C library is one of its caller.
      const frame = frames.find((one) => !isLibrary(one)) ?? frames[0];
      if (!frame) return "";
      return frame.source ? lineText(frame.source) : `${frame.file}:${frame.offset ?? frame.address}`;
    })
    .sort()
    .join(" ");

type Pattern = (race: DataRace) => boolean;

const glob = (text: string): RegExp =>
  new RegExp(
    text
      .replace(/[\\.+?()[\]{}|]/g, "\\$&")
      .replaceAll("*", ".*")
      .replace(/^(?!\^)/, "(?:)"),
    "s",
  );
const names = (frame: Frame): string[] =>
  [frame.symbol, frame.file, frame.source?.file].filter((name): name is string => name !== undefined);

const patternOf = (line: string, number: number): Pattern => {
  const [, kind, text = ""] = /^(race|race_top):(.+)$/.exec(line) ?? [];
  if (kind === undefined)
    throw new Problem("bad-value", `line ${number} of the races to ignore is "${line}"`, {
      help: "a line is race:NAME or race_top:NAME with the name of a function, a file or a variable; * stands for any text",
    });
  const wanted = glob(text.trim());
  return ({ variable, accesses }) =>
    (kind === "race" && wanted.test(variable)) ||
    accesses.some(({ frames }) =>
      (kind === "race" ? frames : frames.slice(0, 1)).some((frame) => names(frame).some((name) => wanted.test(name))),
    );
};

/** Reads the text of a file of benign races. Throws a Problem that names a wrong line. */
export const ignoredRaces = (text: string): Pattern => {
  const patterns = text
    .split("\n")
    .map((line, i) => ({ line: line.replace(/#.*/, "").trim(), number: i + 1 }))
    .filter(({ line }) => line !== "")
    .map(({ line, number }) => patternOf(line, number));
  return (race) => patterns.some((pattern) => pattern(race));
};
