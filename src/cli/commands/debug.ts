// `trapgate debug`: a program under gdb's remote protocol, forward and backward.
import { Debugger } from "../../debug/debugger.ts";
import type { Followed } from "../../debug/follow.ts";
import type { StartProgram } from "../../debug/gdb/programs.ts";
import { GdbServer } from "../../debug/gdb/server.ts";
import {
  type Accept,
  addressText,
  type ListenAddress,
  listenOn,
  overStandardStreams,
  pieces,
  takeFirstPacket,
} from "../../host/debug-socket.ts";
import { backlog, fdSink } from "../../host/node-sink.ts";
import { parseMoment } from "../../machine/moment.ts";
import type { Hooks } from "../../machine/options.ts";
import { replayed } from "../../machine/recording/replay.ts";
import type { Timeline } from "../../machine/timeline/timeline.ts";
import { Problem } from "../../problem.ts";
import { parse, parseLoosely, size } from "../arguments.ts";
import type { Command } from "../command.ts";
import { recordingIn, recordingOf } from "../recorded.ts";
import { programOptionHelp } from "../run-help.ts";
import { inputFile, programOptions } from "../run-options.ts";
import { complain } from "../text/print.ts";
import { begun } from "../timeline.ts";

const options = {
  listen: { type: "string" },
  once: { type: "boolean" },
  multi: { type: "boolean" },
  "at-end": { type: "boolean" },
  stay: { type: "boolean" },
  at: { type: "string" },
  "on-fork": { type: "string" },
  "on-exec": { type: "string" },
  "until-exec": { type: "boolean" },
  history: { type: "string" },
  "real-time": { type: "boolean" },
  stdin: { type: "string" },
  schedule: { type: "string" },
  ...programOptions,
} as const;

/** [tcp4:][HOST:]PORT, as gdb has it, or unix:PATH. Without a host only this machine is let in. */
const addressOf = (text: string): ListenAddress => {
  const [, path] = /^unix:(.+)$/s.exec(text) ?? [];
  if (path !== undefined) return { path };
  const [, version = "", host = "", port = ""] = /^(?:tcp([46]?):)?(?:(.*):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === "" || Number(port) > 65535)
    throw new Problem("bad-value", `--listen wants HOST:PORT, PORT, unix:PATH or -, not ${JSON.stringify(text)}`);
  const family = version === "4" ? 4 : version === "6" ? 6 : undefined;
  return {
    host: host.replace(/^\[(.*)\]$/, "$1") || (family === 6 ? "::1" : "127.0.0.1"),
    port: Number(port),
    ...(family ? { family } : {}),
  };
};
/** The process with which a debugger begins. */
const followedOf = (fork: string | undefined, exec: string | undefined): Followed | undefined => {
  if (fork !== undefined && exec !== undefined) throw new Problem("usage", "--on-fork and --on-exec are two moments: only one can be");
  const isNumber = (text: string): boolean => /^\d{1,9}$/.test(text);
  if (exec !== undefined) return { exec: isNumber(exec) ? Number(exec) : exec };
  if (fork === undefined) return undefined;
  if (!isNumber(fork)) throw new Problem("bad-value", `--on-fork wants the number of a process, not ${JSON.stringify(fork)}`);
  return { fork: Number(fork) };
};
/** The program's input, if it is known before the run. The protocol has standard input if it is piped. */
const givenInput = (file: string | undefined, isPiped: boolean): Uint8Array | undefined =>
  file === undefined ? (isPiped ? new Uint8Array(0) : undefined) : inputFile(file);

