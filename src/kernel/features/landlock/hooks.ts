// The hooks of Landlock. Linux security/landlock/setup.c.
import { E } from "../../../abi/errno.ts";
import { ACCESS_FS } from "../../../abi/uapi/landlock.ts";
import type { SecurityHooks } from "../../cred/security.ts";
import { domainIn, domainOf } from "./domain.ts";
import { mayIoctl, mayOpenFile, mayTruncate } from "./open.ts";
import { mayAccessPath, mayChangeMounts, mayMake, mayRefer, mayRemove } from "./paths.ts";
import { mayUsePort } from "./ports.ts";
import { mayReachAbstract, maySignal, mayTrace } from "./scope.ts";

/** The table. */
export const landlockHooks: SecurityHooks = {
  fileOpen: mayOpenFile,
  fileTruncate: mayTruncate,
  fileIoctl: mayIoctl,
  pathTruncate: (task, path) => mayAccessPath(task, path, ACCESS_FS.LANDLOCK_ACCESS_FS_TRUNCATE),
  pathMake: mayMake,
  pathRemove: mayRemove,
  pathRefer: mayRefer,
  changeMounts: mayChangeMounts,
  socketAddress: mayUsePort,
  reachAbstract: (task, maker) => mayReachAbstract(task, domainIn(maker)?.hierarchy),
  trace: (task, target) => (mayTrace(task, target) ? 0 : -E.EPERM),
  signal: (task, target) => (maySignal(task, target && domainOf(target)) ? 0 : -E.EPERM),
};
