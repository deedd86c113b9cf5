// `trapgate snapshot`, and the options --snapshot and --from of `run`: the state of a machine in a file.
import { readFileSync } from "node:fs";
import { isatty } from "node:tty";
import { engines } from "../../cpu/engine.ts";
import { standardInput } from "../../host/node-bytes.ts";
import { backlog, fdSink } from "../../host/node-sink.ts";
import { nodeTree } from "../../host/node-tree.ts";
import { watchdog } from "../../host/watchdog.ts";
import { Machine } from "../../machine/machine.ts";
import { parseMoment } from "../../machine/moment.ts";
import type { Run } from "../../machine/run.ts";
import { builtHere, openFile, readFile, writeFile } from "../../machine/snapshot/file/file.ts";
import { Live } from "../../machine/snapshot/live.ts";
import type { Until } from "../../machine/snapshot/options.ts";
import { Problem } from "../../problem.ts";
import { count, environment, mount, oneOf, parse, seconds } from "../arguments.ts";
import type { Command } from "../command.ts";
import { programOptionHelp } from "../run-help.ts";
import { prepare, programOptions } from "../run-options.ts";
import { writeOutput } from "../save/output-file.ts";
import { statusOfEnd, TIMED_OUT } from "../status.ts";
import { printLines as print } from "../text/print.ts";
import type { options } from "./run.ts";

type Values = ReturnType<typeof parse<typeof options>>["values"];

/** Options of `run` that a run in steps does not have. */
const without = [
  "net",
  "publish",
  "overlay",
  "image",
  "policy",
  "why",
  "why-json",
  "dump-jit",
  "crash",
  "kernel-log",
  "stats",
  "record-on-failure",
] as const;
/** Options of the machine that a file has already. */
const fixed = ["kernel", "cpu", "memory", "seed", "cwd", "uid", "hostname", "clock", "cpus"] as const;
const refuse = (values: Values, names: readonly string[], option: string, why: string): void => {
  const given = names.find((name) => Object.hasOwn(values, name));
  if (given !== undefined) throw new Problem("usage", `--${given} does not go with ${option}: ${why}`);
};

/** --at: the condition, with `idle` as the default. */
const conditionOf = (text = "idle"): Until => {
  if (text === "idle") return { idle: true };
  const [, kind, value] = /^(call|output|time):(.*)$/s.exec(text) ?? [];
  if (kind === "call") return { call: value as string };
  // JSON's escapes, so that a line's end can be written.
  if (kind === "output") return { output: (value as string).replaceAll("\\n", "\n") };
  if (text === "main") return { main: true };
  if (text === "exit") return { exit: true };
  if (/^0x[0-9a-f]{1,12}$/i.test(text)) return { address: Number(text) };
  if (kind === "time") return { time: seconds(value as string, "--at time:") };
  if (/^\d+(:\d+)?$/.test(text)) return text;
  throw new Problem("bad-value", `--at wants a moment, not ${JSON.stringify(text)}`, {
    help: "there are idle, main, exit, call:NAME, output:TEXT, time:SECONDS, 0xADDRESS and INSTRUCTIONS:STEPS",
  });
};

const streams = () => {
  const [out, err] = [fdSink(1), fdSink(2)];
  return { stdout: (bytes: Uint8Array) => void out.write(bytes), stderr: (bytes: Uint8Array) => void err.write(bytes) };
};
const statusOf = ({ status }: Run): number => ("timeout" in status ? TIMED_OUT : statusOfEnd(status));

/** Runs PROG to the moment and saves it. */
const save = async (values: Values, rest: readonly string[], file: string): Promise<number> => {
  refuse(values, without, "--snapshot", "the program runs in steps, and nothing of the outside world reaches it");
  const until = conditionOf(values.at);
  const { machine, path, program, file: opened } = prepare(values, rest);
  const { timeout, ...started } = program;
  try {
    const live = new Live(new Machine(machine), path, { ...started, hooks: streams() });
    if (!(await live.until(until, timeout === undefined ? {} : { timeout })))
      throw new Problem("not-prepared", `${path}: the program ended or waits, but ${values.at ?? "idle"} did not come`);
    const bytes = writeFile(live.save(), live.moment, machine, live.tasks);
    writeOutput(file, bytes);
    return 0;
  } finally {
    opened?.close();
    await backlog.end();
  }
};

/** Bytes of input, at most. */
const MOST_INPUT = 2 ** 30;
const allInput = (): Uint8Array => {
  if (isatty(0)) return new Uint8Array(0);
  const input = standardInput(MOST_INPUT);
  if (input === undefined) throw new Problem("usage", "the input has more than 1 GiB");
  return input;
};

/** Milliseconds that a forged file can keep the process busy with nothing. */
const PATIENCE = 20_000;