/** The whole command. The result is the exit status. */
const debugged = async (args: Parameters<Command["run"]>[0]): Promise<number> => {
  const { values, rest } = parse(args, options);
  const { listen = "127.0.0.1:0" } = values;
  const isPiped = listen === "-";
  const address = isPiped ? undefined : addressOf(listen);
  const at = values.at === undefined ? undefined : parseMoment(values.at);
  if (at && values["at-end"]) throw new Problem("usage", "--at and --at-end are two moments: only one can be");
  const followed = followedOf(values["on-fork"], values["on-exec"]);
  if (followed && values["at-end"]) throw new Problem("usage", "--on-fork and --on-exec begin at a moment of their own");
  // The protocol has standard output.
  const out = fdSink(isPiped ? 2 : 1);
  const err = fdSink(2);
  const debug = new Debugger();
  const hooks: Hooks = {
    stdout: (bytes) => void out.write(bytes),
    stderr: (bytes) => void err.write(bytes),
    denied: (denial) => debug.denied(denial),
  };
  const history = values.history === undefined ? {} : { memory: size(values.history, "--history") };
  const closes: (() => void)[] = [];
  const typed = pieces();
  let last = rest;
  /** The run of a program, at its beginning. */
  const start = async (words: readonly string[], changed: typeof values): Promise<Timeline> => {
    const { timeline, isGiven, close } = await begun(changed, words, givenInput(values.stdin, isPiped), hooks, history);
    if (close) closes.push(close);
    last = words;
    debug.input = isGiven ? undefined : typed;
    return timeline;
  };
  const recording = recordingIn(rest, values, ["root"]);
  debug.keepsEnd = values["at-end"] ?? values.stay ?? false;
  debug.endsAtExec = values["until-exec"] ?? false;
  debug.sleepsInRealTime = values["real-time"] ?? false;
  debug.followed = followed;
  if (!values.multi || rest.length > 0) {
    debug.load(
      recording === undefined ? await start(rest, values) : replayed(recordingOf(recording, values.root), hooks, undefined, history),
    );
    await debug.restart();
  }
  if (values["at-end"]) await debug.goToEnd();
  else if (at) {
    await debug.goTo(at);
    if (!followed) debug.detachOthers();
  }
  const startWanted: StartProgram = ({ path, args, env, cwd }) => {
    const [name = "", ...before] = last;
    const words = path === "" ? [name, ...(args?.length ? args : before)] : [path, ...(args ?? [])];
    const kept = (values.env ?? []).filter((text) => !env.has(text.replace(/=.*/s, "")));
    const added = [...env].flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
    return start(words[0] === "" ? [] : words, { ...values, env: [...kept, ...added], ...(cwd === undefined ? {} : { cwd }) });
  };
  try {
    return await serve(
      debug,
      address,
      { once: values.once ?? false, multi: values.multi ?? false },
      recording === undefined ? startWanted : undefined,
    );
  } finally {
    for (const close of closes) close();
    await backlog.end();
  }
};

/** `trapgate debug`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] [--] {PROG [ARG…] | RECORDING}",
  summary: "debug a program with gdb or lldb, forward and backward",
  get options() {
    return [
      ["--listen ADDR", "HOST:PORT, PORT, unix:PATH, or - for standard input and output; default a free port of 127.0.0.1"],
      ["--once", "end when gdb disconnects; default: a program that has not ended waits for the next connection"],
      ["--multi", "for target extended-remote: PROG is optional, and the server stays after its end"],
      ["--at-end", "run to the end first, and begin there: go back from it"],
      ["--stay", "the program's end is the end of history, from which gdb can go back; default: an exit, as gdb knows it"],
      ["--real-time", "sleeps take real time; default: virtual time passes at once while all tasks sleep"],
      ["--at MOMENT", "begin at INSTRUCTIONS:STEPS"],
      ["--on-fork PID", "begin where this process begins, and debug it alone"],
      ["--on-exec PID|NAME", "begin where this process executes a program, or one the program of this name"],
      ["--until-exec", "the process's history ends before it executes another program; default: gdb follows it there"],
      ["--history SIZE", "memory for the snapshots that make steps back fast; default 512M"],
      ["--stdin FILE", "the program's standard input; with --listen - it is empty by default"],
      ["--schedule TEXT", "debug a schedule that trapgate explore has printed, or the file that holds it"],
      ...programOptionHelp,
    ] as const;
  },
  async run(args) {
    try {
      return await debugged(args);
    } catch (error) {
      if (parseLoosely(args, options)["listen"] === "-") await takeFirstPacket();
      throw error;
    }
  },
};

/** How long the server stays. */
interface Stay {
  readonly once: boolean;
  readonly multi: boolean;
}
/** Serves gdb until it ends the session. The result is the exit status. */
const serve = (
  debug: Debugger,
  address: ListenAddress | undefined,
  { once, multi }: Stay,
  start: StartProgram | undefined,
): Promise<number> =>
  new Promise((resolve, reject) => {
    let close = (): void => {};
    const released: Promise<void>[] = [];
    let earlier: Promise<void> | undefined;
    const accept: Accept = (connection) => {
      const server = new GdbServer(debug, (bytes) => connection.send(bytes), start, earlier);
      server.onLog = complain;
      server.onReleased = (rest) => void released.push(rest);
      const end = (): void => {
        connection.end();
        close();
        void Promise.all(released).then(() => resolve(0));
      };
      let isEnding = false;
      server.onEnd = (how) => {
        isEnding = true;
        void server.idle.then(async () => {
          if (how === "detach" && debug.hasProgram) await debug.finish();
          end();
        });
      };
      return {
        receive: (bytes) => server.receive(bytes),
        closed: () => {
          // gdb goes at once, and a program that it has let go runs to its end.
          if (isEnding) return;
          earlier = server.close();
          if (!address || once || (!multi && (!debug.hasProgram || debug.stop?.why.kind === "ended"))) end();
        },
      };
    };
    if (!address) overStandardStreams(accept);
    else
      listenOn(address, accept).then(
        (listening) => {
          ({ close } = listening);
          complain(`trapgate: gdb: target remote ${addressText(listening.address)}\n`);
        },
        (cause: Error) =>
          reject(new Problem("bad-value", `--listen: cannot listen on ${addressText(address)}: ${cause.message}`, { cause })),
      );
  });
