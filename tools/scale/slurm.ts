// A Slurm cluster on loopback for as long as a test lasts: a controller and nodes in pid namespaces of their
// own, so that a node can be lost with all that runs on it. man 5 slurm.conf. Needs root and Debian's
// slurm-wlm.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const has = (program: string): boolean => spawnSync("which", [program], { stdio: "ignore" }).status === 0;

/** apt-get, if Slurm is not there. */
export const ensureSlurm = (): void => {
  if (["slurmctld", "slurmd", "sbatch", "scontrol"].every(has)) return;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", "slurm-wlm"]])
    execFileSync("apt-get", args, { stdio: ["ignore", "ignore", "inherit"], env, timeout: 600_000 });
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

const SECOND = 1000;
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Looks every quarter of a second. */
export const until = async (what: string, seconds: number, holds: () => boolean): Promise<void> => {
  for (const end = Date.now() + seconds * SECOND; Date.now() < end; await pause(250)) if (holds()) return;
  throw new Error(`not within ${seconds} s: ${what}`);
};

/**
 * Seconds without an answer after which a node is down, and its jobs are queued again. With 5 the node that
 * is left was taken for lost as well, while its shards had the processors of a small machine.
 */
const NODE_TIMEOUT = 30;
const CPUS = 2;
/** A node has a pid namespace of its own. */
const NAMESPACE = ["--pid", "--fork", "--kill-child", "--mount-proc"] as const;
/**
 * The first process of a node. A shell reaps the processes that jobs leave; slurmd as the first one does not.
 * A zombie keeps its process group, so that Slurm took the job for one that cannot be killed, and drained the
 * node ("Kill task failed", UnkillableStepTimeout).
 */
const INIT = 'slurmd "$@" & wait $!';

export class Cluster {
  readonly #folder: string;
  readonly #nodes: readonly string[];
  readonly #processes = new Map<string, ChildProcess>();

  constructor(folder: string, nodes: readonly string[]) {
    this.#folder = folder;
    this.#nodes = nodes;
  }
  get #configuration(): string {
    return join(this.#folder, "slurm.conf");
  }
  async #configure(): Promise<void> {
    const folder = this.#folder;
    mkdirSync(join(folder, "state"), { recursive: true });
    for (const node of this.#nodes) mkdirSync(join(folder, `spool.${node}`));
    writeFileSync(join(folder, "slurm.key"), randomBytes(1024), { mode: 0o600 });
    writeFileSync(join(folder, "cgroup.conf"), "CgroupPlugin=disabled\n");
    const nodes: string[] = [];
    for (const node of this.#nodes)
      nodes.push(`NodeName=${node} NodeHostname=localhost NodeAddr=127.0.0.1 Port=${await freePort()} CPUs=${CPUS} RealMemory=4000`);
    writeFileSync(
      this.#configuration,
      `ClusterName=scale
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=${await freePort()}
SlurmUser=root
SlurmdUser=root
AuthType=auth/slurm
CredType=cred/slurm
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool.%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.%n.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=${NODE_TIMEOUT}
JobRequeue=1
PriorityType=priority/basic
SchedulerParameters=sched_interval=1,bf_interval=2
${nodes.join("\n")}
PartitionName=all Nodes=ALL Default=YES MaxTime=15 State=UP
`,
    );
  }
  #start(name: string, command: string, args: readonly string[]): void {
    const log = openSync(join(this.#folder, `${name}.log`), "a");
    const env = { ...process.env, SLURM_CONF: this.#configuration };
    this.#processes.set(name, spawn(command, args, { stdio: ["ignore", log, log], env }));
  }
  /** A client's output. */
  ask(command: string, ...args: readonly string[]): string {
    const env = { ...process.env, SLURM_CONF: this.#configuration };
    return execFileSync(command, args, { encoding: "utf8", env, timeout: 30 * SECOND, stdio: ["ignore", "pipe", "pipe"] }).trim();
  }
  log(name: string): string {
    return readFileSync(join(this.#folder, `${name}.log`), "utf8")
      .split("\n")
      .slice(-15)
      .join("\n");
  }
  async begin(): Promise<void> {
    await this.#configure();
    this.#start("controller", "slurmctld", ["-D", "-f", this.#configuration]);
    for (const node of this.#nodes)
      this.#start(node, "unshare", [...NAMESPACE, "sh", "-c", INIT, "sh", "-D", "-N", node, "-f", this.#configuration]);
    await until("all nodes are idle", 60, () => this.states().every((state) => state === "idle"));
  }
  states(): readonly string[] {
    try {
      return this.ask("sinfo", "--noheader", "--Node", "--format=%T").split("\n");
    } catch {
      return ["unknown"];
    }
  }
  /** A node is lost: its daemon and all that it runs, at once. */
  lose(node: string): void {
    this.#processes.get(node)?.kill("SIGKILL");
  }
  async end(): Promise<void> {
    const left = [...this.#processes.values()].filter((child) => child.exitCode === null && child.signalCode === null);
    const ended = left.map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of left) child.kill("SIGKILL");
    await Promise.all(ended);
  }
}
