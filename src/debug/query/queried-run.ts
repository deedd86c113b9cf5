// A run as library users ask it: options are checked, internals stay inside.
import { checkProgram, checkRunOptions } from "../../machine/api/check.ts";
import { bootOptions } from "../../machine/api/stores.ts";
import { Machine } from "../../machine/machine.ts";
import { type Moment, momentText, parseMoment } from "../../machine/moment.ts";
import type { MachineOptions, Program, ProgramOptions } from "../../machine/options.ts";
import { Timeline } from "../../machine/timeline/timeline.ts";
import { type AskedMoment, visitAll } from "./answer.ts";
import type {
  CallAnswer,
  CallQuery,
  DescriptorAnswer,
  InevitableAnswer,
  OriginAnswer,
  QueryAnswer,
  WhenAnswer,
  WriteAnswer,
} from "./answers.ts";
import { findCalls } from "./calls.ts";
import { findDescriptor } from "./descriptors.ts";
import { parseExpression } from "./expression.ts";
import { History } from "./history.ts";
import { failureOf, findInevitable } from "./inevitable.ts";
import { findOrigin } from "./origin.ts";
import { placeText } from "./place.ts";
import { namesOf, rangeOf } from "./range.ts";
import { findEvent, findWhen } from "./when.ts";
import { findWrites, lastWrite } from "./writes.ts";

/**
 * Options of the machine, the program, and the run's history. Hooks and traces are those of the questions.
 */
export type QueryOptions = MachineOptions &
  Omit<ProgramOptions, "hooks" | "trace" | "timeout" | "signal"> & {
    /** The last moment that questions are about. Default: the end of the program. */
    readonly until?: string;
    /** Bytes of the host's memory for snapshots, about. Default 512 MiB. */
    readonly history?: number;
  };
/** What all questions can be limited to. */
export interface QueryLimits {
  /** The process; default: the program that was started. */
  readonly pid?: number;
  /** Only before this moment. */
  readonly before?: string;
  /** Answers have the callers, too. */
  readonly stack?: boolean;
}

/**
 * A run that has happened, and answers questions. It is executed once to its end, and again for the answers:
 * one question at a time.
 *
 * @example
 * const run = await QueriedRun.of(readFileSync("prog"), { args: ["-v"], stdin: "input\n" });
 * const [last] = await run.writes("counter", { last: true });
 * for (const { what } of await run.origin("buffer+16")) console.log(what);
 */
export class QueriedRun {
  readonly #history: History;

