// Bottom: what the program writes, the kernel's log, and a terminal to type in.
import { useEffect, useRef } from "preact/hooks";
import { interactive, runs, type Side, saved, sendInput, setTerminal } from "../state/session.ts";

const Output = ({ side }: { readonly side: Side }) => {
  const { output, log } = runs[side].value;
  return (
    <div class={`out side-${side}`}>
      {saved.value.b && <span class="badge">{side.toUpperCase()}</span>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <pre tabIndex={0}>
        {output}
        {log.length > 0 && <span class="log">{`${output === "" || output.endsWith("\n") ? "" : "\n"}${log.join("\n")}`}</span>}
        {output === "" && log.length === 0 && <span class="faint">Nothing is written.</span>}
      </pre>
    </div>
  );
};

const Typing = () => {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let gone = false;
    let dispose = (): void => {};
    void import("./terminal.ts").then(({ openTerminal }) => {
      if (gone || !host.current) return;
      const terminal = openTerminal(host.current, sendInput);
      setTerminal(terminal);
      dispose = terminal.dispose;
    });
    return () => {
      gone = true;
      setTerminal(undefined);
      dispose();
    };
  }, []);
  return <div class="terminal" ref={host} />;
};

export const Bottom = () => (
  <section class="pane bottom" aria-label="Output">
    {interactive.value ? (
      <Typing />
    ) : (
      <>
        <Output side="a" />
        {saved.value.b && <Output side="b" />}
      </>
    )}
  </section>
);
