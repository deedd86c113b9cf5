// trapgate/browser: a machine in a worker, for pages.
//
//   // worker.ts
//   import { machineMethods, serve } from "trapgate/browser";
//   serve(self, Promise.resolve(machineMethods));
//   // page.ts
//   const client = new WorkerClient<MachineMethods>(() => new Worker(new URL("worker.js", import.meta.url), { type: "module" }));
//   const { status } = await client.call("run", { program: elf }, (part) => console.log(part)).result;
export { type Call, WorkerClient, type WorkerLike } from "./client.ts";
export { defineTrapgateRun } from "./element.ts";
export { machineMethods } from "./machine-methods.ts";
export type {
  ExploreParams,
  ExploreResult,
  InspectParams,
  MachineMethods,
  Method,
  Moment,
  RunInput,
  RunParams,
  RunPart,
  RunResult,
  SentOptions,
  TerminalSize,
} from "./protocol.ts";
export { type Context, type Served, serve, type WorkerScope } from "./serve.ts";
