// The left pane for a newcomer: the purpose of the page and the first steps. A lesson or its button closes
// it.
import { signal } from "@preact/signals";
import { lessons } from "../lessons/index.ts";
import { open, run, saved } from "../state/session.ts";

const KEY = "trapgate-lab-welcome";
/** The program that the text is about. */
const FIRST = "a1";
const wasClosed = (): boolean => {
  try {
    return localStorage.getItem(KEY) === "closed";
  } catch {
    return false;
  }
};
const isClosed = signal(wasClosed());
const close = (): void => {
  isClosed.value = true;
  try {
    localStorage.setItem(KEY, "closed");
  } catch {
    // It is closed for this visit.
  }
};

export const Welcome = () => {
  const [first] = lessons;
  const { lesson, program } = saved.value;
  if (isClosed.value || lesson !== null || !first || program.kind !== "guest" || program.name !== FIRST) return null;
  return (
    <section class="pane lesson welcome" aria-label="Welcome">
      <h2>How a program gets past a filter</h2>
      <p>
        This program forbids itself one system call with a seccomp filter, and then makes it all the same, through another door of the
        processor. It ran in this page, on an emulated processor and kernel; nothing was sent anywhere.
      </p>
      <ol>
        <li>
          <b>Program</b> and policy: change them, and run.
        </li>
        <li>
          <b>Doors</b>: each system call, its door, and what the filter said. Choose one.
        </li>
        <li>
          <b>The chosen call</b>: why, with the way through the filter lit.
        </li>
      </ol>
      <div class="bar">
        <button type="button" class="primary" onClick={() => void open(first.state).then(run)}>
          Begin with lesson 1
        </button>
        <button type="button" class="quiet" onClick={close}>
          Close
        </button>
      </div>
    </section>
  );
};
