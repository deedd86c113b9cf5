// The bottom pane: the program's output, the kernel's log, and a terminal.
import type { FunctionComponent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { bottomTab, runs, type Side, saved, sendInput, setTerminal } from "../state/session.ts";

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
  const { state, typing } = runs.a.value;
  return (
    <div class="screen">
      <p class="hint" role="status">
        {state === "running" && typing
          ? "The program has this terminal. Shift+Tab leaves it."
          : "The next run has its standard streams here: ▶ Run, or Ctrl+Enter."}
      </p>
      <div class="terminal" ref={host} />
    </div>
  );
};

/** Panes that most visits do not open: each is loaded when its tab is. */
const later = {
  steps: () => import("./steps.tsx").then(({ Steps }) => Steps),
  races: () => import("./races.tsx").then(({ Races }) => Races),
} as const;
const Later = ({ name }: { readonly name: keyof typeof later }) => {
  const [View, setView] = useState<FunctionComponent | undefined>(undefined);
  useEffect(() => {
    void later[name]().then((view) => setView(() => view));
  }, []);
  return View ? <View /> : null;
};

const tabs = { output: "Output", terminal: "Terminal", steps: "Time", races: "Schedules" } as const;

/** Arrow keys move among tabs. WAI-ARIA Authoring Practices, "Tabs". */
const move = (event: KeyboardEvent): void => {
  const names = Object.keys(tabs) as (keyof typeof tabs)[];
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? names.length - 1 : 0;
  if (step === 0) return;
  const next = names[(names.indexOf(bottomTab.value) + step) % names.length] as keyof typeof tabs;
  bottomTab.value = next;
  document.getElementById(`tab-${next}`)?.focus();
};

export const Bottom = () => {
  const tab = bottomTab.value;
  return (
    <section class={`pane bottom ${tab}`} aria-label="Below the lanes">
      <div role="tablist" aria-label="Below the lanes" class="tabs" onKeyDown={move}>
        {Object.entries(tabs).map(([name, title]) => (
          <button
            type="button"
            role="tab"
            id={`tab-${name}`}
            key={name}
            aria-selected={tab === name}
            aria-controls="bottom-panel"
            tabIndex={tab === name ? 0 : -1}
            onClick={() => (bottomTab.value = name as typeof tab)}
          >
            {title}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="bottom-panel" aria-labelledby={`tab-${tab}`} class="panel">
        {tab === "output" && (
          <>
            <Output side="a" />
            {saved.value.b && <Output side="b" />}
          </>
        )}
        {tab === "terminal" && <Typing />}
        {(tab === "steps" || tab === "races") && <Later key={tab} name={tab} />}
      </div>
    </section>
  );
};
