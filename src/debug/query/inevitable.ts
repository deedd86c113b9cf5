// When a failure became inevitable: copies of the run at many moments go on with other random numbers and
// other slices, and the share of those that fail is counted. Between the last moment at which a copy has
// escaped and the first at which none has, the interval is halved.
import type { Scheduler } from "../../kernel/sched/scheduler.ts";
import { Random } from "../../machine/explore/random.ts";
import { compareMoments, type Moment } from "../../machine/moment.ts";
import { Live } from "../../machine/snapshot/live.ts";
import type { SavedState } from "../../machine/snapshot/snapshot.ts";
import type { Event } from "../../machine/timeline/timeline.ts";
import { type End, endOf } from "../../machine/tracing/status.ts";
import { Problem } from "../../problem.ts";
import type { History } from "./history.ts";

/** The end of a copy. `hangs`: it waits for ever, or takes ten times the run's time. */
export type CopyEnd = End | { readonly hangs: true };
/** What a failure is. */
export interface Failure {
  readonly text: string;
  holds(end: CopyEnd, output: string): boolean;
}
/** Copies at a moment. */
export interface Share {
  readonly moment: Moment;
  readonly failed: number;
  readonly copies: number;
}
/** The answer. */
export interface Inevitable {
  /** All moments that were tried, in order. */
  readonly shares: readonly Share[];
  /** The last one at which a copy has escaped; undefined: none has at any. */
  readonly escaped: Share | undefined;
  /** The first one from which on no copy has escaped; undefined: copies escape until the end. */
  readonly from: Share | undefined;
  /** The greatest share of copies that may escape from there on, by 95 % confidence. */
  readonly mayEscape: number;
}

/** Output of a copy that is compared, in bytes. */
const MOST_OUTPUT = 1 << 20;
const STRETCH = 30;
/** Virtual nanoseconds that every copy gets. */
const LEAST_TIME = 10e6;
/** Instructions: the length of a copy's slices is drawn from these to the usual ones. */
const SHORTEST_SLICE = 20_000;

const endText = (end: CopyEnd): string =>
  "hangs" in end ? "hang" : "exit" in end ? `exit:${end.exit}` : `signal:${end.signal.replace(/^SIG/, "")}`;

/** `exit:N`, `exit:!0`, `signal:NAME`, `hang`, `output:TEXT`. Throws a Problem for another text. */
export const failureOf = (text: string): Failure => {
  const [, kind, value = ""] = /^(exit|signal|output|hang)(?::(.*))?$/s.exec(text) ?? [];
  if (kind === "output" && value !== "") {
    const wanted = value.replaceAll("\\n", "\n");
    return { text, holds: (_end, output) => output.includes(wanted) };
  }
  if (kind === "exit" && value === "!0") return { text, holds: (end) => endText(end) !== "exit:0" };
  if ((kind === "exit" && /^\d{1,3}$/.test(value)) || (kind === "signal" && value !== "") || text === "hang") {
    const wanted = kind === "signal" ? `signal:${value.toUpperCase().replace(/^SIG/, "")}` : text;
    return { text, holds: (end) => endText(end) === wanted };
  }
  throw new Problem("bad-value", `--fails wants an end, not ${JSON.stringify(text)}`, {
    help: "there are exit:N, exit:!0, signal:NAME, hang and output:TEXT",
  });
};

/** Copies of a run, one at a time, in one memory. */
class Copies {
  private readonly _history: History;
  private readonly _failure: Failure;
  private readonly _random: Random;
  private readonly _limit: number;
  private _live: Live | undefined = undefined;
  /** Called after each copy. */
  onCopy: () => void = () => {};

