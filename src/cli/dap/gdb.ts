// gdb as a child process, driven by its machine interface; and the debug server that it debugs.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type MiRecord, type MiTuple, parseRecord, text } from "./mi.ts";

/** A command that gdb has refused. */
export class GdbError extends Error {}

/** Commands that have no answer, because gdb has ended. */
const ENDED = "gdb has ended";

/** A gdb. */
export class Gdb {
  private readonly _child: ChildProcess;
  private readonly _waiting = new Map<number, { readonly resolve: (values: MiTuple) => void; readonly reject: (error: Error) => void }>();
  private _token = 0;
  private _hasEnded = false;
  /** Text of the console while a command of a user runs. */
  private _heard: string[] | undefined = undefined;
  private readonly _sees: (record: MiRecord) => void;

  /** `sees` gets all records but answers. `failed`: it cannot be started, or has ended. */
  constructor(program: string, sees: (record: MiRecord) => void, failed: (error: Error) => void) {
    this._sees = sees;
    this._child = spawn(program, ["-nx", "-quiet", "--interpreter=mi3"], { stdio: ["pipe", "pipe", "ignore"] });
    this._child.on("error", (error) => this._end(failed, error));
    this._child.on("exit", () => this._end(failed, new Error(ENDED)));
    this._child.stdin?.on("error", () => {});
    createInterface({ input: this._child.stdout as NonNullable<ChildProcess["stdout"]> }).on("line", (line) => this._line(line));
  }
  private _end(failed: (error: Error) => void, error: Error): void {
    if (this._hasEnded) return;
    this._hasEnded = true;
    for (const { reject } of this._waiting.values()) reject(new GdbError(ENDED));
    this._waiting.clear();
    failed(error);
  }
  private _line(line: string): void {
    const record = parseRecord(line);
    if (!record) return;
    if (record.kind === "stream" && this._heard && record.of !== "log") return void this._heard.push(record.text);
    if (record.kind !== "result") return this._sees(record);
    const waiting = record.token === undefined ? undefined : this._waiting.get(record.token);
    if (record.token !== undefined) this._waiting.delete(record.token);
    if (record.name === "error") waiting?.reject(new GdbError(text(record.values["msg"])));
    else waiting?.resolve(record.values);
  }
  /** Sends a command, such as `-exec-continue`. Rejects with gdb's message. */
  send(command: string): Promise<MiTuple> {
    return new Promise((resolve, reject) => {
      if (this._hasEnded) return reject(new GdbError(ENDED));
      const token = ++this._token;
      this._waiting.set(token, { resolve, reject });
      this._child.stdin?.write(`${token}${command.replace(/[\r\n]+/g, " ")}\n`);
    });
  }
  /** A command of gdb's command line: all that it prints. */
  async console(command: string): Promise<string> {
    const heard: string[] = [];
    this._heard = heard;
    try {
      await this.send(`-interpreter-exec console "${command.replace(/[\\"]/g, (letter) => `\\${letter}`)}"`);
    } finally {
      if (this._heard === heard) this._heard = undefined;
    }
    return heard.join("");
  }
  end(): void {
    if (!this._hasEnded) this._child.kill();
  }
}

/** A `trapgate debug` of this program. */
export interface DebugServer {
  /** HOST:PORT. */
  readonly address: string;
  end(): void;
}
const READY = /^trapgate: gdb: target remote (\S+)$/m;

/** Starts a server. Rejects with what it said if it does not begin to listen. `output`: of the program. */
export const startServer = (
  args: readonly string[],
  { cwd, env, output }: { cwd: string | undefined; env: NodeJS.ProcessEnv; output: (stream: "stdout" | "stderr", text: string) => void },
): Promise<DebugServer> =>
  new Promise((resolve, reject) => {
    const self = [...process.execArgv, process.argv[1] as string];
    const child = spawn(process.execPath, [...self, "debug", "--once", "--listen", "127.0.0.1:0", ...args], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    let isReady = false;
    const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
    child.stdout.on("data", (bytes: Buffer) => output("stdout", decoders.stdout.decode(bytes, { stream: true })));
    child.stderr.on("data", (bytes: Buffer) => {
      const more = decoders.stderr.decode(bytes, { stream: true });
      if (isReady) return output("stderr", more);
      said += more;
      const [, address] = READY.exec(said) ?? [];
      if (address === undefined) return;
      isReady = true;
      const rest = said.replace(READY, "").trimStart();
      if (rest !== "") output("stderr", rest);
      resolve({ address, end: () => void child.kill() });
    });
    child.on("error", reject);
    child.on("exit", () => reject(new Error(said.trim().replace(/^trapgate: /, "") || "trapgate debug has ended")));
  });
