// The page's end: calls methods of a worker.
import { dataAsError, type Method, type Reply, type Request } from "./protocol.ts";

/** The members of Worker that the client uses. */
export interface WorkerLike {
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "error", listener: (event: { readonly message?: string }) => void): void;
  postMessage(message: unknown): void;
  terminate(): void;
}

/** A method in progress. */
export interface Call<M extends Method> {
  readonly result: Promise<M["result"]>;
  /** Gives the method something while it works, such as typed bytes. */
  send(input: M["input"]): void;
}

interface Open {
  readonly part: ((part: never) => void) | undefined;
  readonly done: (result: never) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Calls the methods of a worker that runs `serve`. `stop` ends a method that does not return. The next call
 * then starts a new worker.
 *
 * @example
 * const worker = () => new Worker(new URL("worker.js", import.meta.url), { type: "module" });
 * const client = new WorkerClient<MachineMethods>(worker);
 * const run = client.call("run", { program: elf, calls: 1000 }, (part) => console.log(part));
 * console.log((await run.result).status);
 */
export class WorkerClient<Methods extends Record<keyof Methods, Method>> {
  readonly #start: () => WorkerLike;
  readonly #open = new Map<number, Open>();
  #worker: WorkerLike | undefined;
  #lastId = 0;

  constructor(start: () => WorkerLike) {
    this.#start = start;
  }

  /** Starts the worker now rather than at the first call. */
  warm(): void {
    if (this.#worker) return;
    const worker = this.#start();
    worker.addEventListener("message", ({ data }) => this.#receive(data as Reply));
    worker.addEventListener("error", ({ message }) => this.#fail(new Error(`the worker failed: ${message ?? "it could not be loaded"}`)));
    this.#worker = worker;
  }

  /** Calls a method. `part` gets the parts that the method reports during its work. */
  call<K extends keyof Methods & string>(
    method: K,
    params: Methods[K]["params"],
    part?: (part: Methods[K]["part"]) => void,
  ): Call<Methods[K]> {
    this.warm();
    const id = ++this.#lastId;
    const result = new Promise<Methods[K]["result"]>((done, failed) => this.#open.set(id, { part, done, failed }));
    this.#post({ id, kind: "call", method, params });
    return { result, send: (input) => this.#post({ id, kind: "input", input }) };
  }

  /** Ends all methods in progress: their promises are rejected with this reason. */
  stop(reason: unknown = new Error("stopped")): void {
    this.#fail(reason);
  }

  #post(request: Request): void {
    if (this.#open.has(request.id)) this.#worker?.postMessage(request);
  }
  #receive(reply: Reply): void {
    const open = this.#open.get(reply.id);
    if (!open) return;
    if (reply.kind === "part") {
      open.part?.(reply.part as never);
      return;
    }
    this.#open.delete(reply.id);
    if (reply.kind === "result") open.done(reply.result as never);
    else open.failed(dataAsError(reply.error));
  }
  #fail(reason: unknown): void {
    const open = [...this.#open.values()];
    this.#open.clear();
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const { failed } of open) failed(reason);
  }
}
