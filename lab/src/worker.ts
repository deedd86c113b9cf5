// The worker: runs machines, assembles programs, reads policies.
import { serve } from "../../src/browser/serve.ts";
import type { LabMethods } from "./methods/protocol.ts";

// Messages must not come before there is a handler, and the machine's code is fetched first: hence the import
// later.
serve<LabMethods>(
  self,
  import("./methods/methods.ts").then(({ labMethods }) => labMethods),
);
