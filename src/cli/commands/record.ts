// `trapgate record`: a run, with all that came into it from outside, as a file that is replayed anywhere.
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { WorkBudget } from "../../budget.ts";
import { pieces } from "../../host/debug-socket.ts";
import { backlog, fdSink } from "../../host/node-sink.ts";
import { Machine } from "../../machine/machine.ts";
import { Recorder } from "../../machine/recording/recorder.ts";
import type { MachineFacts, ProgramFacts } from "../../machine/recording/recording.ts";
import { Timeline } from "../../machine/timeline/timeline.ts";
import { Problem } from "../../problem.ts";
import { parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { codec, nameOf } from "../recorded.ts";
import { programOptionHelp } from "../run-help.ts";
import { type PreparedRun, prepare, programOptions } from "../run-options.ts";
import { checkOutput } from "../save/output-file.ts";
import { statusOfEnd } from "../status.ts";
import { complain } from "../text/print.ts";

const options = { output: { type: "string", short: "o" }, stdin: { type: "string" }, ...programOptions } as const;

/** The bytes of a file that a run has besides its trees: the program. */
const contentOf = (content: unknown): Uint8Array => {
  if (content instanceof Uint8Array) return content;
  if (typeof content === "string") return new TextEncoder().encode(content);
  const file = content as { readonly size: number; read(at: number, into: Uint8Array): number };
  const bytes = new Uint8Array(file.size);
  return bytes.subarray(0, Math.max(0, file.read(0, bytes)));
};
/** The options that are values. */
const factsOf = <T extends object>(from: T, without: readonly string[]): unknown =>
  Object.fromEntries(Object.entries(from).filter(([name, value]) => value !== undefined && !without.includes(name)));

/** A machine whose questions to the host are recorded. */
const recorded = (recorder: Recorder, { machine: given, program, path }: PreparedRun, policy: string | Uint8Array | undefined) => {
  const { root, mounts = [], files = {}, ...values } = given;
  const list = Object.entries(files).map(([name, file]) => {
    const { content, mode = 0o644 } = typeof file === "string" || file instanceof Uint8Array ? { content: file } : file;
    return { name, mode, content: contentOf(content) };
  });
  const top = root && recorder.tree(root);
  const more = mounts.map((mount) => recorder.mount(mount));
  recorder.begin({
    path,
    machine: factsOf(values, [
      "timeout",
      "signal",
      "budget",
      "code",
      "terminal",
      "engine",
      "sharedMemory",
      "largeTraces",
      "features",
    ]) as MachineFacts,
    program: factsOf(program, ["timeout", "signal", "hooks", "trace", "maxOutput", "stdin", "policy"]) as ProgramFacts,
    files: list.map(({ name, mode, content }) => ({ path: name, mode, bytes: recorder.bytes(content) })),
    mounts: more.map(({ facts }) => facts),
    ...(top ? { root: { node: top.node, writable: root.writable } } : {}),
    ...(policy === undefined ? {} : { policy: typeof policy === "string" ? policy : recorder.bytes(policy) }),
  });
  return {
    ...values,
    ...(top ? { root: top.tree } : {}),
    mounts: more.map(({ mount }) => mount),
    files: Object.fromEntries(list.map(({ name, mode, content }) => [name, { content, mode }])),
  };
};

const input = (file: string): Uint8Array => {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new Problem("cannot-read", `--stdin: cannot read ${file}`, { cause });
  }
};
const appender = (file: string): { readonly write: (bytes: Uint8Array) => void; readonly close: () => void } => {
  let fd: number;
  try {
    fd = openSync(file, "w", 0o600);
  } catch (cause) {
    throw new Problem("cannot-write", `--output: cannot write ${file}`, { cause });
  }
  const write = (bytes: Uint8Array): void => {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    } catch (cause) {
      throw new Problem("cannot-write", `--output: cannot write ${file}`, { cause });
    }
  };
  return { write, close: () => closeSync(fd) };
};

/** `trapgate record`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "-o FILE [OPTION…] [--] PROG [ARG…]",
  summary: "run a program and record all that came from outside, for replay and debug on any host",
  get options() {
    return [
      ["-o, --output FILE", "the recording; it is written as the run goes, so a run that is stopped leaves what it did"],
      ["--stdin FILE", "the program's standard input (default: this command's, as the program asks for it)"],
      ...programOptionHelp,
    ] as const;
  },
  async run(args) {
    const { values, rest } = parse(args, options);
    const { output } = values;
    if (output === undefined) throw new Problem("missing-argument", "record into which file?", { help: "record -o FILE PROG" });
    checkOutput(output, "--output");
    const prepared = prepare(values, rest);
    const budget = new WorkBudget({ subject: "the input" });
    const { policy } = prepared;
    const warn = (line: string): void => void complain(`warning: ${line}\n`);
    const given = policy && (await (await import("../run-policy.ts")).readRunPolicy({ ...policy, budget, warn })).given;
    const next = values.stdin === undefined ? pieces() : undefined;
    const start = values.stdin === undefined ? undefined : input(values.stdin);
    const file = appender(output);
    try {
      const recorder = new Recorder(file.write, codec, nameOf);
      const machine = new Machine({ ...recorded(recorder, prepared, given), budget, ...(prepared.code ? { code: prepared.code } : {}) });
      const [out, err] = [fdSink(1), fdSink(2)];
      const hooks = { stdout: (bytes: Uint8Array) => void out.write(bytes), stderr: (bytes: Uint8Array) => void err.write(bytes) };
      const { timeout: _, ...program } = prepared.program;
      // Without snapshots: the run only goes forward.
      const timeline = new Timeline(
        machine,
        prepared.path,
        { ...program, ...(given === undefined ? {} : { policy: given }), hooks },
        { every: Number.POSITIVE_INFINITY },
      );
      recorder.timeline = timeline;
      const { turn } = timeline;
      timeline.turn = () => {
        recorder.mark();
        return turn();
      };
      const give = (bytes: Uint8Array | undefined): void => {
        recorder.input(bytes);
        timeline.change((live) => (bytes ? live.write(bytes) : live.session.streams.end()));
      };
      if (start) {
        if (start.length > 0) give(start);
        give(undefined);
      }
      for (;;) {
        const end = await timeline.run();
        if (end === "input" && next) give(await next());
        else if (end === "ended" || end === "stuck" || end === "input") break;
      }
      const { status } = timeline.live.report();
      recorder.mark(status);
      return statusOfEnd(status as Parameters<typeof statusOfEnd>[0]);
    } finally {
      file.close();
      prepared.file?.close();
      await backlog.end();
    }
  },
};
