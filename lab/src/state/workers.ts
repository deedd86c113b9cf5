// The workers of the page: one for each side of a comparison, so that a run can be ended, and one for the
// checks of the editors.
import { WorkerClient } from "../../../src/browser/client.ts";
import type { LabMethods } from "../methods/protocol.ts";

export const startWorker = (): Worker => new Worker(new URL("../worker.ts", import.meta.url), { type: "module" });
export type LabClient = WorkerClient<LabMethods>;
const client = (): LabClient => new WorkerClient<LabMethods>(startWorker);

export const machines: Readonly<Record<"a" | "b", LabClient>> = { a: client(), b: client() };
export const checker: LabClient = client();
