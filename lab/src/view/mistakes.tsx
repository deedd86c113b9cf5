// The mistakes of a text below its editor: all of them, in the order of the lines, each once.
import type { TextProblem } from "../methods/protocol.ts";

export const Mistakes = ({ problems }: { readonly problems: readonly TextProblem[] }) =>
  problems.length === 0 ? null : (
    <div class="mistakes" role="status">
      <ol>
        {problems.map(({ message, help, line, excerpt, severity }) => (
          <li class={severity === "error" ? "problem" : "warning"} key={`${line}:${message}`}>
            {line !== undefined && <b>Line {line}: </b>}
            {message.replace(/^line \d+: /, "")}
            {help && ` (${help})`}
            {excerpt && <pre>{excerpt}</pre>}
          </li>
        ))}
      </ol>
    </div>
  );
