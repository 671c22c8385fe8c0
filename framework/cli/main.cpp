// The program `pipit`: one subcommand each for what a pipeline author does.

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "command.h"
#include "crash_report.h"
#include "near.h"
#include "pipit/error.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kUsage =
    R"(usage: pipit COMMAND …

  run PIPELINE.yaml      embed, filter, convert: run items through a pipeline
  check PIPELINE.yaml    say what is wrong with a pipeline: all that can be known without running
                         an operator's code or reading weights
  operators              list the operators that are installed or on the operator path
  inspect NAME           an operator's ports, arguments and documentation
  eval WHAT FILE…        compare vectors: retrieval (recall), similarity (a table), vectors
  weights WHAT FILE      inspect, verify, convert and quantize weight files; the cache of converted ones
  plugin test FILE.so    the conformance kit: what an operator module must do right

pipit COMMAND --help tells a command's options; pipit --version the version.
)";

struct Command {
  const char* name;
  int (*function)(const Arguments& arguments);
  bool names_who_ends_it;  // runs operators' code; the kit of `plugin` looks itself at what its child processes do
};

constexpr Command kCommands[] = {
    {"run", run, true},        {"check", check, true}, {"operators", list_operators, true}, {"inspect", inspect, true},
    {"plugin", plugin, false}, {"eval", eval, false},  {"weights", weights, false}};

int dispatch(const Arguments& all) {
  if (all.empty() || all[0] == "--help" || all[0] == "-h" || all[0] == "help") {
    fmt::print(all.empty() ? stderr : stdout, "{}", kUsage);
    return all.empty() ? kNothingRan : kAllGood;
  }
  if (all[0] == "--version") {
    fmt::print("pipit {}\n", PIPIT_VERSION);
    return kAllGood;
  }
  std::vector<std::string> names;
  for (const Command& command : kCommands) {
    if (all[0] == command.name) {
      if (command.names_who_ends_it) report_crashes();
      return command.function({all.begin() + 1, all.end()});
    }
    names.emplace_back(command.name);
  }
  throw UsageError(fmt::format("no command '{}' (pipit --help lists them){}", all[0], did_you_mean(all[0], names)));
}

}  // namespace

Parsed parse(const Arguments& arguments, const std::string& usage, const po::options_description& options,
             const po::positional_options_description& positional) {
  po::options_description all;
  all.add(options).add_options()("help,h", "this text");
  Parsed parsed;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(positional).run(), parsed.values);
    if (parsed.values.contains("help")) {
      std::cout << "usage: pipit " << usage << "\n\n" << options << std::flush;
      parsed.done = true;
      return parsed;
    }
    po::notify(parsed.values);
  } catch (const po::error& e) {
    throw UsageError(fmt::format("{}; usage: pipit {}", e.what(), usage));
  }
  return parsed;
}

void add_pipeline_options(po::options_description& options) {
  options.add_options()("set", po::value<std::vector<std::string>>()->composing()->value_name("NODE.ARG=VALUE"),
                        "set an argument of a node, or vars.NAME; may be repeated");
  options.add_options()("operator-path", po::value<std::vector<std::string>>()->composing()->value_name("DIR"),
                        "search this folder for operators first; may be repeated");
}

std::vector<std::pair<std::string, std::string>> assignments(const po::variables_map& values,
                                                             const std::string& option) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!values.contains(option)) return pairs;
  for (const std::string& text : values[option].as<std::vector<std::string>>()) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw UsageError(fmt::format("--{} takes NAME=VALUE, found '{}'", option, text));
    }
    pairs.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return pairs;
}

std::vector<std::filesystem::path> operator_folders(const po::variables_map& values) {
  std::vector<std::filesystem::path> folders;
  if (!values.contains("operator-path")) return folders;
  for (const std::string& folder : values["operator-path"].as<std::vector<std::string>>()) folders.emplace_back(folder);
  return folders;
}

}  // namespace pipit::cli

int main(int argc, char** argv) {
  using namespace pipit::cli;
  // A closed pipe is an error of write(), told as one; not a silent death.
  std::signal(SIGPIPE, SIG_IGN);
  // And so is a file that may grow no further.
  std::signal(SIGXFSZ, SIG_IGN);
  // Threads of OpenMP that wait by spinning take the processor from the thread that they wait for, where there is other
  // work on the machine. Read as a module brings OpenMP in; no other thread runs yet.
  ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
  try {
    return dispatch({argv + 1, argv + argc});
  } catch (const UsageError& e) {
    fmt::print(stderr, "pipit: {}\n", e.what());
    return kNothingRan;
  } catch (const pipit::Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return e.code() == "output_failed" ? kBrokeOff : kNothingRan;
  } catch (const std::exception& e) {
    fmt::print(stderr, "pipit: {}\n", e.what());
    return kNothingRan;
  }
}
