// Completion scripts for shells. bash(1) "Programmable Completion"; zshcompsys(1) "Utility Functions"; fish's
// complete(1).
import type { CommandWords, OptionWords } from "./words.ts";

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const top = (commands: readonly CommandWords[]): readonly CommandWords[] => commands.filter(({ name }) => !name.includes(" "));
const within = (commands: readonly CommandWords[], name: string): readonly CommandWords[] =>
  commands.filter((each) => each.name.startsWith(`${name} `));
const parents = (commands: readonly CommandWords[]): readonly string[] =>
  top(commands)
    .map(({ name }) => name)
    .filter((name) => within(commands, name).length > 0);

const bashValues = (name: string, { names, value }: OptionWords): string[] => {
  if (value === undefined) return [];
  const pattern = names.map((option) => quoted(`${name} ${option}`)).join("|");
  const action = value === "file" ? "-f" : value === "folder" ? "-d" : value === "text" ? "-W ''" : `-W ${quoted(value.join(" "))}`;
  return [`    ${pattern}) COMPREPLY=($(compgen ${action} -- "$word")); return ;;`];
};

/** For bash: `source <(trapgate completion bash)`. */
export const bash = (commands: readonly CommandWords[]): string => {
  const names = top(commands).map(({ name }) => name);
  const valued = ({ options }: CommandWords): string =>
    options.flatMap((option) => (option.value === undefined ? [] : option.names)).join(" ");
  return `# bash completion for trapgate: source <(trapgate completion bash)
_trapgate() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" name="\${COMP_WORDS[1]}" at=2 i options valued
  COMPREPLY=()
  # bash splits --option=value into three words.
  [[ $word == = ]] && word=""
  [[ $before == = ]] && before="\${COMP_WORDS[COMP_CWORD-2]}"
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W ${quoted([...names, "help", "version", "--help", "--version", "--json"].join(" "))} -- "$word"))
    return
  fi
  case "$name" in
${parents(commands)
  .map(
    (parent) => `    ${parent})
      if (( COMP_CWORD == 2 )); then
        COMPREPLY=($(compgen -W ${quoted(
          within(commands, parent)
            .map(({ name }) => name.slice(parent.length + 1))
            .join(" "),
        )} -- "$word"))
        return
      fi
      name="${parent} \${COMP_WORDS[2]}" at=3 ;;`,
  )
  .join("\n")}
    help) COMPREPLY=($(compgen -W ${quoted(names.join(" "))} -- "$word")); return ;;
    completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$word")); return ;;
  esac
  case "$name" in
${commands
  .map((each) => {
    const options = each.options.flatMap(({ names: own }) => own).join(" ");
    return `    ${quoted(each.name)}) options=${quoted(options)} valued=${quoted(` ${valued(each)} `)} program=${each.runsProgram ? 1 : 0} ;;`;
  })
  .join("\n")}
    *) return ;;
  esac
  # Behind the program's name all words are the program's.
  for (( i = at; i < COMP_CWORD && program; i++ )); do
    case "\${COMP_WORDS[i]}" in
      --) COMPREPLY=($(compgen -f -- "$word")); return ;;
      =) (( i++ )) ;;
      -*) [[ $valued == *" \${COMP_WORDS[i]} "* && "\${COMP_WORDS[i+1]}" != = ]] && (( i++ )) ;;
      *) COMPREPLY=($(compgen -f -- "$word")); return ;;
    esac
  done
  case "$name $before" in
${commands.flatMap((each) => each.options.flatMap((option) => bashValues(each.name, option))).join("\n")}
  esac
  if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$word")); else COMPREPLY=($(compgen -f -- "$word")); fi
}
complete -o filenames -F _trapgate trapgate
`;
};

const zshText = (text: string): string => text.replace(/[[\]:\\]/g, "\\$&");
const zshOption = ({ names, meaning, value }: OptionWords): string[] => {
  const action =
    value === undefined
      ? ""
      : `:value:${value === "file" ? "_files" : value === "folder" ? "_files -/" : value === "text" ? " " : `(${value.join(" ")})`}`;
  return names.map((name) => quoted(`*${name}[${zshText(meaning)}]${action}`));
};
/** For zsh: a file `_trapgate` in a folder of fpath. */
export const zsh = (commands: readonly CommandWords[]): string => {
  const list = (some: readonly CommandWords[], cut: number): string =>
    some.map(({ name, summary }) => quoted(`${name.slice(cut)}:${summary}`)).join(" ");
  const action = ({ runsProgram }: CommandWords): string => (runsProgram ? "'1:program:_files' '*::argument:_files'" : "'*:file:_files'");
  const body = (each: CommandWords): string => `_arguments -S ${each.options.flatMap(zshOption).join(" ")} ${action(each)}`;
  const cases = top(commands).map((each) => {
    const inner = within(commands, each.name);
    if (inner.length === 0) return `    ${each.name}) ${body(each)} ;;`;
    const names = inner.map((sub) => `        ${sub.name.slice(each.name.length + 1)}) ${body(sub)} ;;`).join("\n");
    return `    ${each.name})
      if (( CURRENT == 2 )); then
        local -a inner=(${list(inner, each.name.length + 1)})
        _describe command inner
        return
      fi
      shift words
      (( CURRENT-- ))
      case $words[1] in
${names}
      esac ;;`;
  });
  return `#compdef trapgate
_trapgate() {
  local -a commands=(${list(top(commands), 0)})
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${cases.join("\n")}
    help) _describe command commands ;;
  esac
}
if [[ $funcstack[1] == _trapgate ]]; then _trapgate "$@"; else compdef _trapgate trapgate; fi
`;
};

/** For fish: \`trapgate completion fish | source\`. */
export const fish = (commands: readonly CommandWords[]): string => {
  const lines = ["complete -c trapgate -f"];
  const first = top(commands).map(({ name }) => name);
  for (const { name, summary } of top(commands))
    lines.push(`complete -c trapgate -n "not __fish_seen_subcommand_from ${first.join(" ")}" -a ${quoted(name)} -d ${quoted(summary)}`);
  for (const { name, summary, options } of commands) {
    const [own = "", sub] = name.split(" ");
    const inner = within(commands, own).map((each) => each.name.slice(own.length + 1));
    const seen = `__fish_seen_subcommand_from ${own}`;
    const when = sub === undefined ? seen : `${seen}; and __fish_seen_subcommand_from ${sub}`;
    if (sub !== undefined)
      lines.push(
        `complete -c trapgate -n "${seen}; and not __fish_seen_subcommand_from ${inner.join(" ")}" -a ${quoted(sub)} -d ${quoted(summary)}`,
      );
    if (inner.length === 0 || sub !== undefined) lines.push(`complete -c trapgate -n "${when}" -F`);
    for (const { names, meaning, value } of options) {
      const flags = names.map((option) => (option.startsWith("--") ? `-l ${option.slice(2)}` : `-s ${option.slice(1)}`));
      const takes =
        value === undefined ? "" : typeof value === "string" ? (value === "text" ? " -x" : " -r -F") : ` -x -a ${quoted(value.join(" "))}`;
      lines.push(`complete -c trapgate -n "${when}" ${flags.join(" ")}${takes} -d ${quoted(meaning)}`);
    }
  }
  return `# fish completion for trapgate: trapgate completion fish | source\n${lines.join("\n")}\n`;
};
