#include "feeder.h"

#include "foreign_code.h"

namespace pipit::cli {

Feeder::Feeder(Pipeline& pipeline, const RequestReader& requests, LineReader* lines, std::optional<Request> only,
               Selection selection)
    : pipeline_(pipeline), lines_(lines), selection_(std::move(selection)) {
  thread_ = std::thread([this, &requests, only = std::move(only)]() mutable {
    enter_own_thread();
    try {
      feed_all(requests, std::move(only));
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
  if (lines_ != nullptr) lines_->stop();
}

void Feeder::feed_all(const RequestReader& requests, std::optional<Request> only) {
  if (only && selected(0)) feed(std::move(*only));
  if (lines_ == nullptr) return;
  for (std::int64_t item = 0; !stopped_; ++item) {
    const auto line = lines_->next();
    if (!line || stopped_) return;
    if (!selected(item)) continue;
    Request request = requests.from_line(*line);
    request.fields.item = item;
    if (!feed(std::move(request))) return;
  }
}

bool Feeder::selected(std::int64_t item) {
  if (item >= selection_.done) return true;
  if (again_ == selection_.again.size() || selection_.again[again_] != item) return false;
  ++again_;
  return true;
}

bool Feeder::feed(Request request) {
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
