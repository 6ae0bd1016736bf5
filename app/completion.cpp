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
  return fmt::format(R"(_talweg() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} options=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{} --help --version" -- "$word"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{}  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}}
complete -o filenames -F _talweg talweg ./talweg
)",
                     words(), cases);
}

std::string fish() {
  std::string text;
  for (const Command& command : commands()) {
    text +=
        fmt::format("complete -c talweg -n __fish_use_subcommand -f -a {} -d '{}'\n", command.name, command.summary);
    for (const std::string& option : command.options)
      text += fmt::format("complete -c talweg -n '__fish_seen_subcommand_from {}' -l {}\n", command.name, option);
  }
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