/** Continues a file to the end of its program. */
const continued = async (values: Values, rest: readonly string[], file: string): Promise<number> => {
  refuse(values, [...without, ...fixed, "snapshot", "at"], "--from", "the machine is that of the file");
  const { env: given } = values;
  const changes = { ...(rest.length > 0 ? { args: rest } : {}), ...(given ? { env: environment(given) } : {}) };
  // Before the watch begins: a user may write for long.
  const stdin = allInput();
  const watch = watchdog(
    PATIENCE,
    "trapgate: error: the snapshot's state is not one of a run: the machine made no step for 20 s [TG0509]\n",
  );
  const mounts = Object.fromEntries((values.mount ?? []).map(mount).map(({ host, guest }) => [guest, nodeTree(host)]));
  const { state, options: boot } = readFile(bytesOf(file), {
    ...(values.root === undefined ? {} : { root: nodeTree(values.root) }),
    mounts,
    changed: values["accept-changed"] ? "accept" : "refuse",
  });
  const timeout = values.timeout === undefined ? {} : { timeout: seconds(values.timeout, "--timeout") };
  try {
    watch.step();
    const live = Live.copy(state, boot, { ...changes, stdin, hooks: streams() });
    live.onTurn = () => watch.step();
    return statusOf(await live.finish(timeout));
  } finally {
    watch.end();
    await backlog.end();
  }
};

/** `run` with --snapshot or --from. */
export const runWithFile = (values: Values, rest: readonly string[]): Promise<number> => {
  if (values.from !== undefined) return continued(values, rest, values.from);
  if (values.snapshot === undefined) throw new Problem("usage", "--at and --accept-changed belong to --snapshot and --from");
  return save(values, rest, values.snapshot);
};

const bytesOf = (file: string): Uint8Array => {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new Problem("cannot-read", `${file}: cannot be read`, { cause });
  }
};
const show = (file: string): number => {
  const bytes = bytesOf(file);
  const { header } = openFile(bytes);
  const { instructions, steps } = parseMoment(header.moment);
  print(`moment   ${header.moment}: ${instructions} instructions, then ${steps} transitions of the kernel`);
  print(`tasks    ${header.tasks.map(([pid, name]) => `${pid} ${JSON.stringify(name)}`).join(", ")}`);
  print(`size     ${bytes.length} bytes: ${header.items} objects, ${header.frames} pages`);
  const kept = Object.entries(header.options).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  print(`options  ${kept.join(", ") || "default"}`);
  const trees = header.trees.map((at) => {
    const { length } = header.hosts.filter(({ tree }) => tree === at);
    return `${at === "" ? "--root" : `--mount HOST:${at}`} with ${length} files`;
  });
  print(`needs    ${trees.join(", ") || "nothing of the host"}`);
  print(`build    ${builtHere(header) ? "this one" : "another one, which alone can continue it"}`);
  return 0;
};

/** Options of `snapshot check`: those of a run, and how much is checked. */
const checkOptions = {
  ...programOptions,
  stdin: { type: "string" },
  moments: { type: "string" },
  "copy-engine": { type: "string" },
  seconds: { type: "string" },
} as const;
const DIFFERENT = 1;
/** Moments at which a program is saved, times that it is taken back to each, and virtual seconds of a run. */
const EFFORT = { moments: 10, rewinds: 5, seconds: 10 } as const;

/** Are copies of this program exact? */
const check = async (args: readonly string[]): Promise<number> => {
  const { values, rest } = parse(args, checkOptions);
  const { forkCheck } = await import("../../machine/snapshot/exact/exact.ts");
  const { frozenTree } = await import("../../machine/snapshot/exact/frozen-tree.ts");
  const { machine, path, program } = prepare(values, rest);
  const { timeout: _, ...options } = program;
  // Other programs of the host work in the same files.
  const boot = { ...machine, ...(machine.root ? { root: frozenTree(machine.root) } : {}) };
  const cuts = values.moments === undefined ? EFFORT.moments : count(values.moments, "--moments");
  const most = (values.seconds === undefined ? EFFORT.seconds : seconds(values.seconds, "--seconds")) * 1e9;
  const engine = values["copy-engine"] === undefined ? undefined : oneOf(values["copy-engine"], engines, "--copy-engine");
  const stdin = values.stdin === undefined ? "" : bytesOf(values.stdin);
  const found = forkCheck(
    { program: path, boot, options: { ...options, stdin } },
    { cuts, most, rewinds: EFFORT.rewinds, ...(engine ? { engine } : {}) },
  );
  for (const each of found) print(each);
  if (found.length === 0) print(`no difference: ${cuts} moments, a copy and ${EFFORT.rewinds} ways back of each`);
  return found.length === 0 ? 0 : DIFFERENT;
};

/** `trapgate snapshot`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "show FILE | check [OPTION…] [--] PROG [ARG…]",
  summary: "show a snapshot that run --snapshot has saved; check that copies of a program are exact",
  get options() {
    return [
      ["show FILE", "the moment, the tasks, the size, the trees of the host that run --from needs"],
      [
        "check PROG",
        "save PROG at moments of its run, copy it, take it back, and compare all with an undisturbed run: for reports of defects",
      ],
      ["--moments N", "check: the number of moments (10)"],
      ["--seconds N", "check: virtual seconds of the run, at most (10)"],
      ["--copy-engine E", "check: the engine of the copies (that of the run)"],
      ["--stdin FILE", "check: standard input (empty)"],
      ...programOptionHelp,
    ] as const;
  },
  async run(args) {
    const [action, ...others] = args;
    if (action === "check") return check(others);
    const { rest } = parse(args, {});
    const [, file] = rest;
    if (action === undefined || file === undefined) throw new Problem("missing-argument", "show which file?");
    oneOf(action, ["show", "check"], "the action");
    return show(file);
  },
};
