// All profiles at once, for those who compare them. A machine makes the one that it runs under.
import { seccompProfileNames } from "../../seccomp/profile/profiles.ts";
import { kernelProfile, type Profile, type ProfileName } from "./profile.ts";

/** Every point of seccomp's history. `upstream` and `v6`, the patch series' version 6 of the end of January 2012, are the two dialects. */
export const profiles = Object.fromEntries(seccompProfileNames.map((name) => [name, kernelProfile(name)])) as Readonly<
  Record<ProfileName, Profile>
>;
