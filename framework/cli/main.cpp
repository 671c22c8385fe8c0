// The program `pipit`: one subcommand each for what a pipeline author does.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "base/near.h"
#include "base/process_limits.h"
#include "cli/output/standard_output.h"
#include "command.h"
#include "crash_report.h"
#include "pipit/error.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;

constexpr unsigned kMostPositional = 8;  // of any command

constexpr const char* kUsage =
    R"(usage: pipit COMMAND …

  run PIPELINE.yaml      embed, filter, convert: run items through a pipeline
  merge OUT…             put the results of a run's shards together, as one run gives them
  check PIPELINE.yaml    say what is wrong with a pipeline: all that can be known without running
                         an operator's code or reading weights
  operators              list the operators that are installed or on the operator path
  inspect NAME           an operator's ports, arguments and documentation
  search DIR.index       find moments, clips and images by a sentence, an image or a clip
  index COMMAND          info, verify, remove, compact, tune, export, import: an index itself
  serve PIPELINE.yaml…   embeddings and search over HTTP
  eval COMMAND           compare vectors: retrieval (recall), similarity (a table), vectors
  weights COMMAND        inspect, verify, convert and quantize weight files; the cache of converted ones
  plugin COMMAND         the conformance kit for operator modules

pipit COMMAND --help tells a command's options; pipit --version the version.
)";

constexpr Command kCommands[] = {
    {"run", run},         {"merge", merge},   {"check", check},    {"operators", list_operators},
    {"inspect", inspect}, {"search", search}, {"index", index},    {"serve", serve},
    {"plugin", plugin},   {"eval", eval},     {"weights", weights}};

/// Libraries that look for it later have worse words.
void check_working_directory() {
  std::error_code error;
  static_cast<void>(std::filesystem::current_path(error));
  if (!error) return;
  throw Error("unavailable", fmt::format("the working directory cannot be used ({}), as when it was removed or moved "
                                         "meanwhile; change into one that is there: cd DIR",
                                         error.message()));
}

int main_command(const Arguments& arguments) {
  if (!arguments.empty() && arguments[0] == "--version") {
    fmt::print("pipit {}\n", PIPIT_VERSION);
    return kAllGood;
  }
  check_working_directory();
  // What runs operators' code; the kit of `plugin` looks itself at what its child processes do.
  constexpr std::string_view kNameWhoEndsThem[] = {"run", "check", "operators", "inspect", "search", "index", "serve"};
  if (!arguments.empty() && std::ranges::find(kNameWhoEndsThem, arguments[0]) != std::end(kNameWhoEndsThem)) {
    report_crashes();
  }
  return dispatch("pipit", kUsage, kCommands, arguments);
}

}  // namespace

int dispatch(const std::string& subject, const char* usage, std::span<const Command> commands,
             const Arguments& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    fmt::print(arguments.empty() ? stderr : stdout, "{}", usage);
    return arguments.empty() ? kNothingRan : kAllGood;
  }
  std::vector<std::string> names;
  for (const Command& command : commands) {
    if (arguments[0] == command.name) return command.function({arguments.begin() + 1, arguments.end()});
    names.emplace_back(command.name);
  }
  const std::string whose = subject == "pipit" ? "" : subject.substr(subject.find(' ') + 1) + " has ";
  throw UsageError(fmt::format("{}no command '{}' ({} --help lists them){}", whose, arguments[0], subject,
                               did_you_mean(arguments[0], names)));
}

