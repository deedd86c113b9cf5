// A kind of campaign: how an input is drawn from a seed, and what must hold of it.
import type { Random } from "../oracle/random.ts";

/** Something that must hold and did not. */
export interface Finding {
  /**
   * Which law, in words that are the same for every input: the minimiser keeps inputs that break the same
   * one.
   */
  readonly rule: string;
  readonly expected: string;
  readonly seen: string;
  /** The part of the input that breaks the law by itself, if the seed drew a batch. */
  readonly input?: unknown;
}

export interface Verdict {
  /** Inputs that the seed tried: calls, files, programs. */
  readonly inputs: number;
  /** What happened, as one word: the same on every host, in every run. */
  readonly digest: string;
  readonly finding?: Finding;
}

/** What a worker may use for one seed. A worker that needs more is killed, and that is a finding. */
export interface Bounds {
  readonly seconds: number;
  readonly megabytes: number;
}

export interface Kind<Input = unknown> {
  /** One line for --help. */
  readonly summary: string;
  readonly bounds: Bounds;
  /** Says a Problem if something is missing that the kind needs: asked once, before all inputs. */
  readonly needs?: () => void;
  /** An input that JSON can hold. */
  draw(random: Random): Input;
  check(input: Input): Verdict | Promise<Verdict>;
  /** How the minimiser takes an input apart; without it inputs stay as they are. */
  readonly parts?: {
    of(input: Input): readonly unknown[];
    /** The input with some of its parts, in their order. */
    with(input: Input, parts: readonly unknown[]): Input;
  };
}

/** Types a kind's declaration, and forgets the type of its inputs: they are JSON to all others. */
export const kind = <Input>(declared: Kind<Input>): Kind => declared as unknown as Kind;

export const noFinding = (inputs: number, digest: string): Verdict => ({ inputs, digest });
