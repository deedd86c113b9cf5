// Keys and keyrings of the kernel. man 7 keyrings.
import type { Feature } from "../../core/feature.ts";
import { keyCalls } from "./calls.ts";
import { keyctlCalls } from "./keyctl.ts";
import { keysPart } from "./part.ts";
import { keyFiles, keySettings } from "./proc.ts";
import { keyTypes } from "./type.ts";

/** The feature. */
export const keyrings: Feature = {
  name: "keyrings",
  config: "KEYS PERSISTENT_KEYRINGS",
  calls: () => [...keyCalls, ...keyctlCalls],
  procFiles: () => keyFiles,
  sysctls: (kernel) => ({ kernel: { keys: keySettings(kernel) } }),
  taskPart: keysPart,
  constants: () => ({ keyTypes }),
};
