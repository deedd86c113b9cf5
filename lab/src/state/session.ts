// The page's state as signals, and the actions of its buttons.
import { batch, computed, effect, signal } from "@preact/signals";
import { isRecording } from "../../../src/machine/recording/frames.ts";
import type { LabMoment, LabRun, SentProgram } from "../methods/protocol.ts";
import { type CallRow, type Row, Rows, textOf, verdictOf } from "./rows.ts";
import { CALLS, endText, idle, type RunState, runSignal, type Started, startRun } from "./run.ts";
import { defaults, type Saved } from "./saved.ts";
import { decodeState, encodeState, fromBase64, toBase64 } from "./share.ts";
import { loadShell, shellRoot } from "./shell.ts";
import type { TraceFile } from "./trace-file.ts";
import { machines } from "./workers.ts";

/** The whole state that a link holds. */
export const saved = signal<Saved>(defaults);
/** The text in the program's editor: a ready program's source, or one's own. Undefined: it is not loaded. */
export const source = signal<string | undefined>(undefined);
export const runs = { a: runSignal(defaults.a), b: runSignal(defaults.a) } as const;
export type Side = keyof typeof runs;
export const selected = signal<{ readonly side: Side; readonly key: string } | undefined>(undefined);
/** A sentence for everybody, such as a screen reader. */
export const announcement = signal("");
/** The mistake in the link or the file that was opened. */
export const complaint = signal<string | undefined>(undefined);
/** The tab that is shown below the lanes. */
export const bottomTab = signal<"output" | "terminal" | "steps" | "races">("output");
export const interactive = computed(() => bottomTab.value === "terminal");
/** The moment that the steps show. */
export const moment = signal<LabMoment | undefined>(undefined);
/** Grows with each run: a lesson looks at the runs that came after it began. */
export const runCount = signal(0);

export const change = (some: Partial<Saved>): void => {
  saved.value = { ...saved.value, ...some };
};

export const selectedRow = computed((): { readonly row: CallRow; readonly run: RunState; readonly side: Side } | undefined => {
  const { value } = selected;
  if (!value) return undefined;
  const run = runs[value.side].value;
  const row = run.rows.rows.find(({ key }) => key === value.key);
  return row?.kind === "call" ? { row, run, side: value.side } : undefined;
});

/** The texts of ready programs: a part of the page of its own. */
export const library = signal<typeof import("./guests.ts") | undefined>(undefined);
const loadLibrary = async (): Promise<typeof import("./guests.ts")> => (library.value ??= await import("./guests.ts"));

const sentProgram = async (): Promise<SentProgram> => {
  const { program, symbols, dialect } = saved.value;
  const archive = dropped.value?.bytes;
  if (program.kind === "elf") return { kind: "elf", bytes: fromBase64(program.base64), ...(archive ? { root: archive } : {}) };
  if (program.kind === "root") {
    if (archive) return { kind: "root", path: program.path, root: archive };
    throw new Error(`This run needs ${program.name}, which no link holds: drop the file into the page.`);
  }
  if (program.kind === "recording") {
    if (recorded.value) return { kind: "recording", bytes: recorded.value };
    throw new Error(`This is the recording ${program.name}, which no link holds: drop the file into the page.`);
  }
  if (program.kind === "shell") return { kind: "shell", root: shellRoot() };
  return { kind: "source", text: source.value ?? (await textOfProgram()), symbols, dialect };
};
const textOfProgram = async (): Promise<string> => {
  const { program } = saved.value;
  if (program.kind === "source") return program.text;
  if (program.kind !== "guest") return "";
  const { sourceOf } = await loadLibrary();
  return sourceOf(program.name) ?? `; there is no program "${program.name}"`;
};

/** The archive that is the root directory of programs. */
export const dropped = signal<{ readonly name: string; readonly bytes: Uint8Array } | undefined>(undefined);

/** The recording that is open. */
const recorded = signal<Uint8Array | undefined>(undefined);
/** Opens a recording, and runs it once more. */
export const openRecording = async (name: string, bytes: Uint8Array): Promise<void> => {
  recorded.value = bytes;
  await open({ ...defaults, program: { kind: "recording", name } });
  await run();
};

/** The words that a call's row must have, and whether a filter must have denied it. */
export const query = signal("");
export const deniedOnly = signal(false);
/** The rows of a run that are shown. */
export const visibleRows = ({ rows }: RunState): readonly Row[] => {
  const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && !deniedOnly.value) return rows.rows;
  return rows.rows.filter((row) => {
    if (deniedOnly.value && (row.kind !== "call" || (row.verdict?.allowed ?? true))) return false;
    const text = (row.kind === "call" ? `${textOf(row)} ${verdictOf(row).word}` : row.text).toLowerCase();
    return words.every((word) => text.includes(word));
  });
};

export const currentProgram = sentProgram;

/** Words of a command line; quotes hold spaces. */
export const wordsOf = (text: string): string[] => [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3] ?? "");

export const jobFor = async (side: Side): Promise<LabRun> => {
  const { a, b, policy, filter, args, stdin, schedule } = saved.value;
  const setting = side === "a" ? a : (b ?? a);
  return {
    program: await sentProgram(),
    setting,
    args: wordsOf(args),
    stdin,
    calls: CALLS,
    ...(filter && setting.policy ? { policy } : {}),
    ...(schedule.trim() === "" ? {} : { schedule: schedule.trim() }),
  };
};

