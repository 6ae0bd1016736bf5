#include "app/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
// A value may hold commas (a file name, "--set key={a: 1, b: 2}"), so lists come from repeated options alone.
#define CXXOPTS_VECTOR_DELIMITER '\0'
#include <cxxopts.hpp>
#include <iostream>

#include "core/error.h"

namespace talweg::app {
namespace {

const char* const kExitCodes =
    "Exit codes: 0 success, 1 system failure (disk full, permission), 2 wrong command line, 3 wrong configuration,\n"
    "4 bad data file, 5 training failed, 6 interrupted and saved, 7 expectation not met.\n";

/// Options of one command only, each with a value that the command itself reads.
struct ValueOption {
  const char* name;
  const char* argument;
  const char* summary;
};
constexpr ValueOption kValueOptions[] = {
    {"noise", "S", "noise multiplier: deviation of the noise on the sum of clipped gradients over the clipping norm"},
    {"epsilon", "E", "find the smallest noise for this ε instead"},
    {"delta", "D", "δ (default 1e-5)"},
    {"q", "Q", "sampling rate: probability of an example to be in a batch"},
    {"n", "N", "number of examples; with --batch instead of --q"},
    {"batch", "B", "batch size"},
    {"steps", "T", "number of steps"},
    {"epochs", "K", "number of epochs instead"},
    {"sampler", "NAME", "poisson (default), uniform, shuffle or sequential"},
    {"accountant", "NAME",
     "pld, sgm_rdp, gdp, wor_rdp, shuffle_gauss, dc_shuffle, dc_wor, paper_gc, paper_dc or all (default)"},
    {"relation", "NAME", "add_or_remove_one, zero_out_one or replace_one (default: the accountant's)"},
    {"clip", "C", "clipping norm (default 1); matters for a bounded domain only"},
    {"learning-rate", "ETA", "learning rate; needed for a bounded domain"},
    {"radius", "R", "radius of the bounded domain that the parameters are projected on"},
    {"smoothness", "L",
     "Lipschitz constant of every example's gradient, assumed; needed by dc_shuffle, dc_wor and paper_dc"},
    {"prompt", "TEXT", "text to continue; '-' reads it from standard input"},
    {"chat", "TEXT", "instead: what a user says, in the chat template of the model (ChatML)"},
    {"max-tokens", "N", "tokens that are written at most (default 128)"},
    {"temperature", "T", "logits are divided by it; 0, the default: always the most likely token"},
    {"top-p", "P", "draw from the most likely tokens that together have this probability (default 1)"},
    {"weights", "TYPE", "how weights are held: float32 (default), bfloat16, or the blocks of a GGUF file as they are"},
    {"checkpoint", "WHICH", "of a run: last (default) or best"},
    {"format", "NAME", "huggingface (default): a model folder, adapters merged; peft: the adapters alone"},
    {"dtype", "TYPE", "float32, bfloat16, float16 or own (default: that of the weights training began with)"},
    {"user", "ID", "whom to recommend to"},
    {"agent", "I",
     "be agent I of a configuration with agents, in a process of its own that waits for no other; all: start one for\n"
     "each. Runs are OUTPUT/agent_I, snapshots go through the folder OUTPUT/mail"},
    {"top", "N", "items that are recommended (default 10)"},
    {"plot", "FILE", "also draw ε against steps into this SVG file"},
};

cxxopts::Options make_options(const Command& command) {
  cxxopts::Options options("talweg " + command.name, command.summary);
  options.custom_help("[OPTION…]").positional_help(command.arguments);
  auto add = options.add_options();
  const auto has = [&](const char* name) {
    return std::find(command.options.begin(), command.options.end(), name) != command.options.end();
  };
  if (has("set"))
    add("set", "set a value, for example --set optimizer.learning_rate=0.01 (repeatable)",
        cxxopts::value<std::vector<std::string>>(), "KEY=VALUE");
  if (has("output")) add("o,output", "where to write", cxxopts::value<std::string>(), "PATH");
  if (has("device")) add("device", "cpu, cuda, cuda:N, xpu, mps or auto", cxxopts::value<std::string>(), "DEVICE");
  if (has("seed")) add("seed", "seed of all random numbers", cxxopts::value<std::string>(), "N");
  if (has("table")) add("table", "also write the verdicts as a Markdown table", cxxopts::value<std::string>(), "FILE");
  if (has("quiet")) add("q,quiet", "no progress");
  if (has("continue"))
    add("continue", "go on with the run that is in --output already, if one is: for jobs that are started again");
  if (has("accept-changed-data"))
    add("accept-changed-data",
        "go on with files that have changed since the last checkpoint, and record that they had");
  if (has("from-start"))
    add("from-start",
        "begin a run anew whose states are all damaged or gone, with what is there set aside; others go on as ever");
  if (has("accept-changes"))
    add("accept-changes",
        "go on with a configuration by which the steps so far would have been others, and record that they were not");
  if (has("no-build"))
    add("no-build", "read the files alone: neither their data nor a GPU is needed, and nothing is built");
  if (has("turns"))
    add("turns", "also run every claim with the wrong change that it names ('turns:'), with which it must fail");
  if (has("json")) add("json", "print one JSON object, numbers with all digits");
  if (has("paths")) add("paths", "print every name that 'describe' takes, one a line, for scripts and completion");
  for (const ValueOption& option : kValueOptions)
    if (has(option.name)) add(option.name, option.summary, cxxopts::value<std::string>(), option.argument);
  add("h,help", "show this help");
  add("arguments", "", cxxopts::value<std::vector<std::string>>());
  options.parse_positional({"arguments"});
  return options;
}

std::string nearest_command(const std::string& word) {
  for (const Command& command : commands())
    if (!word.empty() && (command.name.starts_with(word.substr(0, 3)) || word.starts_with(command.name)))
      return fmt::format(" (did you mean '{}'?)", command.name);
  return "; 'talweg --help' lists them";
}

/// "--q" and "--q=1" as "-q" and "-q", "1": the parser knows names of one letter only with one dash.
std::vector<std::string> with_short_names(int argc, char** argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool one_letter =
        word.size() >= 3 && word.starts_with("--") && std::isalpha(static_cast<unsigned char>(word[2]));
    if (one_letter && (word.size() == 3 || word[3] == '=')) {
      words.push_back(word.substr(1, 2));
      if (word.size() > 3) words.push_back(word.substr(4));
    } else {
      words.push_back(word);
    }
  }
  return words;
}

}  // namespace

