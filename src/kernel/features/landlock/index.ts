// Restrictions that programs put on themselves. man 7 landlock.
import type { Feature } from "../../core/feature.ts";
import { landlockCalls } from "./calls.ts";
import { landlockHooks } from "./hooks.ts";
import { LANDLOCK } from "./name.ts";
import { landlockAbi } from "./versions.ts";

/** The feature. */
export const landlock: Feature = {
  name: "Landlock",
  config: "SECURITY SECURITY_LANDLOCK",
  isIn: (profile) => landlockAbi(profile) > 0,
  calls: () => landlockCalls,
  security: { name: LANDLOCK, id: 110, hooks: () => landlockHooks },
  constants: () => ({ landlockHooks }),
};
