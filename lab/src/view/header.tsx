// The top: name, lessons, run, share, theme.
import { useState } from "preact/hooks";
import { lessons } from "../lessons/index.ts";
import { link, open, run, runs, saved, stop } from "../state/session.ts";

const themes = ["auto", "light", "dark"] as const;
const Theme = () => {
  const [theme, setTheme] = useState<(typeof themes)[number]>("auto");
  const next = (): void => {
    const to = themes[(themes.indexOf(theme) + 1) % themes.length] as typeof theme;
    setTheme(to);
    if (to === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = to;
  };
  return (
    <button type="button" class="quiet" onClick={next} aria-label={`Colours: ${theme}. Change`}>
      {theme === "dark" ? "☾" : theme === "light" ? "☀" : "◐"} <span class="wide-only">{theme}</span>
    </button>
  );
};

const Share = () => {
  const [said, setSaid] = useState("");
  const share = async (): Promise<void> => {
    const url = link();
    history.replaceState(null, "", url);
    try {
      await navigator.clipboard.writeText(url);
      setSaid("Link copied");
    } catch {
      setSaid("The link is in the address bar");
    }
    setTimeout(() => setSaid(""), 3000);
  };
  return (
    <>
      <button type="button" onClick={() => void share()}>
        Share
      </button>
      <span class="said-share" role="status">
        {said}
      </span>
    </>
  );
};

export const Header = () => {
  const running = runs.a.value.state === "running" || runs.b.value.state === "running";
  return (
    <header>
      <h1>
        <span class="mark" aria-hidden="true" /> trapgate <span class="faint">lab</span>
      </h1>
      <label class="field">
        <span>Lesson</span>
        <select
          value={saved.value.lesson ?? ""}
          onChange={(e) => {
            const lesson = lessons.find(({ id }) => id === e.currentTarget.value);
            if (lesson) void open(lesson.state).then(run);
            else saved.value = { ...saved.value, lesson: null };
          }}
        >
          <option value="">choose one of ten</option>
          {lessons.map(({ id, title }, n) => (
            <option value={id} key={id}>
              {n + 1}. {title}
            </option>
          ))}
        </select>
      </label>
      <span class="grow" />
      <button type="button" class="primary" onClick={() => void run()} title="Ctrl+Enter">
        ▶ Run
      </button>
      <button type="button" class="quiet" disabled={!running} onClick={stop}>
        Stop
      </button>
      <Share />
      <Theme />
    </header>
  );
};
