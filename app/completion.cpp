#include <fmt/format.h>

#include "app/command_line.h"
#include "core/error.h"

namespace talweg::app {
namespace {

std::string words() {
  std::string list;
  for (const Command& command : commands()) list += (list.empty() ? "" : " ") + command.name;
  return list;
}

std::string bash() {
  std::string cases;
  for (const Command& command : commands()) {
    std::string options = "--help";
    for (const std::string& option : command.options) options += " --" + option;
    cases += fmt::format("    {}) options=\"{}\" ;;\n", command.name, options);
  }
  return fmt::format(
      R"bash(# What components and options are called is asked of the program once a session, when it is needed first.
_talweg_learn() {{
  [ -n "$_talweg_known" ] || _talweg_known=$("${{COMP_WORDS[0]}}" list --paths 2>/dev/null)
}}
_talweg_names() {{
  printf '%s\n' "$_talweg_known" | sed -n "$1" | sort -u
}}
_talweg() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} options=""
  local before=${{COMP_WORDS[COMP_CWORD-1]}}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{} --help --version" -- "$word"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{}  esac
  # "--set optimizer=ad" is four words to bash, which cuts at the sign.
  if [ "$word" = "=" ] && [ "${{COMP_WORDS[COMP_CWORD-2]}}" = --set ]; then
    word="" before="="
  fi
  if [ "$before" = "=" ]; then
    local key=${{COMP_WORDS[COMP_CWORD-1]}}
    [ "$key" = "=" ] && key=${{COMP_WORDS[COMP_CWORD-2]}}
    _talweg_learn
    COMPREPLY=($(compgen -W "$(_talweg_names "s/^${{key%.type}}\.\([a-z0-9_]*\)$/\1/p")" -- "$word"))
    return
  fi
  if [ "$before" = --set ]; then
    # A component's options are set under its kind: optimizer.adamw.beta1 is optimizer.beta1.
    _talweg_learn
    COMPREPLY=($(compgen -S = -W "$(_talweg_names 's/^\(optimizer\|schedule\|task\|study\)\.[a-z0-9_]*\./\1./;p')" -- "$word"))
    compopt -o nospace 2>/dev/null
    return
  fi
  case ${{COMP_WORDS[1]}}:$word in
    *:-*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    describe:*) _talweg_learn; COMPREPLY=($(compgen -W "$(_talweg_names p)" -- "$word")) ;;
    list:*) _talweg_learn; COMPREPLY=($(compgen -W "$(_talweg_names 's/^\([a-z_]*\)$/\1/p')" -- "$word")) ;;
    completion:*) COMPREPLY=($(compgen -W "bash zsh fish" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}}
complete -o filenames -F _talweg talweg ./talweg
)bash",
      words(), cases);
}

/// As fish reads it between single quotes.
std::string quoted_for_fish(const std::string& text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return "'" + quoted + "'";
}

std::string fish() {
  std::string text =
      R"fish(# What components and options are called is asked of the program once a session, when it is needed first.
function __talweg_known
  set -q __talweg_names; or set -g __talweg_names (command talweg list --paths 2>/dev/null)
  printf '%s\n' $__talweg_names
end
# A component's options are set under its kind: optimizer.adamw.beta1 is optimizer.beta1. After the sign stand a kind's components.
function __talweg_assignments
  set -l word (commandline -ct | string replace -r '^--set=' '')
  if string match -q '*=*' -- $word
    set -l key (string split -m 1 = -- $word)[1]
    set -l kind (string replace -r '\.type$' '' -- $key)
    __talweg_known | string match -r "^$kind\.[a-z0-9_]+\$" | string replace "$kind." "$key="
  else
    __talweg_known | string replace -r '^(optimizer|schedule|task|study)\.[a-z0-9_]*\.' '$1.' | string replace -r '$' '=' | sort -u
  end
end
)fish";
  for (const Command& command : commands()) {
    text += fmt::format("complete -c talweg -n __fish_use_subcommand -f -a {} -d {}\n", command.name,
                        quoted_for_fish(command.summary));
    for (const std::string& option : command.options)
      text += fmt::format("complete -c talweg -n '__fish_seen_subcommand_from {}' -l {}{}\n", command.name, option,
                          option == "set" ? " -x -a '(__talweg_assignments)'" : "");
  }
  const auto arguments = [&](const std::string& command, const std::string& words) {
    text += fmt::format("complete -c talweg -n '__fish_seen_subcommand_from {}' -f -a '{}'\n", command, words);
  };
  arguments("describe", "(__talweg_known)");
  arguments("list", "(__talweg_known | string match -r \"^[a-z_]+\\$\")");
  arguments("completion", "bash zsh fish");
  return text;
}

}  // namespace

std::string completion_script(const std::string& shell) {
  if (shell == "bash") return bash();
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + bash();
  if (shell == "fish") return fish();
  throw UsageError(fmt::format("there is no completion for '{}' (known: bash, zsh, fish)", shell));
}

}  // namespace talweg::app
