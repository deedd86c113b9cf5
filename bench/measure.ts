// One run of a command: wall time, processor time, output, and the figures of `trapgate run --stats`.
import { spawnSync } from "node:child_process";
import { performance } from "node:perf_hooks";

export interface Measured {
  /** Seconds. */
  readonly wall: number;
  /** Seconds of all processors, children included: a compiler that works beside the program counts. */
  readonly cpu: number;
  readonly stdout: string;
  /** The exit status; null after a signal. */
  readonly status: number | null;
  /** A figure of `--stats` by its name; NaN if the command says none. */
  readonly stat: (name: string) => number;
}

/** Node.js does not report a child's processor time. bash does, in a last line of stderr. */
const timed = 'TIMEFORMAT="used %U %S"; time "$@"';

/**
 * Node.js reads the certificates of NODE_EXTRA_CA_CERTS before anything else, which takes longer than the
 * rest of its start. The variable is removed, because a slow start of Node.js makes our part look smaller.
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