const std::vector<Command>& commands() {
  static const std::vector<Command> list = {
      {"train",
       "CONFIG",
       "train from a configuration file",
       "Makes a run directory with the resolved configuration, metrics, checkpoints and report.html (default:\n"
       "runs/NAME-DATE-TIME). A configuration with 'sweep:' makes one run per point and a table of them.\n"
       "SIGTERM, SIGINT and SIGUSR1 finish the step, save and end with exit code 6.\n",
       {"set", "output", "continue", "accept-changed-data", "from-start", "device", "seed", "agent", "quiet"},
       1,
       1},
      {"resume",
       "RUN",
       "continue an interrupted run or sweep, or make a finished one longer",
       "Continues from the newest whole checkpoint, bit for bit on the same device. --set changes how long it goes on\n"
       "and what is kept and told of it; a schedule is that of the new length from there on. For example:\n"
       "  talweg resume runs/mine --set training.steps=80000\n"
       "Files of data and weights that have changed since are refused, each by name (exit code 4), unless\n"
       "--accept-changed-data is given; so are options of config.yaml that made the steps so far and have other "
       "values\n"
       "now (exit code 3), unless --accept-changes is given. Where every state is damaged nothing is begun anew or "
       "removed (exit code 4)\n"
       "before --from-start says so.\n",
       {"set", "accept-changed-data", "accept-changes", "from-start", "quiet"},
       1,
       1},
      {"check",
       "CONFIG…",
       "say what 'train' would say before its first step",
       "Reads the files, builds everything they name (data, model, optimizer) and makes the first evaluation, as\n"
       "'train' does, and stops before the first step; nothing is written. Of a sweep every point is built.\n",
       {"set", "no-build"},
       1,
       1000},
      {"list", "[KIND]", "list the components a configuration can name", "", {"paths"}, 0, 1},
      {"describe",
       "NAME",
       "the options of a component or a section: defaults, ranges, meaning",
       "NAME is a component (optimizer.adamw), a section (training, checkpoint), or what is in one\n"
       "(training.batch_size, optimizer.lorenza.ascent, task.language_modeling.adapter).\n",
       {},
       1,
       1},
      {"schema",
       "",
       "print the JSON Schema of configurations, for editors",
       "Put this line first in a configuration: # yaml-language-server: $schema=PATH/TO/schema.json\n",
       {},
       0,
       0},
      {"report",
       "RUN…",
       "write one HTML report of one or several runs",
       "Default: report.html in the run, or compare.html here for several.\n",
       {"output"},
       1,
       1000},
      {"mlflow",
       "RUN…",
       "write runs into a file store that MLflow's pages show",
       "Configuration, metrics over steps and status, as the experiment 'talweg' below --output (default: mlruns);\n"
       "runs that are there already are replaced. Show them with: mlflow ui --backend-store-uri mlruns\n",
       {"output"},
       1,
       1000},
      {"reproduce",
       "CONFIG_OR_FOLDER…",
       "run configurations and check what they expect",
       "Prints claim, expected, got and verdict; ends with exit code 7 when an expectation is not met.\n"
       "A sweep over 'seed' alone is judged by the median of its runs.\n",
       {"set", "seed", "turns", "output", "table", "quiet"},
       1,
       1000},
      {"privacy",
       "",
       "differential privacy of a DP-SGD run: epsilon for a noise, or the noise for an epsilon",
       "Prints every accountant's ε, ε against steps, and a statement to quote; loads no LibTorch. For example:\n"
       "  talweg privacy --noise 1.1 --q 0.01 --steps 10000 --delta 1e-5\n"
       "  talweg privacy --epsilon 8 --n 60000 --batch 256 --epochs 20 --delta 1e-5\n",
       {"noise", "epsilon", "delta", "q", "n", "batch", "steps", "epochs", "sampler", "accountant", "relation", "clip",
        "learning-rate", "radius", "smoothness", "plot", "json"},
       0,
       0},
      {"generate",
       "RUN_OR_MODEL",
       "let a language model continue a text",
       "RUN_OR_MODEL is a run of language modeling, a Hugging Face folder or a GGUF file. The text streams to "
       "standard\n"
       "output, speed to standard error. For example:\n"
       "  talweg generate data/smollm2-135m-instruct.q4_1.gguf --prompt \"The capital of France is\" --max-tokens 20\n",
       {"prompt", "chat", "max-tokens", "temperature", "top-p", "weights", "checkpoint", "device", "seed", "quiet"},
       1,
       1},
      {"export",
       "RUN FOLDER",
       "write the model of a run as a folder that other libraries open",
       "Language models are written in the layout of the Hugging Face library, adapters merged; factors of comparisons "
       "as "
       "arrays of NumPy and as CSV, ids beside them. The folder appears under its name when it is whole; an earlier "
       "one "
       "is replaced then.\n",
       {"checkpoint", "format", "dtype", "quiet"},
       2,
       2},
      {"recommend",
       "RUN",
       "rank the items of a run on comparisons for a user",
       "Prints id and utility, a line each, best first. A user who is not in the data gets the ranking by the "
       "items' bias, or, in a model without, of the mean user.\n"
       "For example:\n"
       "  talweg recommend runs/mine --user ann --top 10\n",
       {"user", "top", "checkpoint"},
       1,
       1},
      {"theory",
       "CONFIG",
       "what is known beforehand of a configuration's step size",
       "Thresholds, orbits and their stability, for tasks that know them (deep_matrix_factorization).\n",
       {"set", "seed"},
       1,
       1},
      {"version", "", "versions of the program and its libraries", "", {}, 0, 0},
      {"completion",
       "SHELL",
       "print the completion script for bash, zsh or fish",
       "For example: source <(talweg completion bash)\n",
       {},
       1,
       1},
  };
  return list;
}

