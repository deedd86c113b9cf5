// All profiles at once, for comparisons. A machine builds only the profile that it runs under.
import { seccompProfileNames } from "../../seccomp/profile/profiles.ts";
import { type KernelProfile, kernelProfile, type ProfileName } from "./profile.ts";

/** One profile for each point of seccomp's history. `v6` is version 6 of the patch series (January 2012). */
export const profiles = Object.fromEntries(seccompProfileNames.map((name) => [name, kernelProfile(name)])) as Readonly<
  Record<ProfileName, KernelProfile>
>;
