// <trapgate-run src="program" kernel="v6">: a program in any page. It shows the output, and the system calls
// with the verdicts of the filters.
import { WorkerClient, type WorkerLike } from "./client.ts";
import type { MachineMethods, RunPart } from "./protocol.ts";

/** Calls that are shown. */
const CALLS = 200;
const STYLE = `
:host { display: block; font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; border: 1px solid #8888; border-radius: 6px; padding: 8px 10px; }
ol { margin: 4px 0 0; padding: 0; list-style: none; max-height: 20em; overflow: auto; }
pre { margin: 4px 0 0; white-space: pre-wrap; }
b { display: inline-block; min-width: 9em; font-weight: 600; }
.kill { color: #c02030; } .allow { color: #177a3f; }
`;

/**
 * Defines the element `<trapgate-run>`. Attributes: `src`, the address of an ELF file; `kernel`, whose rules
 * hold; `vendor`, amd or intel; `args`. It runs when it is connected, and when its button is pressed.
 *
 * @example
 * defineTrapgateRun(() => new Worker(new URL("worker.js", import.meta.url), { type: "module" }));
 */
export const defineTrapgateRun = (start: () => WorkerLike, name = "trapgate-run"): void => {
  class TrapgateRun extends HTMLElement {
    readonly #client = new WorkerClient<MachineMethods>(start);
    readonly #button = document.createElement("button");
    readonly #output = document.createElement("pre");
    readonly #calls = document.createElement("ol");
    readonly #end = document.createElement("div");

    constructor() {
      super();
      const style = document.createElement("style");
      style.textContent = STYLE;
      this.#button.textContent = "Run";
      this.#button.onclick = () => void this.run();
      this.#calls.setAttribute("aria-label", "System calls");
      this.#calls.tabIndex = 0;
      this.#end.setAttribute("role", "status");
      this.attachShadow({ mode: "open" }).append(style, this.#button, this.#calls, this.#output, this.#end);
    }
    connectedCallback(): void {
      void this.run();
    }
    disconnectedCallback(): void {
      this.#client.stop();
    }

    /** Fetches the program and runs it. */
    async run(): Promise<void> {
      this.#calls.replaceChildren();
      this.#output.textContent = "";
      this.#end.textContent = "…";
      try {
        const answer = await fetch(this.getAttribute("src") ?? "");
        if (!answer.ok) throw new Error(`${this.getAttribute("src")}: ${answer.status} ${answer.statusText}`);
        const program = new Uint8Array(await answer.arrayBuffer());
        const kernel = this.getAttribute("kernel") ?? "upstream";
        const cpu = `:${this.getAttribute("vendor") ?? "amd"}`;
        const args = this.getAttribute("args")?.split(/\s+/) ?? [];
        const options = { kernel: kernel as never, cpu, args, timeout: 30 };
        const verdicts = new Map<number, string>();
        const { status } = await this.#client.call("run", { program, options, calls: CALLS }, (part) => this.#show(part, verdicts)).result;
        this.#end.textContent =
          "exit" in status ? `exited with ${status.exit}` : "signal" in status ? `killed by ${status.signal}` : "gave up";
      } catch (error) {
        this.#end.textContent = (error as Error).message;
      }
      this.dispatchEvent(new Event("ended"));
    }

    #show(part: RunPart, verdicts: Map<number, string>): void {
      if (part.kind === "output") this.#output.textContent += new TextDecoder().decode(part.bytes);
      if (part.kind !== "events") return;
      for (const event of part.events) {
        if (event.kind === "verdict") verdicts.set(event.id, event.action);
        if (event.kind !== "return") continue;
        const row = document.createElement("li");
        const verdict = document.createElement("b");
        verdict.textContent = verdicts.get(event.id) ?? "–";
        verdict.className = verdict.textContent === "ALLOW" ? "allow" : "kill";
        row.append(...(verdicts.has(event.id) ? [verdict] : [document.createElement("b")]), event.text);
        this.#calls.append(row);
      }
    }
  }
  customElements.define(name, TrapgateRun);
};