std::string general_help() {
  std::string text =
      "talweg — train models by gradient descent from YAML configurations\n\nUsage: talweg COMMAND "
      "[OPTION…]\n\nCommands:\n";
  for (const Command& command : commands())
    text += fmt::format("  {:<30}{}\n", command.name + (command.arguments.empty() ? "" : " " + command.arguments),
                        command.summary);
  text += "\n'talweg COMMAND --help' explains one. First steps: talweg train configs/quickstart.yaml\n\n";
  return text + kExitCodes;
}

std::string command_help(const Command& command) {
  cxxopts::Options options = make_options(command);
  std::string text =
      fmt::format("talweg {} — {}\n\nUsage: talweg {} {} [OPTION…]\n\n{}{}", command.name, command.summary,
                  command.name, command.arguments, command.details, command.details.empty() ? "" : "\n");
  for (const cxxopts::HelpOptionDetails& option : options.group_help("").options) {
    const std::string& name = option.l.empty() ? option.s : option.l.front();
    if (name == "arguments") continue;
    const std::string names =
        fmt::format("{}--{}{}", option.s.empty() || option.l.empty() ? "    " : "-" + option.s + ", ", name,
                    option.arg_help.empty() ? "" : " " + option.arg_help);
    text += fmt::format("  {:<28}{}\n", names, option.desc);
  }
  return text + "\n" + kExitCodes;
}

