// trapgate/browser: a machine in a worker, for pages.
//
//   // worker.ts
//   import { machineMethods, serve } from "trapgate/browser";
//   serve(self, Promise.resolve(machineMethods));
//   // page.ts
//   const worker = () => new Worker(new URL("worker.js", import.meta.url), { type: "module" });
//   const client = new WorkerClient<MachineMethods>(worker);
//   const { status } = await client.call("run", { program: elf }, (part) => console.log(part)).result;

export type { ImageStart, OpenedImage } from "../image/opened.ts";
export type { HostTree } from "../kernel/fs/types/host-tree.ts";
export { type Call, WorkerClient, type WorkerLike } from "./client.ts";
export { defineTrapgateRun } from "./element.ts";
export { type ArchiveOptions, openArchive, openRanges, openUrl, type StreamLike } from "./image/open.ts";
export type { RangeSource } from "./image/ranges.ts";
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
  SentRoot,
  TerminalSize,
} from "./protocol.ts";
export { type Context, type Served, serve, type WorkerScope } from "./serve.ts";