/** The terminal below. */
export interface Screen {
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly write: (bytes: Uint8Array | string) => void;
  readonly clear: () => void;
  readonly focus: () => void;
}
const screen = signal<Screen | undefined>(undefined);
export const setTerminal = (one: Screen | undefined): void => {
  screen.value = one;
};
/** The terminal, once it is open. Its code is loaded at its first use. */
const openedScreen = (): Promise<Screen> =>
  new Promise((done) => {
    const end = screen.subscribe((one) => {
      if (!one) return;
      done(one);
      queueMicrotask(() => end());
    });
  });
let active: Started | undefined;
export const sendInput = (input: unknown): void => active?.send(input as never);

const select = (side: Side): void => {
  // Selects the first call that a filter decided about, because users look for it; otherwise the first call.
  const calls = runs[side].value.rows.rows.filter((row): row is CallRow => row.kind === "call");
  const judged = calls.filter(({ verdict }) => verdict);
  const usual = calls[0]?.call.abi;
  const telling = judged.find(({ verdict }) => !verdict?.allowed) ?? judged.find(({ call }) => call.abi !== usual) ?? judged[0] ?? calls[0];
  selected.value = telling && { side, key: telling.key };
};

/** Run on both sides, if there are two. */
export const run = async (): Promise<void> => {
  const { b, program, args } = saved.value;
  selected.value = undefined;
  if (program.kind === "shell") {
    const about = await loadShell();
    if ("missing" in about) {
      const problem = { message: about.missing, help: undefined, line: undefined };
      runs.a.value = { ...idle(saved.value.a), state: "failed", problem };
      runCount.value++;
      return;
    }
    // Without arguments it waits for typed input.
    if (args.trim() === "") bottomTab.value = "terminal";
  }
  const typed = interactive.value ? await openedScreen() : undefined;
  let jobs: LabRun[];
  try {
    jobs = await Promise.all([jobFor("a"), ...(b ? [jobFor("b")] : [])]);
  } catch (error) {
    complaint.value = (error as Error).message;
    runCount.value++;
    return;
  }
  const starts = jobs.map((job, n) => {
    const side: Side = n === 0 ? "a" : "b";
    if (side === "b" || !typed) return startRun(machines[side], job, runs[side]);
    typed.clear();
    typed.focus();
    // What was typed into a recorded run comes again by itself.
    const given = program.kind === "recording" ? job : { ...job, terminal: typed.size() };
    return startRun(machines.a, given, runs.a, typed.write);
  });
  active = starts[0];
  await Promise.all(starts.map(({ done }) => done));
  typed?.write(`\r\n\x1b[2m${runs.a.value.end ?? runs.a.value.problem?.message ?? ""}\x1b[0m\r\n`);
  batch(() => {
    if (!selected.value) select("a");
    runCount.value++;
    announcement.value = `Run ended: ${runs.a.value.end ?? runs.a.value.problem?.message ?? ""}`;
  });
};
export const stop = (): void => {
  for (const side of ["a", "b"] as const) machines[side].stop(new Error("stopped"));
};

/** Takes a state as the page's. */
export const open = async (state: Saved): Promise<void> => {
  stop();
  batch(() => {
    saved.value = state;
    source.value = undefined;
    selected.value = undefined;
    complaint.value = undefined;
  });
  source.value = await textOfProgram();
};

/** Shows a run that a file holds. Its program can be run again, if it is there. */
export const showTrace = async (trace: TraceFile): Promise<void> => {
  const program = trace.elf
    ? ({ kind: "elf", name: trace.program, base64: toBase64(trace.elf) } as const)
    : ({ kind: "source", text: `; ${trace.program}: the file has the calls and the output, without the program.\n` } as const);
  await open({ ...defaults, program, args: trace.args.join(" "), a: trace.setting });
  const rows = new Rows();
  rows.add(trace.events);
  const last = trace.events.findLast((event) => event.kind === "end");
  batch(() => {
    runs.a.value = {
      ...idle(trace.setting),
      state: "ended",
      rows,
      output: trace.output,
      version: 1,
      end: last ? endText(last.end) : "did not end",
      nanoseconds: trace.events.at(-1)?.at ?? 0,
      untold: trace.untold,
    };
    select("a");
    runCount.value++;
  });
};

/** The editor's text: a ready program that is changed is one's own. */
export const edit = (text: string): void => {
  if (text === source.value) return;
  batch(() => {
    source.value = text;
    change({ program: { kind: "source", text } });
  });
};

/** The state in the address, and the address in the state. */
export const begin = async (): Promise<void> => {
  const read = async (): Promise<void> => {
    let wrong: string | undefined;
    const from = new URLSearchParams(location.search).get("trace");
    if (from !== null) {
      try {
        const answer = await fetch(from);
        if (!answer.ok) throw new Error(`${from} cannot be fetched: ${answer.status} ${answer.statusText}`);
        const bytes = new Uint8Array(await answer.arrayBuffer());
        if (isRecording(bytes)) return await openRecording(from, bytes);
        const { readTraceFile } = await import("./trace-file.ts");
        await showTrace(readTraceFile(from, bytes));
        return;
      } catch (error) {
        wrong = (error as Error).message;
      }
    }
    try {
      const state = decodeState(location.hash);
      await open(state ?? saved.value);
    } catch (error) {
      await open(saved.value);
      wrong = (error as Error).message;
    }
    complaint.value = wrong;
    await run();
  };
  let own = "";
  window.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void run();
  });
  window.addEventListener("hashchange", () => {
    if (location.hash !== own) void read();
  });
  await read();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let first = true;
  effect(() => {
    const state = saved.value;
    clearTimeout(timer);
    if (first) {
      first = false;
      return;
    }
    timer = setTimeout(() => {
      own = encodeState(state);
      history.replaceState(null, "", own);
    }, 400);
  });
};
export const link = (): string => new URL(encodeState(saved.value), location.href).href;
