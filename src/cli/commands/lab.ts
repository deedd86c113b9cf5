// `trapgate lab`: the lab (docs/lab.md) in a browser, with a run of a program if there is one.
import { readFileSync, statSync } from "node:fs";
import { isRecording } from "../../machine/recording/frames.ts";
import { Problem } from "../../problem.ts";
import { integer, parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { execute } from "../execute.ts";
import { checkLab, serveLab } from "../lab/serve.ts";
import { labFolders } from "../lab-folder.ts";
import { runOptionHelp } from "../run-help.ts";
import { prepare, runOptions } from "../run-options.ts";
import { complain, print } from "../text/print.ts";

const options = { ...runOptions, port: { type: "string" }, "no-open": { type: "boolean" } } as const;
const help = [
  ["--port N", "the port of this computer at which the page is served (default: any free one)"],
  ["--no-open", "print the address, and open no browser"],
] as const;
const MOST_PORT = 65_535;
const RUN = "run.zip";
const ZIP = Buffer.from("PK\x03\x04");

/** The bytes of a run that `trapgate trace --save` or `record` wrote; undefined: the file is a program. */
const savedRun = (path: string): Uint8Array | undefined => {
  try {
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
    const bytes = readFileSync(path);
    return bytes.subarray(0, 4).equals(ZIP) || isRecording(bytes) ? bytes : undefined;
  } catch {
    return undefined;
  }
};

/** Ends with Ctrl-C, or with a signal. */
const interrupted = (): Promise<void> =>
  new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => done());
  });

/** `trapgate lab [PROG [ARG…]]`. docs/lab.md. */
export const command: Command = {
  synopsis: "[OPTION…] [--] [PROG [ARG…] | SAVED.zip | RECORDING]",
  summary: "open the lab in a browser, with the run of a program: its system calls, doors and filters",
  options: [...help, ...runOptionHelp],
  async run(args) {
    const { values, rest } = parse(args, options);
    const folders = labFolders();
    checkLab(folders.folder);
    const port = values.port === undefined ? 0 : integer(values.port, "--port");
    if (port > MOST_PORT) throw new Problem("bad-value", `--port wants a number up to ${MOST_PORT}, not ${port}`);
    const files = new Map<string, Uint8Array>();
    const saved = rest.length === 1 ? savedRun(rest[0] as string) : undefined;
    if (saved) files.set(RUN, saved);
    else if (rest.length > 0 || values.image !== undefined) {
      const prepared = prepare(values, rest);
      const { TraceFile } = await import("../save/trace-file.ts");
      const file = new TraceFile(prepared);
      await execute(prepared, undefined, file.hooks);
      files.set(RUN, file.bytes());
    }
    const server = await serveLab(folders, files, port);
    const url = files.size > 0 ? `${server.url}?trace=${RUN}` : server.url;
    print(`${url}\n`);
    const { openBrowser } = await import("../lab/open.ts");
    if (values["no-open"] || !openBrowser(url)) complain("Open it in a browser. Ctrl-C ends the server.\n");
    await interrupted();
    server.close();
    return 0;
  },
};
