// The method `run` of the worker: a program's run, told in parts.
import type { OpenedImage } from "../image/opened.ts";
import { startedWith } from "../image/start.ts";
import { sink } from "../kernel/fs/files/stream.ts";
import { checkProgram, checkRunOptions } from "../machine/api/check.ts";
import { Machine as CheckedMachine } from "../machine/api/machine.ts";
import { bootOptions } from "../machine/api/stores.ts";
import { Machine, type RunRecorder } from "../machine/machine.ts";
import type { TraceEvent } from "../machine/tracing/events.ts";
import { Problem } from "../problem.ts";
import { openArchive, openUrl } from "./image/open.ts";
import type { MachineMethods, RunParams, RunPart, RunResult, SentRoot } from "./protocol.ts";
import type { Context } from "./serve.ts";

/** Events that are sent together. */
const BATCH = 128;
/** Milliseconds after which events are sent though they are few. */
const PATIENCE = 30;

/** Collects events: a message for each would cost more than the call. */
export class Batch {
  readonly #part: (part: RunPart) => void;
  #events: TraceEvent[] = [];
  #first = true;
  #since = 0;
  constructor(part: (part: RunPart) => void) {
    this.#part = part;
  }
  add(event: TraceEvent): void {
    this.#events.push(event);
    const now = Date.now();
    if (this.#events.length === 1) this.#since = now;
    // The first result is to be seen at once.
    if (this.#events.length >= BATCH || now - this.#since > PATIENCE || (this.#first && event.kind === "return")) this.flush();
  }
  flush(): void {
    if (this.#events.length === 0) return;
    this.#first = this.#first && !this.#events.some(({ kind }) => kind === "return");
    this.#part({ kind: "events", events: this.#events });
    this.#events = [];
  }
}

/** The last root that was fetched: the next run finds it as it was. */
let fetched: { readonly url: string; readonly image: Promise<OpenedImage> } | undefined;
const imageOf = (root: SentRoot): Promise<OpenedImage> => {
  const options = root.most === undefined ? {} : { most: root.most };
  if ("archive" in root) return openArchive(root.archive, options);
  if (fetched?.url !== root.url) fetched = { url: root.url, image: openUrl(root.url, options) };
  const { image } = fetched;
  image.catch(() => {
    if (fetched?.image === image) fetched = undefined;
  });
  return image;
};
/** The program and its options, with the root that it runs in. */
export const withRoot = async ({ program, options = {}, root }: Pick<RunParams, "program" | "options" | "root">) => {
  checkRunOptions(options);
  const image = root && (await imageOf(root));
  if (program !== undefined) {
    checkProgram(program);
    return { program, options: image ? { ...options, root: image.tree, env: { ...image.start.env, ...options.env } } : options };
  }
  const started = image && startedWith(image.start, options);
  if (started?.path === undefined)
    throw new Problem("missing-argument", "which program?", { help: root ? "the root names none" : "`program` is its bytes or its path" });
  return { program: started.path, options: { ...options, ...started.program, root: image?.tree } as typeof options };
};

/** Runs a program. `recorder` sees all that comes into a run with a terminal. */
export const runRecorded = async (
  { calls = 0, terminal, ...given }: RunParams,
  context: Context<MachineMethods["run"]>,
  recorder?: RunRecorder,
): Promise<RunResult> => {
  const { program, options } = await withRoot(given);
  const batch = new Batch(context.part);
  let untold = 0;
  const event = (one: TraceEvent): void => {
    if ("id" in one && one.id >= calls) untold += Number(one.kind === "call");
    else batch.add(one);
  };
  const tell = (stream: "stdout" | "stderr") => (bytes: Uint8Array) => {
    batch.flush();
    context.part({ kind: "output", stream, bytes: bytes.slice() });
  };
  const hooks = {
    ...(calls > 0 ? { event } : {}),
    kernelLog: (line: string) => context.part({ kind: "log", line }),
  };
  const settled = { ...options, maxOutput: options.maxOutput ?? 2 ** 22 };
  if (!terminal) {
    const { status, stats } = await CheckedMachine.run(program, {
      ...settled,
      hooks: { ...hooks, stdout: tell("stdout"), stderr: tell("stderr") },
    });
    batch.flush();
    return { status, stats, untold };
  }
  const out = sink(tell("stdout"));
  const machine = new Machine({ ...bootOptions(options), terminal: { sink: out, ...terminal, uses: [true, true, true] } });
  context.onInput = (input) => machine.inputs.push(input);
  const timer = setInterval(() => batch.flush(), PATIENCE);
  try {
    const connection = { stdout: out, stderr: out, wanted: () => batch.flush(), ...(recorder ? { recorder } : {}) };
    const { status, stats } = await machine.run(program, { ...settled, hooks }, connection);
    batch.flush();
    return { status, stats, untold };
  } finally {
    clearInterval(timer);
  }
};
