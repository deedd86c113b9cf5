// Left, above the program: the text of a lesson, its task, and whether it is solved.
import { effect, signal } from "@preact/signals";
import { type Lesson, lessons } from "../lessons/index.ts";
import { open, run, runCount, runs, saved, source } from "../state/session.ts";

/** Lessons that are solved, in this visit. */
const solved = signal<ReadonlySet<string>>(new Set());
const current = (): Lesson | undefined => lessons.find(({ id }) => id === saved.value.lesson);

// A lesson looks at the page after each run.
effect(() => {
  if (runCount.value === 0) return;
  const lesson = current();
  if (!lesson || solved.peek().has(lesson.id)) return;
  if (lesson.isSolved({ saved: saved.peek(), source: source.peek() ?? "", a: runs.a.peek(), b: runs.b.peek() }))
    solved.value = new Set([...solved.peek(), lesson.id]);
});

export const LessonPane = () => {
  const lesson = current();
  if (!lesson) return null;
  const isSolved = solved.value.has(lesson.id);
  const next = lessons[lessons.indexOf(lesson) + 1];
  return (
    <section class="pane lesson" aria-label="Lesson">
      <h2>{lesson.title}</h2>
      {lesson.text.map((paragraph) => (
        <p key={paragraph}>{paragraph}</p>
      ))}
      <p class={`mission ${isSolved ? "solved" : ""}`} role="status">
        <b>{isSolved ? "✓ Solved. " : "Task: "}</b>
        {isSolved ? lesson.after : lesson.task}
      </p>
      <div class="bar">
        <button type="button" class="quiet" onClick={() => void open(lesson.state).then(run)}>
          Start again
        </button>
        {next && (
          <button type="button" class={isSolved ? "primary" : "quiet"} onClick={() => void open(next.state).then(run)}>
            Next lesson
          </button>
        )}
      </div>
    </section>
  );
};
