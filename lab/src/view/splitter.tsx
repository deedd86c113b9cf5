// A bar between two panes: a drag, or the arrow keys, give one of them another size, which the browser keeps.
// WAI-ARIA Authoring Practices, "Window Splitter".
import { useEffect, useRef, useState } from "preact/hooks";

const KEY = "trapgate.lab.panes";
const STEP = 24;
/** Milliseconds between the presses of a double click. */
const DOUBLE = 500;

const stored = (): Record<string, number> => {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, number>;
  } catch {
    return {};
  }
};
const store = (name: string, size: number | undefined): void => {
  const all = stored();
  if (size === undefined) delete all[name];
  else all[name] = size;
  try {
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // A browser that keeps nothing forgets the sizes with the page.
  }
};

interface SplitterProps {
  /** The CSS variable of the size in pixels: `--left`. */
  readonly name: string;
  readonly label: string;
  /** The pane whose size it is lies before the bar or after it. */
  readonly pane: "before" | "after";
  readonly orientation: "vertical" | "horizontal";
  /** Pixels. */
  readonly least: number;
  readonly most: number;
}

export const Splitter = ({ name, label, pane, orientation, least, most }: SplitterProps) => {
  const host = useRef<HTMLDivElement>(null);
  const [now, setNow] = useState(least);
  const isColumn = orientation === "vertical";
  const set = (size: number | undefined): void => {
    const { style } = document.documentElement;
    if (size === undefined) style.removeProperty(name);
    else style.setProperty(name, `${Math.round(Math.max(least, Math.min(most, size)))}px`);
    setNow(Math.round(current()));
  };
  const current = (): number => {
    const near = pane === "before" ? host.current?.previousElementSibling : host.current?.nextElementSibling;
    const box = near?.getBoundingClientRect();
    return (isColumn ? box?.width : box?.height) ?? least;
  };
  useEffect(() => set(stored()[name]), []);
  const pressed = useRef(Number.NEGATIVE_INFINITY);
  const drag = (down: PointerEvent): void => {
    const bar = host.current;
    if (!bar) return;
    // Not each browser has dblclick events of an element that captures the pointer.
    const isDouble = down.timeStamp - pressed.current < DOUBLE;
    pressed.current = down.timeStamp;
    if (isDouble) {
      set(undefined);
      store(name, undefined);
      return;
    }
    bar.setPointerCapture(down.pointerId);
    const [at, size] = [isColumn ? down.clientX : down.clientY, current()];
    const move = (event: PointerEvent): void => {
      const by = (isColumn ? event.clientX : event.clientY) - at;
      set(size + (pane === "before" ? by : -by));
    };
    const up = (end: PointerEvent): void => {
      const isMoved = (isColumn ? end.clientX : end.clientY) !== at;
      bar.removeEventListener("pointermove", move);
      bar.removeEventListener("pointerup", up);
      bar.removeEventListener("pointercancel", up);
      if (!isMoved) return;
      pressed.current = Number.NEGATIVE_INFINITY;
      store(name, current());
    };
    bar.addEventListener("pointermove", move);
    bar.addEventListener("pointerup", up);
    bar.addEventListener("pointercancel", up);
  };
  const key = (event: KeyboardEvent): void => {
    const forward = isColumn ? "ArrowRight" : "ArrowDown";
    const back = isColumn ? "ArrowLeft" : "ArrowUp";
    if (event.key !== forward && event.key !== back) return;
    event.preventDefault();
    const by = (event.key === forward ? STEP : -STEP) * (pane === "before" ? 1 : -1);
    set(current() + by);
    store(name, current());
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a line of text cannot be moved
    <div
      ref={host}
      class={`splitter ${orientation}`}
      role="separator"
      tabIndex={0}
      aria-orientation={orientation}
      aria-label={label}
      aria-valuemin={least}
      aria-valuemax={most}
      aria-valuenow={now}
      title="Drag, or use the arrow keys. A double click gives the usual size."
      onPointerDown={drag}
      onKeyDown={key}
    />
  );
};
