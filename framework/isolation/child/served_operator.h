// The operator that this process runs, and the messages that it is driven by.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "isolation/channel.h"
#include "module/operator_instance.h"
#include "module/operator_module.h"

namespace pipit {

/// Warnings and counters of the node, passed on. May be used by any thread.
class ServedMonitor final : public NodeMonitor {
 public:
  explicit ServedMonitor(Channel& channel) : channel_(channel) {}
  void warn(const std::string& message) override { channel_.send(MessageKind::kWarn, message); }
  void count(std::string_view counter, std::int64_t n) override {
    channel_.send(MessageKind::kCount, Value::list({counter, n}));
  }

 private:
  Channel& channel_;
};

class ServedOperator final : private EmitterSink {
 public:
  explicit ServedOperator(Channel& channel) : channel_(channel), monitor_(channel) {}

  /// Answers messages until the other end is gone.
  void serve();

 private:
  // What the operator calls during process and finish.
  bool emit(std::uint32_t row, pipit_value* outputs) override;
  void fail(std::uint32_t row, Error error) override;
  bool stop_requested() const override;
  std::size_t output_ports() const override { return outputs_; }

  void answer(const Message& question);
  void create(const Value& body);
  void call(OperatorInstance::Function function, const Value& body, std::uint32_t rows, const Value& columns);
  bool hear(std::chrono::milliseconds wait) const;
  OperatorInstance& instance();

  Channel& channel_;
  ServedMonitor monitor_;
  pipit_context context_;
  const OperatorModule* module_ = nullptr;
  std::unique_ptr<OperatorInstance> instance_;
  pipit_emitter emitter_{*this};

  // Of the call under way.
  std::size_t outputs_ = 0;  // ports
  // An operator's own threads may ask whether to stop.
  mutable std::mutex hearing_;              // held by who reads what comes meanwhile
  mutable std::atomic<int> unanswered_{0};  // rows emitted
  mutable std::atomic<bool> unwanted_{false};
};

}  // namespace pipit