std::optional<Invocation> parse_command_line(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "--help";
  if (name == "--help" || name == "-h" || name == "help") {
    std::cout << general_help();
    return std::nullopt;
  }
  if (name == "--version" || name == "-V") {
    std::cout << "talweg " TALWEG_VERSION "\n";
    return std::nullopt;
  }
  const auto command =
      std::find_if(commands().begin(), commands().end(), [&](const Command& c) { return c.name == name; });
  if (command == commands().end())
    throw UsageError(fmt::format("there is no command '{}'{}", name, nearest_command(name)));

  Invocation invocation;
  invocation.command = name;
  invocation.command_line.assign(argv, argv + argc);
  try {
    cxxopts::Options options = make_options(*command);
    const std::vector<std::string> words = with_short_names(argc, argv);
    std::vector<const char*> pointers;
    for (const std::string& word : words) pointers.push_back(word.c_str());
    const cxxopts::ParseResult parsed = options.parse(static_cast<int>(pointers.size()), pointers.data());
    if (parsed.count("help") > 0) {
      std::cout << command_help(*command);
      return std::nullopt;
    }
    const auto text = [&](const char* option) {
      return parsed.count(option) > 0 ? parsed[option].as<std::string>() : std::string();
    };
    if (parsed.count("arguments") > 0) invocation.arguments = parsed["arguments"].as<std::vector<std::string>>();
    invocation.arguments.insert(invocation.arguments.end(), parsed.unmatched().begin(), parsed.unmatched().end());
    const auto known = [&](const char* option) {
      return std::find(command->options.begin(), command->options.end(), option) != command->options.end();
    };
    if (known("set") && parsed.count("set") > 0) invocation.assignments = parsed["set"].as<std::vector<std::string>>();
    if (known("device") && parsed.count("device") > 0) invocation.assignments.push_back("device=" + text("device"));
    if (known("seed") && parsed.count("seed") > 0) invocation.assignments.push_back("seed=" + text("seed"));
    if (known("output")) invocation.output = text("output");
    if (known("table")) invocation.table = text("table");
    for (const ValueOption& option : kValueOptions)
      if (known(option.name) && parsed.count(option.name) > 0)
        invocation.values.emplace_back(option.name, text(option.name));
    invocation.quiet = known("quiet") && parsed.count("quiet") > 0;
    invocation.builds = !(known("no-build") && parsed.count("no-build") > 0);
    invocation.turns = known("turns") && parsed.count("turns") > 0;
    invocation.json = known("json") && parsed.count("json") > 0;
    invocation.lists_paths = known("paths") && parsed.count("paths") > 0;
    invocation.continues = known("continue") && parsed.count("continue") > 0;
    invocation.from_start = known("from-start") && parsed.count("from-start") > 0;
    invocation.accepts_changes = known("accept-changes") && parsed.count("accept-changes") > 0;
    invocation.accepts_changed_data = known("accept-changed-data") && parsed.count("accept-changed-data") > 0;
  } catch (const cxxopts::exceptions::exception& error) {
    throw UsageError(fmt::format("{}; 'talweg {} --help' shows the options", error.what(), name));
  }
  const std::size_t count = invocation.arguments.size();
  if (count < command->fewest || count > command->most)
    throw UsageError(count < command->fewest
                         ? fmt::format("'talweg {}' needs {}; see 'talweg {} --help'", name, command->arguments, name)
                         : fmt::format("'talweg {}' takes {}, found '{}' as well", name,
                                       command->arguments.empty() ? "no argument" : command->arguments,
                                       invocation.arguments[command->most]));
  return invocation;
}

}  // namespace talweg::app
