// A pipeline file as written: names and arguments with their places, substitutions done, nothing looked up yet.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/faults.h"
#include "spec/substitution.h"
#include "spec/yaml.h"

namespace pipit {

/// One argument as written, after substitution.
struct ArgumentSpec {
  std::string name;
  YamlNode value;
  // Its text begins with something from the command line or the environment: paths in it are relative to the working
  // directory, and a text that looks like a number may serve as text.
  bool from_outside = false;
  bool overrides = false;              // from --set: takes the place of what was written before
  std::filesystem::path folder{};      // else paths in it start here: the folder of the file that it was written in
  std::vector<UnsetVariable> unset{};  // its value is not known without these
  bool told = false;                   // its text has a fault, which was reported: it is not judged
  SourcePlace at{};                    // of its name; none of one from --set
};

/// Which rows an operator with a window input takes together.
struct WindowSpec {
  enum class Kind { kAll, kCount, kTime };
  Kind kind = Kind::kAll;
  std::int64_t size = 0;  // rows
  std::int64_t step = 0;  // rows
  double seconds = 0;
  double step_s = 0;
};

/// A fact about each window that a window node can give beside its operator's columns: a column of whole numbers.
enum class WindowFact { kStart, kEnd, kRows };
/// Its key in the file: "start".
std::string_view window_fact_key(WindowFact fact);

/// "16 rows, step 8": for people.
std::string window_text(const WindowSpec& window);

/// The source of a node's input: a column by its name, or a value written in its place.
struct InputRef {
  std::string port;  // empty: by position
  YamlNode column{};
  bool constant = false;               // `column` is a value
  std::vector<UnsetVariable> unset{};  // that the value needs
  bool told = false;                   // what it means is not known, and why was reported
  SourcePlace at{};                    // of the port's name, if it is written, else of the column
};

/// A name that from here on means a column also known by another. At the borders of a pipeline that is used as a node.
struct Alias {
  std::string place;  // the file that uses it
  std::string node;   // and the node there
  std::string name;
  InputRef means;
  std::string type;  // that the column must have; empty: any
};

/// That a node's operator runs in processes of its own, and what each of them may take.
struct IsolateSpec {
  std::uint32_t memory_mib = 4096;
  double seconds = 300;  // that a call may give no sign of life
};

struct NodeSpec {
  std::string place;             // the file that has it
  std::filesystem::path folder;  // of that file
  std::vector<Alias> enter;      // before it
  std::vector<Alias> leave;      // after it
  SourcePlace at{};
  std::map<std::string, SourcePlace, std::less<>> parts;  // the places of the values of its keys
  std::string name;
  std::string op;
  std::vector<InputRef> in;
  std::vector<YamlNode> out;
  std::vector<YamlNode> keep;
  bool has_keep = false;
  std::optional<WindowSpec> window;
  std::optional<YamlNode> window_by;                          // the column of times
  std::vector<std::pair<WindowFact, YamlNode>> window_facts;  // with the names of their columns
  std::vector<ArgumentSpec> args;
  std::uint32_t replicas = 1;
  std::uint32_t batch_max = 0;   // 0: what the operator says is useful
  double batch_wait_ms = 0;      // how long a call waits for more rows
  std::uint32_t queue_rows = 0;  // 0: the default
  double queue_mib = 0;
  double hold_mib = 0;  // 0: not asked for
  std::optional<IsolateSpec> isolate;

  // What is wrong with it was reported, and what follows from that is not:
  bool told = false;             // which operator it is, or what it reads, gives or works on
  bool args_told = false;        // what its arguments are
  bool columns_unknown = false;  // it may give columns that are not in `out`

  /// The place of the value of a key; of its operator, or the node itself, where the key is not there.
  SourcePlace part(std::string_view key) const;
};

struct InputSpec {
  SourcePlace at{};
  std::string name;
  std::string type;
  SourcePlace type_at{};
  bool told = false;  // something is wrong with it
};

/// `--set NODE.ARG=VALUE` or `--set vars.NAME=VALUE`; or a var that a pipeline used as a node is given.
struct Override {
  std::string target;
  std::string value;
  bool from_outside = true;
  std::filesystem::path folder{};  // of the file that it was written in, if it was
  std::vector<UnsetVariable> unset{};
  bool told = false;
  std::string place{};    // the file that it was written in, if it was
  SourcePlace at{};       // and where
  bool if_there = false;  // a file without such a var does without
};

/// What the file says of the index that its vectors are kept in.
struct IndexSpec {
  /// A pipeline that gives a query's vector.
  struct Query {
    SourcePlace at{};
    std::string key;  // what is asked with: "text", "image", "video"
    std::filesystem::path file;
    std::vector<UnsetVariable> unset{};  // its name is not known without these
  };
  SourcePlace at{};
  YamlNode vector;  // the output that is searched
  std::vector<Query> queries;
  bool told = false;  // something is wrong with it, which was reported
};

struct VarSpec {
  std::string name;
  Substituted value;
};

struct FileBudget;

struct Spec {
  std::string place;             // for messages: the file as the user named it
  std::filesystem::path folder;  // relative paths in the file start here
  std::string name;
  std::vector<InputSpec> inputs;
  std::vector<NodeSpec> nodes;
  std::vector<YamlNode> outputs;
  std::optional<IndexSpec> index;
  std::vector<VarSpec> vars;
  bool unset_is_warning = false;
  bool columns_unknown = false;  // a fault hides some of its inputs, nodes or outputs
  Faults faults;                 // of a draft

  struct Options {
    std::vector<Override> overrides{};
    bool unset_is_warning = false;  // a `${NAME}` that is not in the environment: `check` warns, `run` stops
    std::vector<std::filesystem::path> within{};  // the files that include this one, outermost first
    std::string prefix{};                         // of its nodes' names there, for messages: "embed."
    std::shared_ptr<FileBudget> budget{};         // of all files together; null: of this one and those that it includes

    /// The last override of `target`, as on any command line; null: there is none.
    const Override* override_of(std::string_view target) const;
  };

  /// Throws pipit::Error (`not_found`, `invalid_pipeline`) with every fault of the file.
  static Spec read(const std::filesystem::path& file, const Options& options);
  static Spec parse(std::string_view text, std::string_view place, const std::filesystem::path& folder,
                    const Options& options);
  /// As these, but faults that do not hinder reading on stay in `faults`, for Graph::build to throw with its own.
  static Spec draft(const std::filesystem::path& file, const Options& options);
  static Spec draft(std::string_view text, std::string_view place, const std::filesystem::path& folder,
                    const Options& options);
};

}  // namespace pipit
