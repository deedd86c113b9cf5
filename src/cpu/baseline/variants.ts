// The templates of a form, each made at its first use.

import { kindCode, type LazyFlagKind } from "../isa/flags.ts";
import type { HandlerForm } from "../isa/form.ts";
import { type Template, templateOf } from "./template.ts";

/** The templates of a form. */
export class Variants {
  /** The template if nothing is known of flags; undefined: the form has no templates. */
  readonly usual: Template | undefined;
  readonly #form: HandlerForm;
  readonly #others: Template[] = [];
  constructor(form: HandlerForm) {
    this.#form = form;
    this.usual = templateOf(form, { kind: undefined, dead: false });
  }
  /**
   * The template after flags of a kind (undefined: not known). `dead`: the flags that it sets are never read.
   */
  of(kind: LazyFlagKind | undefined, dead: boolean): Template {
    const n = (kind === undefined ? 0 : 2 * (kindCode[kind] + 1)) + (dead ? 1 : 0);
    return (this.#others[n] ??= templateOf(this.#form, { kind, dead }) as Template);
  }
}
