// `trapgate debug`: a program under gdb's remote protocol, forward and backward.
import { Debugger } from "../../debug/debugger.ts";
import { GdbServer } from "../../debug/gdb/server.ts";
import { type Accept, listenOn, overStandardStreams, pieces } from "../../host/debug-socket.ts";
import { backlog, fdSink } from "../../host/node-sink.ts";
import { parseMoment } from "../../machine/moment.ts";
import type { Hooks } from "../../machine/options.ts";
import { Problem } from "../../problem.ts";
import { parse, size } from "../arguments.ts";
import type { Command } from "../command.ts";
import { isRecordingFile, recordingOf, replayed } from "../recorded.ts";
import { programOptionHelp } from "../run-help.ts";
import { programOptions } from "../run-options.ts";
import { complain } from "../text/print.ts";
import { begun, inputFile } from "../timeline.ts";

const options = {
  listen: { type: "string" },
  once: { type: "boolean" },
  "at-end": { type: "boolean" },
  stay: { type: "boolean" },
  at: { type: "string" },
  history: { type: "string" },
  "real-time": { type: "boolean" },
  stdin: { type: "string" },
  schedule: { type: "string" },
  ...programOptions,
} as const;

/** HOST:PORT, PORT, or :PORT. Without a host only this machine is let in. */
const addressOf = (text: string): { readonly host: string; readonly port: number } => {
  const [, host = "", port = ""] = /^(?:(.*):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === "" || Number(port) > 65535)
    throw new Problem("bad-value", `--listen wants HOST:PORT, PORT or -, not ${JSON.stringify(text)}`);
  return { host: host.replace(/^\[(.*)\]$/, "$1") || "127.0.0.1", port: Number(port) };
};
/** The program's input, if it is known before the run. The protocol has standard input if it is piped. */
const givenInput = (file: string | undefined, isPiped: boolean): Uint8Array | undefined =>
  file === undefined ? (isPiped ? new Uint8Array(0) : undefined) : inputFile(file);

/** `trapgate debug`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] [--] {PROG [ARG…] | RECORDING}",
  summary: "debug a program with gdb or lldb, forward and backward",
  get options() {
    return [
      ["--listen ADDR", "HOST:PORT, PORT, or - for standard input and output; default a free port of 127.0.0.1"],
      ["--once", "end when gdb disconnects; default: a program that has not ended waits for the next connection"],
      ["--at-end", "run to the end first, and begin there: go back from it"],
      ["--stay", "the program's end is the end of history, from which gdb can go back; default: an exit, as gdb knows it"],
      ["--real-time", "sleeps take real time; default: virtual time passes at once while all tasks sleep"],
      ["--at MOMENT", "begin at INSTRUCTIONS:STEPS"],
      ["--history SIZE", "memory for the snapshots that make steps back fast; default 512M"],
      ["--stdin FILE", "the program's standard input; with --listen - it is empty by default"],
      ["--schedule TEXT", "debug a schedule that trapgate explore has printed, or the file that holds it"],
      ...programOptionHelp,
    ] as const;
  },
  async run(args) {
    const { values, rest } = parse(args, options);
    const { listen = "127.0.0.1:0" } = values;
    const isPiped = listen === "-";
    const address = isPiped ? undefined : addressOf(listen);
    const at = values.at === undefined ? undefined : parseMoment(values.at);
    if (at && values["at-end"]) throw new Problem("usage", "--at and --at-end are two moments: only one can be");
    // The protocol has standard output.
    const out = fdSink(isPiped ? 2 : 1);
    const err = fdSink(2);
    let debug: Debugger | undefined;
    const hooks: Hooks = {
      stdout: (bytes) => void out.write(bytes),
      stderr: (bytes) => void err.write(bytes),
      denied: (denial) => debug?.denied(denial),
    };
    const history = values.history === undefined ? {} : { memory: size(values.history, "--history") };
    const [file = ""] = rest;
    const { timeline, isGiven, close } =
      rest.length === 1 && isRecordingFile(file)
        ? { timeline: replayed(recordingOf(file), hooks, undefined, history), isGiven: true, close: undefined }
        : await begun(values, rest, givenInput(values.stdin, isPiped), hooks, history);
    debug = new Debugger(timeline);
    debug.keepsEnd = values["at-end"] ?? values.stay ?? false;
    debug.sleepsInRealTime = values["real-time"] ?? false;
    if (!isGiven) debug.input = pieces();
    await debug.restart();
    if (values["at-end"]) await debug.goToEnd();
    else if (at) await debug.goTo(at);
    try {
      return await serve(debug, address, values.once ?? false);
    } finally {
      close?.();
      await backlog.end();
    }
  },
};

/** Serves gdb until it ends the session. The result is the exit status. */
const serve = (debug: Debugger, address: ReturnType<typeof addressOf> | undefined, once: boolean): Promise<number> =>
  new Promise((resolve, reject) => {
    let close = (): void => {};
    const accept: Accept = (connection) => {
      const server = new GdbServer(debug, (bytes) => connection.send(bytes));
      const end = (): void => {
        connection.end();
        close();
        resolve(0);
      };
      server.onEnd = (how) => {
        void server.idle.then(async () => {
          if (how === "detach") await debug.finish();
          end();
        });
      };
      return {
        receive: (bytes) => server.receive(bytes),
        closed: () => {
          server.close();
          if (!address || once || debug.stop?.why.kind === "ended") end();
        },
      };
    };
    if (!address) overStandardStreams(accept);
    else
      listenOn(address.host, address.port, accept).then(
        (listening) => {
          ({ close } = listening);
          const name = listening.host.includes(":") ? `[${listening.host}]` : listening.host;
          complain(`trapgate: gdb: target remote ${name}:${listening.port}\n`);
        },
        (cause: Error) =>
          reject(new Problem("bad-value", `--listen: cannot listen on ${address.host}:${address.port}: ${cause.message}`, { cause })),
      );
  });