  constructor(history: History, failure: Failure, seed: number, limit: number) {
    this._history = history;
    this._failure = failure;
    this._random = new Random(seed);
    this._limit = limit;
  }
  /** The share at the first moment that is not before this one. */
  async at(moment: Moment, copies: number): Promise<Share> {
    const { timeline } = this._history;
    await timeline.approach(moment);
    const here = timeline.moment;
    const { pending } = timeline;
    const state = timeline.live.save();
    let failed = 0;
    for (let i = 0; i < copies; i++) {
      const { end, output } = await this._run(state, pending);
      if (this._failure.holds(end, output)) failed++;
      this.onCopy();
    }
    return { moment: here, failed, copies };
  }
  private async _run(state: SavedState, pending: readonly Event[]): Promise<{ readonly end: CopyEnd; readonly output: string }> {
    let output = "";
    const decoder = new TextDecoder();
    const note = (bytes: Uint8Array): void => {
      if (output.length < MOST_OUTPUT) output += decoder.decode(bytes, { stream: true });
    };
    const options = { seed: this._random.next(), hooks: { stdout: note, stderr: note } };
    const { machine } = this._history.timeline.live;
    if (this._live) this._live.restore(state, options);
    else this._live = Live.copy(state, machine.options, options);
    const live = this._live;
    const { scheduler, deadline } = live.kernel;
    scheduler.pauseAt = undefined;
    const slices = scheduler as Scheduler;
    slices.slice = Math.floor(SHORTEST_SLICE * (slices.slice / SHORTEST_SLICE) ** this._random.fraction());
    const events = [...pending];
    const until = live.kernel.now + this._limit;
    for (;;) {
      deadline.until = deadline.clock() + STRETCH;
      const reason = live.step(until - live.kernel.now);
      if (reason === "ended") break;
      if (live.kernel.now >= until || reason === "stuck") return { end: { hangs: true }, output };
      if (reason === "idle") {
        const event = events.shift();
        if (event) event.deliver(live);
        else if (live.session.streams.hasEnded) return { end: { hangs: true }, output };
        else live.session.streams.end();
      }
      await new Promise((done) => setTimeout(done, 0));
    }
    return { end: endOf(live.session.process.ended ?? 0), output };
  }
}

/** Bounds of the search. */
export interface InevitableOptions {
  /** Moments that are tried first, in equal distances. Default 12. */
  readonly moments?: number | undefined;
  /** Copies at each. Default 8. */
  readonly copies?: number | undefined;
  readonly seed?: number | undefined;
  /** Default: the end of the run itself. */
  readonly failure?: Failure | undefined;
  /** Called before each moment: those so far. */
  readonly tried?: ((moments: number) => void) | undefined;
}

/** The end of the run as a failure. Throws a Problem if it has none or has not failed. */
const ownFailure = (end: End | undefined): Failure => {
  if (end === undefined) throw new Problem("usage", "the run has not ended: --fails says what a failure is");
  if ("exit" in end && end.exit === 0)
    throw new Problem("usage", "the run has not failed: it ended with status 0", { help: "--fails says what a failure is" });
  return failureOf(endText(end));
};

/**
 * Finds the moment from which on all copies of the run fail. Throws a Problem if the run itself has not
 * failed.
 */
export const findInevitable = async (
  history: History,
  { moments = 12, copies = 8, seed = 1, failure, tried }: InevitableOptions = {},
): Promise<Inevitable & { readonly failure: string }> => {
  const { timeline, end } = history;
  await timeline.approach(timeline.reached);
  const { ended } = timeline.live.session.process;
  const own = ended === undefined ? undefined : endOf(ended);
  const wanted = failure ?? ownFailure(own);
  const output = history.written.map(({ bytes }) => new TextDecoder().decode(bytes)).join("");
  if (!wanted.holds(own ?? { hangs: true }, output)) throw new Problem("usage", `the run itself does not fail as "${wanted.text}" says`);
  const all = new Copies(history, wanted, seed, timeline.kernel.now * 10 + LEAST_TIME);
  const shares: Share[] = [];
  const tryAt = async (instructions: number): Promise<Share> => {
    tried?.(shares.length);
    const share = await all.at({ instructions, steps: 0 }, copies);
    shares.push(share);
    return share;
  };
  const first = timeline.start.instructions;
  const last = end.instructions;
  const count = Math.max(2, moments);
  const ordered: Share[] = [];
  for (let i = 0; i < count; i++) ordered.push(await tryAt(Math.floor(first + ((last - first) * i) / (count - 1))));
  let low = ordered.findLast(({ failed }) => failed < copies);
  let high = low === undefined ? ordered[0] : ordered[ordered.indexOf(low) + 1];
  while (low && high && high.moment.instructions - low.moment.instructions > 1) {
    const middle = await tryAt(Math.floor((low.moment.instructions + high.moment.instructions) / 2));
    // No other moment lies between.
    if (compareMoments(middle.moment, high.moment) >= 0 || compareMoments(middle.moment, low.moment) <= 0) break;
    if (middle.failed < copies) low = middle;
    else high = middle;
  }
  shares.sort((a, b) => compareMoments(a.moment, b.moment));
  const unique = shares.filter((share, i) => i === 0 || compareMoments(share.moment, (shares[i - 1] as Share).moment) !== 0);
  return { failure: wanted.text, shares: unique, escaped: low, from: high, mayEscape: 1 - 0.05 ** (1 / copies) };
};
