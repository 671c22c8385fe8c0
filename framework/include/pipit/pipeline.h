// The runtime inside a host program: open a pipeline, give it items, take results.
//
//   pipit::Pipeline pipeline = pipit::Pipeline::open("video_embedding.yaml");
//   pipit::Result result = pipeline.call({{"path", "clip.mp4"}});
//   if (!result.error) use(result.at("vec").tensor());
//
// or, as a stream: stream(), which has a thread of its own for the inputs; or one thread of the host push()es and at
// last calls close(), another calls next() until it returns nothing.
//
// open() reads the file, loads the operators, constructs them (models are read here) and starts one thread a node
// replica. Everything that is wrong with the pipeline is thrown by open(), as one pipit::Error; after it, what goes
// wrong belongs to an item and is in its Result. The destructor cancels what is still running and joins the threads; an
// operator that never returns keeps it waiting.
//
// All functions may be called from any thread, the destructor excepted. Several pipelines may run in one process; nodes
// with the same weights share one model. The host's signal handlers, locale, standard streams and LibTorch settings are
// left alone.
//
// A pipeline belongs to the process that opened it. In a child after fork() its threads are not there: what would use
// them throws `unavailable`, close() and cancel() do nothing, the destructor leaves everything to the parent. Open it
// in the child, and fork before anything is opened: a lock that another thread held stays locked in the child for ever.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "pipit/row.h"
#include "pipit/signature.h"
#include "pipit/value.h"

#define PIPIT_EXPORT __attribute__((visibility("default")))

#pragma GCC visibility push(hidden)

namespace pipit {

/// Why an item has no result.
struct ItemError {
  std::string node;     // empty when the item itself was wrong
  std::string code;     // see pipit/error.h
  std::string message;  // one sentence
};

using Inputs = std::vector<std::pair<std::string, Value>>;

/// One item's outcome.
struct Result {
  std::int64_t item = 0;       // counted from 0 in the order of push
  std::vector<Value> outputs;  // in the order of Pipeline::outputs(); a column of many rows is a list. Empty on error
  std::vector<std::string> names;  // of the outputs
  std::optional<ItemError> error;

  /// The output of a name; null when there is none.
  Value get(std::string_view name) const {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (names[i] == name) return outputs[i];
    }
    return {};
  }
  /// The output of a name. Throws pipit::Error (`not_found`) that lists the outputs when there is none.
  const Value& at(std::string_view name) const {
    std::string known;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (names[i] == name) return outputs[i];
      known += (known.empty() ? "'" : ", '") + names[i] + "'";
    }
    throw Error("not_found", "no output '" + std::string(name) + "'; the item has " + (known.empty() ? "none" : known));
  }
};

/// A column that a pipeline takes or gives.
struct ColumnInfo {
  std::string name;
  std::string type;   // "string", "tensor<f32>[512]", …; of one row
  bool many = false;  // given as a list of rows
  /// The node whose rows these are; empty: one row an item. Columns of one node's rows have as many rows each.
  std::string rows_of{};
  /// The name of the space that its vectors lie in, where Options::spaces asked: that of the nearest node above that
  /// has one, of several ones all, joined by " + ". Empty: none has. Vectors of different spaces cannot be compared.
  std::string space{};
  std::int64_t dimension = 0;  // of its vectors, as that node says; 0: it does not
};

/// What a pipeline file says of the index that its vectors are kept in: `index:`.
struct IndexInfo {
  /// A pipeline of one input that gives a query's vector.
  struct Query {
    std::string key;             // what is asked with: "text", "image" or "video"
    std::filesystem::path file;  // absolute
    /// For Options::set: this file's vars of the names that the query's has. One that names a file is absolute.
    std::vector<std::pair<std::string, std::string>> set;
  };
  std::string vector;  // the output that is searched
  std::vector<Query> queries;
};

/// What one node has done so far.
struct NodeStats {
  std::string name;
  std::string op;
  std::int64_t items = 0;
  std::int64_t rows_in = 0;
  std::int64_t rows_out = 0;
  std::int64_t calls = 0;                                      // of the operator, each with one row or more
  std::int64_t failed = 0;                                     // items that failed here
  double busy_s = 0;                                           // in the operator, all replicas together
  double waiting_s = 0;                                        // for input
  double blocked_s = 0;                                        // on a full queue downstream
  double in_call_s = 0;                                        // since the oldest call under way began; 0: none is
  std::int64_t queued_rows = 0;                                // the most that stood in one of its input queues
  std::int64_t queued_bytes = 0;                               // likewise
  std::vector<std::pair<std::string, std::int64_t>> counters;  // of the operator's own
  std::vector<std::pair<std::string, Value>> facts;  // what the operator reported of itself after construction
};

/// A stretch of time of one thread.
struct Span {
  enum class Kind {
    kCall,    // of the operator, waits for room inside it included
    kBlocked  // on a full queue downstream
  };
  Kind kind = Kind::kCall;
  std::string_view node;  // valid while the span is told
  std::uint32_t replica = 0;
  std::int64_t rows = 0;  // of the call; or waiting to be passed on
  std::int64_t first_item = 0;
  std::int64_t last_item = 0;
  std::chrono::steady_clock::time_point begin;
  std::chrono::steady_clock::time_point end;
};

/// An operator of the host's own code: a function, used by nodes that name it.
///
///   options.operators.emplace_back(
///       "host.length", pipit::Signature("Bytes of a text.").input("text", "string").output("bytes", "int"),
///       [](const pipit::Row& row) { return static_cast<std::int64_t>(row[0].string().size()); });
///
/// and in the file: {name: n, op: host.length, in: text, out: bytes}.
struct HostOperator {
  using Function = std::function<void(const Row& row, Emitter& out)>;

