// The runtime's side of the binary interface: what the opaque types of operator_c.h are, and the function table.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "pipit/value.h"

namespace pipit {

/// Receives emit, fail and stop_requested of one call; implemented by the worker that makes the call.
class EmitterSink {
 public:
  virtual bool emit(std::uint32_t row, pipit_value* outputs) = 0;  // takes the outputs; false: nobody wants more
  virtual void fail(std::uint32_t row, Error error) = 0;
  virtual bool stop_requested() const = 0;
  virtual std::size_t output_ports() const = 0;

 protected:
  ~EmitterSink() = default;
};

/// What a module's entry is given: the whole table of this process.
const pipit_host& runtime_table();

class OwnOperator;
class IsolatedOperator;

/// Receives warnings and counters of a node; implemented by the pipeline.
class NodeMonitor {
 public:
  virtual void warn(const std::string& message) = 0;
  virtual void count(std::string_view counter, std::int64_t n) = 0;

 protected:
  ~NodeMonitor() = default;
};

}  // namespace pipit

struct pipit_error {
  std::string code;
  std::string message;
  std::string node;  // of an item's error
};

struct pipit_text {
  std::string text;
};

struct pipit_context {
  std::string node;
  std::uint32_t threads = 0;
  pipit::NodeMonitor* monitor = nullptr;
  const pipit::OwnOperator* own = nullptr;      // of a node that runs the host's own code
  std::string place{};                          // of the node, for messages: "p.yaml:4: node 'embed': "
  std::string op{};                             // the operator's name
  pipit::IsolatedOperator* isolated = nullptr;  // of a node whose operator runs in processes of its own
};

/// Lives as long as who makes the calls, so that a thread which an operator has forgotten finds it still there.
struct pipit_emitter {
  explicit pipit_emitter(pipit::EmitterSink& to) : sink(&to) {}

  pipit::EmitterSink* const sink;
  std::atomic<std::thread::id> called{};  // the thread whose call is under way; none between calls
  std::atomic<bool> strayed{false};       // another thread emitted or failed a row, which was dropped

  bool is_under_way() const { return called.load(std::memory_order_relaxed) != std::thread::id(); }
  /// False for any other thread than the one that was called: sinks know no locks.
  bool admits() {
    if (called.load(std::memory_order_relaxed) == std::this_thread::get_id()) return true;
    strayed.store(true, std::memory_order_relaxed);
    return false;
  }
};
