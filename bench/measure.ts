// One run of a command: wall time, processor time, what it printed, and what `trapgate run --stats` says of
// it.
import { spawnSync } from "node:child_process";
import { performance } from "node:perf_hooks";

export interface Measured {
  /** Seconds. */
  readonly wall: number;
  /** Seconds of all processors, children included: a compiler that works beside the program counts. */
  readonly cpu: number;
  readonly stdout: string;
  /** How it exited; null: by a signal. */
  readonly status: number | null;
  /** A figure of `--stats` by its name; NaN if the command says none. */
  readonly stat: (name: string) => number;
}

/** Node does not tell what a child used; bash does, in a last line of stderr. */
const timed = 'TIMEFORMAT="used %U %S"; time "$@"';

/**
 * Node reads the certificates that NODE_EXTRA_CA_CERTS names before it does anything else, which takes twice
 * as long as the rest of its start. That is no part of what is measured, unless it is asked for: beside `node
 * -e 0` that read them a start looks better than it is.
 */
const { NODE_EXTRA_CA_CERTS, ...env } = process.env;
export const namesCertificates = NODE_EXTRA_CA_CERTS !== undefined;

export const measure = (command: string, args: readonly string[], { certificates = false } = {}): Measured => {
  const from = performance.now();
  const { stdout, stderr, status } = spawnSync("bash", ["-c", timed, "bash", command, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: certificates ? process.env : env,
  });
  const wall = (performance.now() - from) / 1000;
  const [, user, system] = /^used ([\d.]+) ([\d.]+)$/m.exec(stderr) ?? [];
  const stat = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(stderr)?.[1] ?? Number.NaN);
  return { wall, cpu: Number(user) + Number(system), stdout, status, stat };
};

export const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1] as number;

export const geometricMean = (list: readonly number[]): number => Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length);
