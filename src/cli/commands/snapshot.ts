// `trapgate snapshot`, and the options --snapshot and --from of `run`: the state of a machine in a file.
import { readFileSync } from "node:fs";
import { engines } from "../../cpu/engine.ts";
import { standardInput } from "../../host/node-bytes.ts";
import { backlog, fdSink } from "../../host/node-sink.ts";
import { inflateRaw } from "../../host/node-zlib.ts";
import { watchdog } from "../../host/watchdog.ts";
import type { BootOptions } from "../../machine/boot.ts";
import { Machine } from "../../machine/machine.ts";
import { parseMoment } from "../../machine/moment.ts";
import { machineOf } from "../../machine/snapshot/copy.ts";
import { builtHere, openFile, readFile, writeFile } from "../../machine/snapshot/file/file.ts";
import { forged, Live } from "../../machine/snapshot/live.ts";
import type { ForkOptions, ReadOptions, Until } from "../../machine/snapshot/options.ts";
import type { TerminalOptions } from "../../machine/standard-streams.ts";
import { Problem } from "../../problem.ts";
import { count, environment, oneOf, parse, seconds } from "../arguments.ts";
import type { Command } from "../command.ts";
import { execute, isFile } from "../execute.ts";
import { programOptionHelp } from "../run-help.ts";
import { codeStoreOf, mounts, networkOf, prepare, programOptions, tree } from "../run-options.ts";
import { writeOutput } from "../save/output-file.ts";
import { complain, printLines as print } from "../text/print.ts";
import type { options } from "./run.ts";

type Values = ReturnType<typeof parse<typeof options>>["values"];

/** Options of `run` that neither has. */
const without = ["image", "policy", "why", "why-json", "dump-jit", "record-on-failure", "schedule"] as const;
/** Options of `run` that a run in steps does not have. */
const ofRun = ["crash", "kernel-log", "stats", "from", "accept-changed", "reset-connections", "no-terminal"] as const;
/** Options of the machine that a file has already. */
const fixed = [
  "kernel",
  "cpu",
  "memory",
  "seed",
  "cwd",
  "uid",
  "hostname",
  "clock",
  "cpus",
  "pids",
  "files",
  "cpu-time",
  "terminal",
] as const;
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
/** The host's parts that the options name. */
const given = async (values: Values): Promise<Pick<BootOptions, "network" | "overlay">> => {
  const words = networkOf(values);
  const { overlay } = values;
  return {
    ...(words ? { network: (await import("../network.ts")).networkFrom(words, (line) => complain(`${line}\n`)) } : {}),
    ...(overlay === undefined ? {} : { overlay: (await import("../../host/overlay/overlay.ts")).hostOverlay(overlay) }),
  };
};
/** The size of a terminal that no host has. */
const SIZE = { columns: 80, rows: 24 } as const;
/** ^D, the end of typed input. */
const EOT = 4;
const ALL = [true, true, true] as const;

/** Runs PROG to the moment and saves it. */
const save = async (values: Values, rest: readonly string[], file: string): Promise<number> => {
  refuse(values, [...without, ...ofRun], "--snapshot", "the program runs to a moment only");
  const until = conditionOf(values.at);
  const { machine, path, program, file: opened } = prepare(values, rest);
  const { timeout, ...started } = program;
  const out = fdSink(1);
  const sink = { queue: out.queue, write: (bytes: Uint8Array) => (live?.saw(bytes), out.write(bytes)) };
  const boot: BootOptions = {
    ...machine,
    ...(await given(values)),
    ...(values.terminal ? { terminal: { sink, ...SIZE, uses: ALL } } : {}),
  };
  let live: Live | undefined;
  try {
    live = new Live(new Machine(boot), path, { ...started, hooks: streams() });
    if (!(await live.until(until, timeout === undefined ? {} : { timeout })))
      throw new Problem("not-prepared", `${path}: the program ended or waits, but ${values.at ?? "idle"} did not come`);
    const bytes = writeFile(live.save(true), live.moment, boot, live.tasks);
    writeOutput(file, bytes);
    return 0;
  } finally {
    await live?.leave(false);
    opened?.close();
    await backlog.end();
  }
};