  private constructor(history: History) {
    this.#history = history;
  }
  /**
   * Executes a program to its end, or to `until`.
   *
   * @throws {Problem} An option, the ELF file or the policy is wrong, or the run has no such moment.
   */
  static async of(program: Program, { until, history: memory, ...options }: QueryOptions = {}): Promise<QueriedRun> {
    checkProgram(program);
    checkRunOptions(options);
    const end = until === undefined ? undefined : parseMoment(until);
    const history = new History(
      (hooks) =>
        new Timeline(
          new Machine(bootOptions(options)),
          program,
          { ...options, stdin: options.stdin ?? "", hooks },
          memory === undefined ? {} : { memory },
        ),
    );
    await history.finish({ until: end });
    return new QueriedRun(history);
  }
  /** The last moment that questions are about. */
  get end(): string {
    return momentText(this.#history.end);
  }
  async #seen(answers: readonly AskedMoment[], { stack = false }: QueryLimits): Promise<readonly QueryAnswer[]> {
    return (await visitAll(this.#history, answers, stack)).map(({ moment, pid, tid, comm, place, instruction, stack: frames }) => ({
      moment: momentText(moment),
      pid,
      tid,
      comm,
      pc: place?.address,
      symbol: place?.symbol && placeText(place),
      instruction,
      stack: frames,
    }));
  }
  async #limits({ pid = this.#history.pid, before }: QueryLimits): Promise<{ readonly pid: number; readonly until: Moment }> {
    const { history } = { history: this.#history };
    const until = before === undefined ? history.end : parseMoment(before);
    // Names are those of the memory as it is then.
    await history.timeline.goTo(until);
    return { pid, until };
  }
  /** System calls that fit a description, in the order in which they began. */
  async calls(query: CallQuery & Omit<QueryLimits, "before"> = {}): Promise<readonly CallAnswer[]> {
    const found = await findCalls(this.#history, query);
    const seen = await this.#seen(
      found.map(({ after, ...who }) => ({ ...who, when: { before: after } })),
      query,
    );
    return found.map(({ name, door, text, result, verdict }, n) => ({ ...(seen[n] as QueryAnswer), name, door, text, result, verdict }));
  }
  /**
   * Writes of an address, a range (`0x404010:8`) or a variable (`counter`, `buffer+16:4`). `last`: the
   * last one.
   */
  async writes(range: string, limits: QueryLimits & { readonly last?: boolean } = {}): Promise<readonly WriteAnswer[]> {
    const { pid, until } = await this.#limits(limits);
    const asked = { pid, ...rangeOf(this.#history, pid, range) };
    const last = limits.last ? await lastWrite(this.#history, asked, until) : undefined;
    const found = limits.last ? (last ? [last] : []) : await findWrites(this.#history, asked, until);
    const seen = await this.#seen(found, limits);
    return found.map(({ by, before, after }, n) => ({ ...(seen[n] as QueryAnswer), by, before, after }));
  }
  /** The way of a byte back to a file, to input, or to the instruction that made it; the last step first. */
  async origin(address: string, limits: QueryLimits = {}): Promise<readonly OriginAnswer[]> {
    const { pid, until } = await this.#limits(limits);
    const { steps } = await findOrigin(this.#history, pid, rangeOf(this.#history, pid, address).address, until);
    const seen = await this.#seen(
      steps.map((step) => ({ ...step, tid: step.when ? step.tid : 0, when: step.when ?? { at: this.#history.timeline.start } })),
      limits,
    );
    return steps.map(({ address: at, what, call }, n) => ({ ...(seen[n] as QueryAnswer), address: at, what, call }));
  }
  /** Who opened, replaced and closed a descriptor. */
  async descriptor(fd: number, limits: QueryLimits = {}): Promise<readonly DescriptorAnswer[]> {
    const { pid, until } = await this.#limits(limits);
    const found = await findDescriptor(this.#history, pid, fd, until);
    const seen = await this.#seen(
      found.map(({ after, ...who }) => ({ ...who, when: { before: after } })),
      limits,
    );
    return found.map(({ kind, by, from, to }, n) => ({ ...(seen[n] as QueryAnswer), kind, by, from, to }));
  }
  /**
   * When a condition became true: `counter > 3`, `u8[buffer] == 'x'`, `rax == 5`, `output:TEXT`,
   * `signal:NAME`. `pc`: an address or a function; it is looked at only there, each time that it holds.
   */
  async when(condition: string, limits: QueryLimits & { readonly pc?: string } = {}): Promise<readonly WhenAnswer[]> {
    const { pid, until } = await this.#limits(limits);
    const history = this.#history;
    const pc = limits.pc === undefined ? undefined : rangeOf(history, pid, limits.pc).address;
    const expression = (): ReturnType<typeof parseExpression> => parseExpression(condition, namesOf(history, pid));
    const found = (await findEvent(history, condition, until)) ?? (await findWhen(history, pid, expression(), { pc, until }));
    const seen = await this.#seen(found, limits);
    return found.map(({ by }, n) => ({ ...(seen[n] as QueryAnswer), by }));
  }
  /**
   * From when on the run could only fail, by copies of it with other random numbers and slices. `fails`:
   * `exit:N`, `exit:!0`, `signal:NAME`, `hang`, `output:TEXT`; default: the run's own end.
   *
   * @throws {Problem} The run itself does not fail.
   */
  async inevitable(
    options: { readonly fails?: string; readonly moments?: number; readonly copies?: number; readonly seed?: number } = {},
  ): Promise<InevitableAnswer> {
    const { fails, ...more } = options;
    const found = await findInevitable(this.#history, { ...more, failure: fails === undefined ? undefined : failureOf(fails) });
    return {
      failure: found.failure,
      shares: found.shares.map(({ moment, ...share }) => ({ moment: momentText(moment), ...share })),
      inevitable: found.from && momentText(found.from.moment),
      escaped: found.escaped && momentText(found.escaped.moment),
      mayEscape: found.mayEscape,
    };
  }
}