  /// `name` has an operator's form, "host.length", and comes before an operator of that name on the search path. The
  /// signature has no arguments (the function brings along what it needs), is not per_item and takes no batches. The
  /// function is `Value f(const Row&)` or `void f(const Row&, Emitter&)`; it is called by the threads of the nodes that
  /// use it, at the same time when there are several, and lives as long as the pipeline. What it throws fails the
  /// row's item.
  template <class F>
  HostOperator(std::string name_, Signature signature_, F f)
      : name(std::move(name_)), signature(std::move(signature_)) {
    if constexpr (std::invocable<F&, const Row&, Emitter&>) {
      function = std::move(f);
    } else {
      function = [f = std::move(f)](const Row& row, Emitter& out) mutable { out.emit(Value(f(row))); };
    }
  }

  std::string name;
  Signature signature;
  Function function;
};

struct Options {
  /// `--set`: {"embed.device", "cuda"}, {"vars.weights", "w.safetensors"}.
  std::vector<std::pair<std::string, std::string>> set;
  /// Searched for operators before PIPIT_OPERATOR_PATH and the installed ones.
  std::vector<std::filesystem::path> operator_path;
  /// Operators of the host's own code.
  std::vector<HostOperator> operators;
  /// Threads for LibTorch, FFmpeg and the like, all together; 0: leave their settings as they are.
  int threads = 0;
  /// Items in the pipeline at once, those whose results wait to be taken included; push blocks beyond. At least 1.
  int items_in_flight = 256;
  /// Asks the operators for the names of their vectors' spaces, for ColumnInfo::space and the fact `space`. Weights
  /// that were never asked before are read wholly for it.
  bool spaces = false;
  /// Called with each warning, from any thread. Empty: warnings are dropped.
  std::function<void(const std::string& message)> on_warning;
  /// Called by open() before each step that may take long (loading an operator, reading a model); true makes open()
  /// throw `cancelled`.
  std::function<bool()> cancel_opening;
  /// Called after each call and each wait, by the thread that made it; must be quick and must not throw. Empty: costs
  /// nothing.
  std::function<void(const Span& span)> on_span;
};

class PIPIT_EXPORT Pipeline {
 public:
  /// Throws pipit::Error: the file, an operator, an argument or a weight file is wrong. The message has every
  /// fault, each with its line of the file and a caret under the place.
  static Pipeline open(const std::filesystem::path& file, const Options& options = {});
  /// The same for a text; relative paths in it start in `folder`.
  static Pipeline parse(std::string_view yaml, const std::filesystem::path& folder = ".", const Options& options = {});

  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;
  ~Pipeline();

  std::vector<ColumnInfo> inputs() const;
  /// With the types that are known now that the operators are constructed.
  std::vector<ColumnInfo> outputs() const;

  /// Runs one item and returns its result.
  Result call(Inputs inputs);
  /// Starts one item; its result comes through the future. Blocks while too many are in flight. In a child after fork()
  /// nobody fulfils a future of the parent's.
  std::future<Result> submit(Inputs inputs);
  /// The same with a function in the future's place. It is called once, by a thread of the pipeline, or by the one that
  /// calls cancel() or this; while it runs that thread does nothing else, so it hands the result on and returns. It
  /// must not throw, nor destroy the pipeline.
  void submit(Inputs inputs, std::function<void(Result)> done);

  /// Runs a whole stream, once in the pipeline's life: `give` returns the inputs of one item after the other and at
  /// last nothing (a std::optional<Inputs>), called by a thread of the stream's own; `take` gets each Result in the
  /// order of the inputs, called by this thread. Holds no more than Options::items_in_flight items at once. What `take`
  /// throws cancels the pipeline, what `give` throws ends the stream behind the items that it gave; both are thrown
  /// here, when `give` has returned. After cancel() it returns with the results that were there.
  template <class Give, class Take>
  void stream(Give give, Take take);

  /// Starts one item of the stream; its result comes from next(). Blocks while too many are in flight: where the thread
  /// that takes results gives up, it calls cancel() before it waits for the one that pushes. False after
  /// cancel().
  bool push(Inputs inputs);
  /// Puts an item in the stream that is already known to be wrong, so that its error comes in its place.
  bool push_error(ItemError error);
  /// No more push() will come.
  void close();
  /// The next result of the stream, in the order of push. Blocks; nothing when all have been taken after close(), or
  /// after cancel().
  std::optional<Result> next();

  /// Gives up all items in flight: their futures get the error `cancelled`, next() ends. From any state; returns at
  /// once.
  void cancel();

  /// In the file's order. Cheap, and may be asked for while the pipeline runs: reads counters that are counted anyway.
  std::vector<NodeStats> stats() const;
  /// What was opened, after all substitutions: `inputs`, `nodes` with their operators, versions and arguments,
  /// `outputs`; a map. Equal for two pipelines that compute the same from the same files.
  Value describe() const;
  /// What the file says of an index; nothing when it says nothing. Reads the queries' files: throws pipit::Error as
  /// open() does when one is wrong.
  std::optional<IndexInfo> index() const;
  /// What runs where, for people.
  std::string explain() const;

 private:
  class Running;
  explicit Pipeline(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

template <class Give, class Take>
void Pipeline::stream(Give give, Take take) {
  std::exception_ptr failure;
  {
    // Joined at the end of this block, however it is left; by then nothing that it may wait for is missing.
    const std::jthread producer([&] {
      try {
        while (std::optional<Inputs> inputs = give()) {
          if (!push(std::move(*inputs))) return;
        }
      } catch (...) {
        failure = std::current_exception();
      }
      close();
    });
    try {
      while (std::optional<Result> result = next()) take(std::move(*result));
    } catch (...) {
      cancel();
      throw;
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace pipit

#pragma GCC visibility pop