/** Bytes of input, at most. */
const MOST_INPUT = 2 ** 30;
const allInput = (): Uint8Array => {
  const input = standardInput(MOST_INPUT);
  if (input === undefined) throw new Problem("usage", "the input has more than 1 GiB");
  return input;
};

/** Milliseconds that a forged file can keep the process busy with nothing. */
const PATIENCE = 20_000;

/** Continues a file to the end of its program: the rest is a run. */
const continued = async (values: Values, rest: readonly string[], file: string): Promise<number> => {
  refuse(values, [...without, ...fixed, "snapshot", "at"], "--from", "the machine is that of the file");
  const bytes = bytesOf(file);
  const { options: kept, needs, tasks } = openFile(bytes).header;
  const { env, root, timeout, engine } = values;
  const changes: ForkOptions = {
    ...(rest.length > 0 ? { args: rest } : {}),
    ...(env ? { env: environment(env) } : {}),
    ...(values["accept-changed"] ? { changed: "accept" } : {}),
    ...(values["reset-connections"] ? { connections: "reset" } : {}),
  };
  const types = needs.terminal !== undefined && values["no-terminal"] === true;
  const code = codeStoreOf({
    ...values,
    ...(kept.cpu === undefined ? {} : { cpu: kept.cpu }),
    ...(kept.memory === undefined ? {} : { memory: String(kept.memory) }),
  });
  const { network, ...parts } = await given(values);
  const watch = watchdog(
    PATIENCE,
    "trapgate: error: the snapshot's state is not one of a run: the machine made no step for 20 s [TG0509]\n",
  );
  const steps = setInterval(() => watch.step(), 1000);
  const read: ReadOptions = {
    ...parts,
    ...(root === undefined ? {} : { root: tree("--root", root, false) }),
    mounts: Object.fromEntries(mounts(values.mount ?? []).map(({ tree, at }) => [at, tree])),
    ...(network ? { network } : values.net === "none" ? { network: "none" } : {}),
    changed: changes.changed ?? "refuse",
  };
  try {
    return await execute({
      machine: { ...kept, ...(engine === undefined ? {} : { engine: oneOf(engine, engines, "--engine") }) },
      path: tasks[0]?.[1] ?? file,
      program: timeout === undefined ? {} : { timeout: seconds(timeout, "--timeout") },
      ...(code ? { code } : {}),
      crash: values.crash ?? false,
      kernelLog: values["kernel-log"] ?? false,
      stats: values.stats ?? false,
      why: false,
      ...(types ? { stdin: new Uint8Array([...allInput(), EOT]) } : isFile(0) ? { stdin: allInput() } : {}),
      continues(boot) {
        const { state, options } = readFile(bytes, read, inflateRaw);
        return machineOf(state, { ...boot, ...options }, changes);
      },
      terminal(own) {
        const { terminal } = needs;
        if (!terminal) return undefined;
        const uses: TerminalOptions["uses"] = [terminal[0] === true, terminal[1] === true, terminal[2] === true];
        if (types) return { sink: fdSink(1), ...SIZE, uses };
        if (own?.uses[0]) return { ...own, uses };
        throw new Problem("changed-files", "the snapshot's program has a terminal, and this process has none", {
          help: "--no-terminal types standard input at it, and writes its output to standard output",
        });
      },
    });
  } catch (error) {
    throw forged(error);
  } finally {
    clearInterval(steps);
    watch.end();
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
    const isWritable = header.hosts.some((each) => each.tree === at && each.isWritable);
    return `${at === "" ? "--root" : `--mount HOST:${at}${isWritable ? ":rw" : ""}`} with ${length} files`;
  });
  const { network, overlay, terminal, connections } = header.needs;
  const all = [
    ...trees,
    ...(overlay === undefined ? [] : ["--overlay"]),
    ...(network ? [network.reaches ? "--net host" : "--publish"] : []),
    ...(connections.length > 0 ? [`--reset-connections (${connections.join(", ")})`] : []),
    ...(terminal ? ["a terminal"] : []),
  ];
  print(`needs    ${all.join(", ") || "nothing of the host"}`);
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
