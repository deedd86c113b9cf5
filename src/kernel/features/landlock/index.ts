// Restrictions that programs put on themselves. man 7 landlock. Its checks are in src/kernel/landlock.
import { landlockCalls } from "../../calls/security/landlock.ts";
import type { Feature } from "../feature.ts";

/** The feature. Without rulesets its checks allow all. */
export const landlock: Feature = {
  name: "Landlock",
  config: "SECURITY SECURITY_LANDLOCK",
  isIn: (profile) => profile.landlock > 0,
  calls: () => landlockCalls,
};
