// Keys and keyrings of the kernel. man 7 keyrings. Its objects are in src/kernel/keys.
import { keyctlCalls } from "../../calls/security/keyctl.ts";
import { keyCalls } from "../../calls/security/keys.ts";
import { keysPart } from "../../keys/part.ts";
import { keyTypes } from "../../keys/type.ts";
import type { Feature } from "../feature.ts";

/** The feature. */
export const keyrings: Feature = {
  name: "keyrings",
  config: "KEYS PERSISTENT_KEYRINGS",
  calls: () => [...keyCalls, ...keyctlCalls],
  taskPart: keysPart,
  constants: () => ({ keyTypes }),
};