namespace {

/// What is wrong with the options, in words of our own; the library fills in the names.
std::string fault_of(po::error& error, const po::options_description& options) {
  if (auto* unknown = dynamic_cast<po::unknown_option*>(&error)) {
    std::vector<std::string> names{"--help"};
    for (const auto& option : options.options()) names.push_back("--" + option->long_name());
    return fmt::format("no option '{}'{}", unknown->get_option_name(), did_you_mean(unknown->get_option_name(), names));
  }
  const auto said = [](po::error_with_option_name& e, const char* words) {
    e.m_error_template = words;
    return std::string(e.what());
  };
  if (auto* wrong = dynamic_cast<po::invalid_option_value*>(&error)) {
    const std::string name = wrong->get_option_name();
    const auto* option = options.find_nothrow(name.substr(name.find_first_not_of('-')), false);
    const bool fraction = option != nullptr && dynamic_cast<const po::typed_value<double>*>(option->semantic().get());
    return said(*wrong, fraction ? "%canonical_option% takes a number, found '%value%'"
                                 : "%canonical_option% takes a whole number, found '%value%'");
  }
  if (auto* twice = dynamic_cast<po::multiple_occurrences*>(&error)) {
    return said(*twice, "%canonical_option% is given more than once");
  }
  if (auto* syntax = dynamic_cast<po::invalid_command_line_syntax*>(&error);
      syntax != nullptr && syntax->kind() == po::invalid_syntax::missing_parameter) {
    return said(*syntax, "%canonical_option% needs a value");
  }
  return fmt::format("the options cannot be understood ({})", error.what());
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
  } catch (const po::required_option& e) {
    const std::string option = e.get_option_name();
    const std::string name = option.substr(option.find_first_not_of('-'));
    std::string shown = options.find(name, false).format_parameter();
    if (shown == "arg") {
      shown = name;
      std::ranges::transform(shown, shown.begin(), [](unsigned char c) { return std::toupper(c); });
    }
    bool is_positional = false;
    for (unsigned i = 0; i < positional.max_total_count() && i < kMostPositional; ++i) {
      is_positional = is_positional || positional.name_for_position(i) == name;
    }
    throw UsageError(fmt::format("{} is missing; usage: pipit {}", is_positional ? shown : "--" + name, usage));
  } catch (const po::too_many_positional_options_error&) {
    throw UsageError(fmt::format(
        "one argument too many (a pattern of files goes in quotes: 'clips/*.mp4'); usage: pipit {}", usage));
  } catch (po::error& e) {
    throw UsageError(fmt::format("{}; usage: pipit {}", fault_of(e, options), usage));
  }
  return parsed;
}

void add_pipeline_options(po::options_description& options) {
  options.add_options()("set", po::value<std::vector<std::string>>()->composing()->value_name("NODE.ARG=VALUE"),
                        "set an argument of a node, or vars.NAME; may be repeated");
  options.add_options()("operator-path", po::value<std::vector<std::string>>()->composing()->value_name("DIR"),
                        "search this folder for operators first; may be repeated");
}

void add_memory_option(po::options_description& options) {
  options.add_options()("memory", po::value<std::int64_t>()->value_name("MIB"),
                        "memory that this process may have, files that are mapped to be read aside; an item that needs "
                        "more fails");
}

std::int64_t limit_memory_by(const po::variables_map& values) {
  if (!values.contains("memory")) return 0;
  constexpr std::int64_t kLeast = 256;                   // MiB: the libraries' own
  constexpr std::int64_t kMost = std::int64_t{1} << 40;  // more is no number of bytes
  const std::int64_t mib = values["memory"].as<std::int64_t>();
  if (mib < kLeast || mib > kMost) {
    throw UsageError(fmt::format("--memory takes a number of MiB from {} to {}, found {}", kLeast, kMost, mib));
  }
  if (!limit_memory(mib << 20)) {
    throw Error("unavailable", "--memory: the kernel does not let this process bound its memory");
  }
  return mib << 20;
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
  for (const std::string& folder : values["operator-path"].as<std::vector<std::string>>()) {
    if (folder.empty()) throw UsageError("--operator-path is empty; name a folder ('.' is the working directory)");
    folders.emplace_back(folder);
  }
  return folders;
}

}  // namespace pipit::cli

int main(int argc, char** argv) {
  using namespace pipit::cli;
  open_standard_descriptors();
  // A closed pipe is an error of write(), told as one; not a silent death.
  std::signal(SIGPIPE, SIG_IGN);
  // And so is a file that may grow no further.
  std::signal(SIGXFSZ, SIG_IGN);
  // Threads of OpenMP that spin for long take the processor from the thread that they wait for, where there is other
  // work on the machine; those that sleep at once are woken for every small product. So they spin for some
  // microseconds. Read as a module brings OpenMP in; no other thread runs yet.
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) {
    ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/1);
    ::setenv("GOMP_SPINCOUNT", "10000", /*overwrite=*/0);
  }
  try {
    const int status = main_command({argv + 1, argv + argc});
    expect_exit();
    // What was printed may still be on its way; a disk may be full.
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    // A reader that has seen enough, as `head` has, needs no word.
    if (errno != EPIPE) fmt::print(stderr, "cannot write standard output: {}\n", std::strerror(errno));
    return kBrokeOff;
  } catch (const UsageError& e) {
    fmt::print(stderr, "pipit: {}\n", e.what());
    return kNothingRan;
  } catch (const pipit::Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return e.code() == "output_failed" || e.code() == "input_failed" ? kBrokeOff : kNothingRan;
  } catch (const std::exception& e) {
    fmt::print(stderr, "pipit: {}\n", e.what());
    return kNothingRan;
  }
}
