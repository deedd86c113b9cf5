// Restrictions that programs put on themselves. man 7 landlock.
import { E } from "../../../abi/errno.ts";
import { ACCESS_FS } from "../../../abi/uapi/landlock.ts";
import type { SecurityHooks } from "../../cred/security.ts";
import type { Feature } from "../feature.ts";
import { landlockCalls } from "./calls.ts";
import { domainIn, domainOf, LANDLOCK } from "./domain.ts";
import { mayIoctl, mayOpenFile, mayTruncate } from "./open.ts";
import { mayAccessPath, mayChangeMounts, mayMake, mayRefer, mayRemove } from "./paths.ts";
import { mayUsePort } from "./ports.ts";
import { mayReachAbstract, maySignal, mayTrace } from "./scope.ts";
import { landlockAbi } from "./versions.ts";

/** Linux security/landlock/setup.c. The functions load the checks with the first restricted task. */
const hooks: SecurityHooks = {
  name: LANDLOCK,
  id: 110,
  fileOpen: (task, path, purpose) => mayOpenFile(task, path, purpose),
  fileTruncate: (rights) => mayTruncate(rights),
  fileIoctl: (rights, file, request) => mayIoctl(rights, file, request),
  pathTruncate: (task, path) => mayAccessPath(task, path, ACCESS_FS.LANDLOCK_ACCESS_FS_TRUNCATE),
  pathMake: (task, dir, type) => mayMake(task, dir, type),
  pathRemove: (task, dir, isDir) => mayRemove(task, dir, isDir),
  pathRefer: (task, reference) => mayRefer(task, reference),
  changeMounts: (task) => mayChangeMounts(task),
  socketAddress: (task, family, address, use) => mayUsePort(task, family, address, use),
  reachAbstract: (task, maker) => mayReachAbstract(task, domainIn(maker)?.hierarchy),
  trace: (task, target) => (mayTrace(task, target) ? 0 : -E.EPERM),
  signal: (task, target) => (maySignal(task, target && domainOf(target)) ? 0 : -E.EPERM),
};

/** The feature. */
export const landlock: Feature = {
  name: "Landlock",
  config: "SECURITY SECURITY_LANDLOCK",
  isIn: (profile) => landlockAbi(profile) > 0,
  calls: () => landlockCalls,
  security: hooks,
};
