// The subcommands of `pipit`. Each takes its own arguments and returns the exit status; what is wrong is thrown.
#pragma once

#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/program_options.hpp>

namespace pipit::cli {

// Exit statuses; docs/pipelines.md lists them.
inline constexpr int kAllGood = 0;
inline constexpr int kSomeFailed = 1;
inline constexpr int kNothingRan = 2;  // the command, the pipeline, an operator or a weight file is wrong
inline constexpr int kBrokeOff = 3;    // the output cannot be written, the inputs cannot be read to their end

using Arguments = std::vector<std::string>;

int run(const Arguments& arguments);
int merge(const Arguments& arguments);
int check(const Arguments& arguments);
int list_operators(const Arguments& arguments);
int inspect(const Arguments& arguments);
int plugin(const Arguments& arguments);
int eval(const Arguments& arguments);
int weights(const Arguments& arguments);
int search(const Arguments& arguments);
int index(const Arguments& arguments);
int serve(const Arguments& arguments);

/// One of several commands that share a word: `pipit weights inspect`.
struct Command {
  const char* name;
  int (*function)(const Arguments& arguments);
};
/// Runs the command that the first argument names, with the others. `--help`, -h and `help` print `usage`; so does no
/// argument at all, on standard error and with kNothingRan. `subject`: "pipit weights". Throws UsageError.
int dispatch(const std::string& subject, const char* usage, std::span<const Command> commands,
             const Arguments& arguments);

/// The command line itself is wrong; exit status 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Parses a subcommand's arguments. With `--help` among them it prints `usage` and the options, and `done` is true.
struct Parsed {
  boost::program_options::variables_map values;
  bool done = false;
};
Parsed parse(const Arguments& arguments, const std::string& usage,
             const boost::program_options::options_description& options,
             const boost::program_options::positional_options_description& positional);

/// The options that every subcommand with a pipeline has: --set and --operator-path.
void add_pipeline_options(boost::program_options::options_description& options);
/// --memory, of subcommands that run pipelines.
void add_memory_option(boost::program_options::options_description& options);
/// Bounds this process's memory as --memory says; before anything is opened. Bytes; 0: it is not given. Throws
/// UsageError.
std::int64_t limit_memory_by(const boost::program_options::variables_map& values);
/// "NODE.ARG=VALUE" texts as pairs.
std::vector<std::pair<std::string, std::string>> assignments(const boost::program_options::variables_map& values,
                                                             const std::string& option);
std::vector<std::filesystem::path> operator_folders(const boost::program_options::variables_map& values);

}  // namespace pipit::cli
