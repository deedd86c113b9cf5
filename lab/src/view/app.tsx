// The page: program and policy, doors, the selected call, output.
import { useState } from "preact/hooks";
import { announcement, complaint, runCount, saved } from "../state/session.ts";
import { Bottom } from "./bottom.tsx";
import { Detail } from "./detail.tsx";
import { Header } from "./header.tsx";
import { Lanes } from "./lanes.tsx";
import { LessonPane } from "./lesson-pane.tsx";
import { PolicyPane } from "./policy-pane.tsx";
import { ProgramPane, takeFile } from "./program-pane.tsx";
import { Search } from "./search.tsx";
import { Splitter } from "./splitter.tsx";
import { Switches } from "./switches.tsx";
import { Welcome } from "./welcome.tsx";

const drop = (event: DragEvent): void => {
  const [file] = event.dataTransfer?.files ?? [];
  if (!file) return;
  event.preventDefault();
  takeFile(file).catch((error: Error) => (complaint.value = error.message));
};

export const App = () => {
  const [over, setOver] = useState(false);
  // A recording has its own machine and policy.
  const isRecorded = saved.value.program.kind === "recording";
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a drop target; the keyboard has the button "Open…"
    <div
      class={`lab ${over ? "over" : ""}`}
      data-runs={runCount.value}
      onDragOver={(e) => {
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(e) => {
        setOver(false);
        drop(e);
      }}
    >
      <Header />
      {complaint.value && (
        <p class="complaint problem" role="alert">
          {complaint.value}{" "}
          <button type="button" class="quiet" onClick={() => (complaint.value = undefined)}>
            Close
          </button>
        </p>
      )}
      <main>
        <div class="left">
          <Welcome />
          <LessonPane />
          <ProgramPane />
          {!isRecorded && <PolicyPane />}
        </div>
        <Splitter name="--left" label="Width of the program" pane="before" orientation="vertical" least={260} most={1400} />
        <div class="middle">
          {!isRecorded && <Switches />}
          <Search />
          <section class="pane" aria-label="Doors">
            <Lanes />
          </section>
          <Splitter name="--bottom" label="Height of the output" pane="after" orientation="horizontal" least={80} most={900} />
          <Bottom />
        </div>
        <Splitter name="--right" label="Width of the selected call" pane="after" orientation="vertical" least={240} most={1200} />
        <Detail />
      </main>
      <p class="visually-hidden" role="status">
        {announcement.value}
      </p>
    </div>
  );
};
