// The page: defines <trapgate-run>, which runs its program in a worker.
import { defineTrapgateRun } from "trapgate/browser";

defineTrapgateRun(() => new Worker(new URL("worker.js", import.meta.url), { type: "module" }));
