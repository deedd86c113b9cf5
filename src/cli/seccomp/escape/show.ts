// Runs the guests of a finding: the denied call, with and without the policy, and the calls that pass.
import { Machine } from "../../../machine/machine.ts";
import type { Finding } from "../../../policy/audit/finding.ts";
import type { Diagram } from "../../../seccomp/index.ts";
import { runCall } from "../run-call.ts";
import { escapeOf } from "./escape.ts";
import { type GuestText, guestFile } from "./guest.ts";

/** The calls of a guest after its filter was attached. */
export interface Made {
  /** The trace of the last call, and how the guest ended if a filter ended it. */
  readonly text: string;
  /** All calls, as `trace` has them. */
  readonly calls: readonly string[];
  /** The last call returned no error; undefined: a filter answered. */
  readonly succeeded: boolean | undefined;
}
/**
 * open: the guest performed the denied action. reached: its calls passed the filter, and the kernel refused
 * them. closed: the policy denies another call that the escape needs. undefined: there is nothing to pass.
 */
export type EscapeVerdict = "open" | "reached" | "closed";
/** The runs of a finding's guests. */
export interface GuestRuns {
  readonly denied: Made | undefined;
  /** The denied call without the policy. */
  readonly without: Made | undefined;
  readonly passes: Made | undefined;
  readonly verdict: EscapeVerdict | undefined;
}

const MEMORY = 16 << 20;
const byFilter = /\(seccomp: /;
/** `trace`'s prefix where there are several tasks. */
const PID = /^\[pid\s+(\d+)\] /;
const run = async (bpf: Uint8Array | undefined, guest: GuestText): Promise<Made> => {
  const machine = new Machine({ x32: true, memory: MEMORY });
  const { trace, status } = await machine.run(guestFile(bpf, guest), { trace: { follow: true }, timeout: 10 });
  const attached = bpf ? trace.findIndex((line) => line.replace(PID, "").startsWith("seccomp(")) : 0;
  const confined = PID.exec(trace[attached] ?? "")?.[1];
  const calls = trace
    .slice(attached + 1)
    .filter((line) => confined === undefined || PID.exec(line)?.[1] === confined)
    .map((line) => line.replace(PID, ""))
    .filter((line) => !/^(---|\+\+\+)/.test(line));
  const killed = "signal" in status && !["SIGILL", "SIGTRAP"].includes(status.signal);
  const answered = killed || calls.some((line) => byFilter.test(line));
  return {
    text: `${calls.at(-1) ?? "no call was made"}${killed ? `, and the program was killed by ${status.signal}` : ""}`,
    calls,
    succeeded: answered ? undefined : "signal" in status && status.signal === "SIGILL",
  };
};

const errorOf = ({ text }: Made): string | undefined => / = -1 (E\w+)/.exec(text)?.[1];
const calledIn = ({ call }: NonNullable<Finding["denied"]>): string => /^(?:\w+\.)?(\w+)/.exec(call)?.[1] ?? call;
const verdictOf = ({ id, denied, passes }: Finding, made: Made | undefined, without: Made | undefined): EscapeVerdict | undefined => {
  if (!made) return undefined;
  if (made.succeeded === undefined) return "closed";
  if (made.succeeded) return "open";
  // The same call, and the error that it has where no policy denies it.
  const isSame = id === "multiplexer" || (denied && passes && calledIn(denied) === calledIn(passes));
  return isSame && without && errorOf(without) === errorOf(made) ? "open" : "reached";
};

const single = async (bpf: Uint8Array | undefined, call: Finding["denied"]): Promise<Made | undefined> => {
  if (!call) return undefined;
  const { text } = await runCall(bpf, call.data);
  const answered = byFilter.test(text) || text.includes("killed by") || text.startsWith("not carried out");
  return { text, calls: [text], succeeded: answered ? undefined : !/ = -1 /.test(text) };
};

/** Carries out a finding. `bpf`: the policy as an array of struct sock_filter. `diagram`: its meaning. */
export const show = async (finding: Finding, bpf: Uint8Array, diagram: Diagram): Promise<GuestRuns> => {
  const escape = escapeOf(finding, diagram);
  const isPair = finding.denied && finding.passes;
  const [denied, without, passes] = escape
    ? [
        escape.denied && (await run(bpf, escape.denied)),
        isPair && escape.denied && (await run(undefined, escape.denied)),
        escape.passes && (await run(bpf, escape.passes)),
      ]
    : [await single(bpf, finding.denied), isPair && (await single(undefined, finding.denied)), await single(bpf, finding.passes)];
  return { denied, without, passes, verdict: verdictOf(finding, passes, without) };
};
