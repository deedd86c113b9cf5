// A text editor: CodeMirror with the page's colours. Tab moves the focus on, as everywhere in the page.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, StreamLanguage, type StreamParser, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "preact/hooks";
import type { TextProblem } from "../methods/protocol.ts";

const words: StreamParser<undefined> = {
  token(stream) {
    if (stream.match(/^[;#].*|^\/\/.*/)) return "comment";
    if (stream.match(/^"(?:[^"\\]|\\.)*"|^'[^']*'/)) return "string";
    if (stream.match(/^%\w+/)) return "meta";
    if (stream.match(/^[\w.$?@]+:/)) return "labelName";
    if (stream.match(/^0x[\da-f]+\b|^\d+\b/i)) return "number";
    if (stream.match(/^(?:return|if|goto|else|ALLOW|KILL\w*|ERRNO|TRAP|TRACE|USER_NOTIF|LOG|syscall|sysenter|int)\b/)) return "keyword";
    stream.match(/^[\w.$?@]+/) || stream.next();
    return null;
  },
};
const colours = HighlightStyle.define([
  { tag: tags.comment, color: "var(--faint)" },
  { tag: tags.string, color: "var(--green)" },
  { tag: tags.meta, color: "var(--purple)" },
  { tag: tags.labelName, color: "var(--accent)" },
  { tag: tags.number, color: "var(--amber)" },
  { tag: tags.keyword, color: "var(--purple)", fontWeight: "600" },
]);

const markLine = StateEffect.define<number | undefined>();
const marked = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    let set = value.map(transaction.changes);
    for (const effect of transaction.effects)
      if (effect.is(markLine)) {
        const { value: line } = effect;
        const { doc } = transaction.state;
        set =
          line === undefined || line < 1 || line > doc.lines
            ? Decoration.none
            : Decoration.set([Decoration.line({ class: "cm-called" }).range(doc.line(line).from)]);
      }
    return set;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const diagnosticOf = ({ doc }: EditorState, problem: TextProblem): Diagnostic => {
  const line = doc.line(Math.min(Math.max(problem.line ?? 1, 1), doc.lines));
  return {
    from: line.from,
    to: line.to,
    severity: problem.severity,
    message: problem.help ? `${problem.message} — ${problem.help}` : problem.message,
  };
};

export const Editor = (props: {
  readonly label: string;
  readonly text: string;
  readonly problems: readonly TextProblem[];
  readonly line?: number | undefined;
  /** Absent: the text can only be read. */
  readonly onChange?: (text: string) => void;
}) => {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const onChange = useRef(props.onChange);
  onChange.current = props.onChange;
  useEffect(() => {
    const state = EditorState.create({
      doc: props.text,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        highlightActiveLine(),
        lintGutter(),
        EditorView.lineWrapping,
        marked,
        keymap.of([...defaultKeymap, ...historyKeymap]),
        StreamLanguage.define(words),
        syntaxHighlighting(colours),
        EditorView.contentAttributes.of({ "aria-label": props.label, tabindex: "0", spellcheck: "false", autocapitalize: "off" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !update.transactions.some((t) => t.isUserEvent("lab.set")))
            onChange.current?.(update.state.doc.toString());
        }),
        EditorState.readOnly.of(props.onChange === undefined),
      ],
    });
    const made = new EditorView({ state, parent: host.current as HTMLElement });
    view.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === props.text) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: props.text }, userEvent: "lab.set" });
  }, [props.text]);
  useEffect(() => {
    const editor = view.current;
    if (editor)
      editor.dispatch(
        setDiagnostics(
          editor.state,
          props.problems.map((problem) => diagnosticOf(editor.state, problem)),
        ),
      );
  }, [props.problems]);
  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const { line } = props;
    const effects: StateEffect<unknown>[] = [markLine.of(line)];
    if (line !== undefined && line >= 1 && line <= editor.state.doc.lines)
      effects.push(EditorView.scrollIntoView(editor.state.doc.line(line).from, { y: "nearest" }));
    editor.dispatch({ effects });
  }, [props.line, props.text]);
  return <div class="editor" ref={host} />;
};
