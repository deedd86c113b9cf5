// Security modules: checks besides those of ids, modes and capabilities. Linux security/security.c,
// include/linux/lsm_hook_defs.h. A module restricts the tasks whose credentials have state of it; other tasks
// cost one comparison. The checks of files are in fs/vfs/security.ts.
import type { Task } from "../core/task.ts";
import type { Cred, SecurityState } from "./cred.ts";
import { checkTask } from "./security-checks.ts";

declare module "../core/feature.ts" {
  interface Feature {
    /** Checks of a security module. */
    readonly security?: SecurityModule;
  }
}
declare module "../core/kernel.ts" {
  interface KernelMembers {
    readonly securityModules: readonly SecurityModule[];
  }
}

/** A module. */
export interface SecurityModule {
  /** The key of its state in credentials and open files. */
  readonly name: string;
  /** LSM_ID_*, for lsm_list_modules(2). */
  readonly id: number;
  /** Its checks, loaded with the first restricted task. */
  readonly hooks: () => SecurityHooks;
}
/** The checks of a module: 0 or -errno. fs/vfs/security.ts declares those of files. */
export interface SecurityHooks {
  /** mount(2), umount2(2), move_mount(2), pivot_root(2). */
  changeMounts?(task: Task): number;
  /** bind(2), connect(2) of a TCP socket of `family`. `address` is the caller's, as far as it goes. */
  socketAddress?(task: Task, family: number, address: Uint8Array, use: "bind" | "connect"): number;
  /** A message or connection to an abstract Unix socket. `maker` is the state of its creator. */
  reachAbstract?(task: Task, maker: SecurityState | undefined): number;
  /** ptrace(2), and reading of the target's state. */
  trace?(task: Task, target: Task): number;
  /** A signal to another process. */
  signal?(task: Task, target: Cred | undefined): number;
}

/** Linux security_sb_mount() and its like. */
export const mayChangeMounts = (task: Task): number => (task.cred.security === undefined ? 0 : checkTask(task, "changeMounts"));
/** Linux security_socket_bind(), security_socket_connect(). */
export const mayUseAddress = (task: Task, family: number, address: Uint8Array, use: "bind" | "connect"): number =>
  task.cred.security === undefined ? 0 : checkTask(task, "socketAddress", family, address, use);
/** Linux security_unix_stream_connect(), security_unix_may_send(). */
export const mayReachAbstract = (task: Task, maker: SecurityState | undefined): number =>
  task.cred.security === undefined ? 0 : checkTask(task, "reachAbstract", maker);
/** Linux security_ptrace_access_check(). */
export const mayTrace = (task: Task, target: Task): boolean => task.cred.security === undefined || checkTask(task, "trace", target) === 0;
/** Linux security_task_kill(). */
export const maySignal = (task: Task, target: Cred | undefined): boolean =>
  task.cred.security === undefined || checkTask(task, "signal", target) === 0;
