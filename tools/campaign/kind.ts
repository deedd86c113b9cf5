// A kind of campaign: the way from a seed to an input, and the laws that hold for it.
import type { Random } from "../oracle/random.ts";

/** Something that must hold and did not. */
export interface Finding {
  /** The law, in the same words for every input. The minimiser keeps inputs that break the same law. */
  readonly rule: string;
  readonly expected: string;
  readonly seen: string;
  /** The part of the input that breaks the law by itself, if the seed drew a batch. */
  readonly input?: unknown;
}

export interface Verdict {
  /** Inputs that the seed tried: calls, files, programs. */
  readonly inputs: number;
  /** The result as one word: the same on every host, in every run. */
  readonly digest: string;
  readonly finding?: Finding;
}

/** The resources of a worker for one seed. A worker that needs more is killed, and that is a finding. */
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
  /** The parts of an input for the minimiser. Without it inputs stay whole. */
  readonly parts?: {
    of(input: Input): readonly unknown[];
    /** The input with some of its parts, in their order. */
    with(input: Input, parts: readonly unknown[]): Input;
  };
}

/** Types a kind's declaration, and forgets the type of its inputs: they are JSON to all others. */
export const kind = <Input>(declared: Kind<Input>): Kind => declared as unknown as Kind;

export const noFinding = (inputs: number, digest: string): Verdict => ({ inputs, digest });
