// One of several runs that share a list: every N-th item of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/input/input_list.h"

namespace pipit::cli {

/// Item i of the list belongs to shard i % of; `index` counts from 0.
struct Shard {
  std::int64_t index = 0;
  std::int64_t of = 1;

  /// "2/5", the second of five. Throws UsageError.
  static Shard parse(const std::string& text);
  std::string text() const;
  /// So many of a list's items are the shard's.
  std::int64_t share(std::int64_t items) const { return (items - index + of - 1) / of; }
};

/// The shard's items of a list, which is read to its end.
class ShardList final : public InputList {
 public:
  ShardList(std::unique_ptr<InputList> list, const Shard& shard) : list_(std::move(list)), shard_(shard) {}

  std::optional<InputItem> next() override;
  Request request(const InputItem& item) const override { return list_->request(item); }
  void stop() override { list_->stop(); }

  /// How many items the whole list has; nothing before its end.
  std::optional<std::int64_t> items() const { return ended_ ? std::optional(seen_.load()) : std::nullopt; }

 private:
  const std::unique_ptr<InputList> list_;
  const Shard shard_;
  std::atomic<std::int64_t> seen_{0};  // read by the thread that writes results
  std::atomic<bool> ended_{false};
};

}  // namespace pipit::cli
