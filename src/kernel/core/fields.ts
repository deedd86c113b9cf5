// The fields of a task at clone(2) and execve(2). Each has a rule: the types demand one for a new field.
import type { Task } from "./task.ts";

/** Getters, which are no fields. */
type Getter = "tgid" | "ppid" | "net";
type Method<K extends keyof Task> = Task[K] extends (...args: never[]) => unknown ? K : never;
/** The name of a field. */
export type TaskField = Exclude<keyof Task, Getter | { [K in keyof Task]: Method<K> }[keyof Task]>;

/**
 * The value of a child. `copied`: that of its parent. `fresh`: as in the declaration. `made`: the flags of
 * clone(2), or more than one field, decide (lifecycle/clone.ts, the constructor).
 */
interface ForkRules {
  kernel: "made";
  pid: "made";
  process: "made";
  state: "fresh";
  comm: "copied";
  mem: "made";
  files: "made";
  fs: "made";
  cred: "made";
  registers: "made";
  tls: "made";
  staleSegments: "fresh";
  program: "made";
  personality: "copied";
  ldt: "made";
  compat: "fresh";
  entryWork: "made";
  userDispatch: "copied";
  exitWork: "fresh";
  origAx: "fresh";
  origAxSeen: "fresh";
  args: "fresh";
  incoming: "fresh";
  call: "fresh";
  waiting: "fresh";
  waited: "fresh";
  resumes: "fresh";
  restartBlock: "fresh";
  actions: "made";
  blocked: "copied";
  savedMask: "fresh";
  pending: "fresh";
  altStack: "made";
  trap: "copied";
  trace: "fresh";
  tracees: "fresh";
  debug: "fresh";
  seccomp: "copied";
  noNewPrivs: "copied";
  dumpable: "copied";
  memoryPolicy: "copied";
  keepCaps: "copied";
  pidNs: "made";
  childPidNs: "made";
  namespaces: "made";
  deathSignal: "fresh";
  tscDisabled: "copied";
  timerSlack: "made";
  login: "copied";
  defaultTimerSlack: "made";
  nice: "copied";
  ioprio: "copied";
  policy: "made";
  priority: "made";
  slice: "made";
  deadline: "fresh";
  parts: "made";
  clearChildTid: "made";
  robustList: "fresh";
  robustListSize: "fresh";
  noPipeSignal: "fresh";
  waker: "fresh";
  rseq: "made";
  vforkParent: "made";
  exitCode: "fresh";
  affinity: "copied";
  cpu: "made";
  endEvents: "fresh";
  usage: "fresh";
  startTime: "made";
}
/** Fails to compile, and names the field, if one has no rule. */
type Ruled<Rules extends Readonly<Record<TaskField, "copied" | "fresh" | "made">>> = Rules;
type Copied = { [K in TaskField]: Ruled<ForkRules>[K] extends "copied" ? K : never }[TaskField];
const COPIED: Readonly<Record<Copied, 1>> = {
  comm: 1,
  personality: 1,
  userDispatch: 1,
  blocked: 1,
  trap: 1,
  seccomp: 1,
  noNewPrivs: 1,
  dumpable: 1,
  memoryPolicy: 1,
  keepCaps: 1,
  tscDisabled: 1,
  login: 1,
  nice: 1,
  ioprio: 1,
  affinity: 1,
};

/** The fields that execve(2) sets to a constant. It keeps the others, or makes them (lifecycle/exec.ts). */
const EXEC = {
  clearChildTid: 0 as Task["clearChildTid"],
  robustList: 0 as Task["robustList"],
  rseq: undefined,
  debug: undefined,
  restartBlock: undefined,
  tscDisabled: false,
  keepCaps: false,
} as const satisfies Partial<Pick<Task, TaskField>>;

const copied = Object.keys(COPIED) as Copied[];
/** clone(2): the fields that a child has from its parent. */
export const copyFields = (child: Task, parent: Task): void => {
  for (const field of copied) (child as Record<Copied, unknown>)[field] = parent[field];
};
/** execve(2): the fields that a new program has anew. */
export const resetFields = (task: Task): void => void Object.assign(task, EXEC);
