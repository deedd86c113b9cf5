// Checks of an editor: half a second after the last key, by the worker for checks.
import { useEffect, useState } from "preact/hooks";

const PAUSE = 350;

/** The answer to the last question that was answered. `ask` is called when one of `inputs` has changed. */
export const useChecked = <T>(initial: T, inputs: readonly unknown[], ask: () => Promise<T>): T => {
  const [answer, setAnswer] = useState(initial);
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      ask().then(
        (value) => current && setAnswer(value),
        () => {},
      );
    }, PAUSE);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, inputs);
  return answer;
};
