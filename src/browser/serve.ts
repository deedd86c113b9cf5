// The worker's end: answers calls of methods.
import { errorAsData, type Method, type Reply, type Request } from "./protocol.ts";

/** The members of a worker's global scope that the server uses. */
export interface WorkerScope {
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  postMessage(message: unknown): void;
}
/** The means of a running method: a function that reports parts, and the receiver of inputs. */
export interface Context<M extends Method> {
  readonly part: (part: M["part"]) => void;
  onInput: ((input: M["input"]) => void) | undefined;
}
/** The methods of a worker by name. */
export type Served<Methods extends Record<keyof Methods, Method>> = {
  readonly [K in keyof Methods]: (params: Methods[K]["params"], context: Context<Methods[K]>) => Promise<Methods[K]["result"]>;
};

/**
 * Answers the calls of a `WorkerClient`. A worker calls it once, first of all: a message that arrives earlier
 * is lost. The methods may load later.
 *
 * @example
 * // worker.js; methods.js exports machineMethods of trapgate/browser
 * serve(self, import("./methods.js").then((module) => module.methods));
 */
export const serve = <Methods extends Record<keyof Methods, Method>>(
  scope: WorkerScope,
  methods: Served<Methods> | Promise<Served<Methods>>,
): void => {
  const open = new Map<number, Context<Method>>();
  const reply = (message: Reply): void => scope.postMessage(message);
  scope.addEventListener("message", async ({ data }) => {
    const request = data as Request;
    if (request.kind === "input") {
      open.get(request.id)?.onInput?.(request.input);
      return;
    }
    const { id } = request;
    const context: Context<Method> = { part: (part) => reply({ id, kind: "part", part }), onInput: undefined };
    open.set(id, context);
    try {
      const method = (await methods)[request.method as keyof Methods] as
        | ((params: unknown, context: Context<Method>) => Promise<unknown>)
        | undefined;
      if (!method) throw new Error(`the worker has no method "${request.method}"`);
      reply({ id, kind: "result", result: await method(request.params, context) });
    } catch (error) {
      reply({ id, kind: "error", error: errorAsData(error) });
    } finally {
      open.delete(id);
    }
  });
};
