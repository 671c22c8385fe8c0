#include "cli/run/feeder.h"

#include "module/foreign_code.h"

namespace pipit::cli {

Feeder::Feeder(Pipeline& pipeline, InputList& inputs, Selection selection)
    : pipeline_(pipeline), inputs_(inputs), selection_(std::move(selection)) {
  thread_ = std::thread([this] {
    enter_own_thread();
    try {
      feed_all();
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      failure_ = std::current_exception();
    }
    pipeline_.close();
  });
}

Feeder::~Feeder() {
  stop();
  thread_.join();
}

void Feeder::stop() {
  stopped_ = true;
  inputs_.stop();
}

void Feeder::feed_all() {
  for (const auto& [item, input] : selection_.again) {
    if (stopped_ || !feed(item, input)) return;
  }
  for (std::int64_t item = selection_.done; !stopped_; ++item) {
    const auto input = inputs_.next();
    if (!input || stopped_ || !feed(item, *input)) return;
  }
}

bool Feeder::feed(std::int64_t item, const InputItem& input) {
  Request request = inputs_.request(input);
  request.fields.item = item;
  request.fields.digest = input.digest();
  {
    const std::scoped_lock lock(mutex_);
    fields_.push_back(std::move(request.fields));
  }
  return request.error ? pipeline_.push_error(std::move(*request.error)) : pipeline_.push(std::move(request.inputs));
}

ItemFields Feeder::take_fields() {
  const std::scoped_lock lock(mutex_);
  ItemFields fields = std::move(fields_.front());
  fields_.pop_front();
  return fields;
}

void Feeder::check() const {
  const std::scoped_lock lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace pipit::cli
