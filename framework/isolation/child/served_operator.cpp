#include "isolation/child/served_operator.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "isolation/child/confinement.h"

namespace pipit {
namespace {

/// Without the runtime nothing is left to be done; destructors of an operator under way might not return.
[[noreturn]] void leave() {
  _exit(EXIT_SUCCESS);
}

/// "forever", as receive() takes it.
constexpr std::chrono::milliseconds kForever{-1};

std::string text_at(const Value& list, std::size_t at) {
  return std::string(list.list()[at].string());
}

}  // namespace

void ServedOperator::serve() {
  Message question;
  for (;;) {
    const Channel::Got got = channel_.receive(question, kForever);
    if (got == Channel::Got::kGone) break;
    if (got == Channel::Got::kNothingYet) continue;
    detail::contain([&] { answer(question); },
                    [&](const char* code, const char* message) {
                      channel_.send(MessageKind::kFailed, Value::list({code, message}));
                    });
    question.body = {};
  }
  instance_.reset();
}

void ServedOperator::answer(const Message& question) {
  const Value& body = question.body;
  switch (question.kind) {
    case MessageKind::kConfine:
      if (!confine(body.list()[0].integer())) {
        monitor_.warn("this kernel has no seccomp: an isolated operator's memory and time are bounded, and no more");
      }
      return;
    case MessageKind::kCreate:
      return create(body);
    case MessageKind::kProcess:
      return call(module_->table->process, body, static_cast<std::uint32_t>(body.list()[2].integer()), body.list()[3]);
    case MessageKind::kFinish:
      if (module_->table->finish != nullptr) return call(module_->table->finish, body, 0, Value::list({}));
      break;
    case MessageKind::kSpace:
      channel_.send(MessageKind::kText, instance().space());
      return;
    case MessageKind::kTakesSpace:
      channel_.send(MessageKind::kText, instance().takes_space());
      return;
    case MessageKind::kDestroy:
      instance_.reset();
      break;
    default:
      return;  // meant for a call that has ended meanwhile
  }
  channel_.send(MessageKind::kDone);
}

OperatorInstance& ServedOperator::instance() {
  if (instance_ == nullptr) throw Error("internal", "there is no instance");
  return *instance_;
}

void ServedOperator::create(const Value& body) {
  instance_.reset();
  module_ = &OperatorModule::load(text_at(body, 0));
  context_ = {text_at(body, 1), static_cast<std::uint32_t>(body.list()[4].integer()),
              &monitor_,        nullptr,
              text_at(body, 3), text_at(body, 2)};
  const Value arguments = body.list()[5];
  instance_ = std::make_unique<OperatorInstance>(*module_->table, arguments, context_);
  std::size_t most = 0;
  for (const Variant& variant : module_->signature.variants) most = std::max(most, variant.outputs.size());
  std::vector<Value> types;
  for (std::uint32_t port = 0; port < most; ++port) types.emplace_back(instance_->output_type(port));
  channel_.send(MessageKind::kCreated, Value::list({Value::list(std::move(types)), instance_->report()}));
}

void ServedOperator::call(OperatorInstance::Function function, const Value& body, std::uint32_t rows,
                          const Value& columns) {
  context_.threads = static_cast<std::uint32_t>(body.list()[0].integer());
  outputs_ = static_cast<std::size_t>(body.list()[1].integer());
  unanswered_ = 0;
  unwanted_ = false;
  std::vector<const pipit_value*> inputs;
  for (const Value& column : columns.list()) {
    inputs.push_back(reinterpret_cast<const pipit_value*>(column.list().data()));
  }
  const pipit_call request{sizeof(pipit_call), rows,     static_cast<std::uint32_t>(inputs.size()), 0,
                           inputs.data(),      &emitter_};
  pipit_error error;
  const bool good = instance().call(function, request, error);
  if (good) {
    channel_.send(MessageKind::kDone);
  } else {
    channel_.send(MessageKind::kFailed, Value::list({error.code, error.message}));
  }
}

/// Reads one thing that the runtime says during a call. False: nothing came.
bool ServedOperator::hear(std::chrono::milliseconds wait) const {
  Message message;
  const Channel::Got got = channel_.receive(message, wait);
  if (got == Channel::Got::kGone) leave();
  if (got == Channel::Got::kNothingYet) return false;
  if (message.kind == MessageKind::kStop) unwanted_ = true;
  if (message.kind == MessageKind::kMore) {
    --unanswered_;
    if (!message.body.boolean()) unwanted_ = true;
  }
  return true;
}

bool ServedOperator::emit(std::uint32_t row, pipit_value* outputs) {
  std::vector<Value> values;
  for (std::size_t port = 0; port < outputs_; ++port) values.push_back(Value::adopt(outputs[port]));
  if (!channel_.send(MessageKind::kEmit,
                     Value::list({static_cast<std::int64_t>(row), Value::list(std::move(values))}))) {
    leave();
  }
  ++unanswered_;
  const std::scoped_lock lock(hearing_);
  while (hear(std::chrono::milliseconds(0)) || unanswered_ >= kUnansweredRows) {
    if (unanswered_ >= kUnansweredRows) hear(kForever);
  }
  return !unwanted_;
}

void ServedOperator::fail(std::uint32_t row, Error error) {
  channel_.send(MessageKind::kFail, Value::list({static_cast<std::int64_t>(row), error.code(), error.what()}));
}

bool ServedOperator::stop_requested() const {
  if (const std::unique_lock lock(hearing_, std::try_to_lock); lock) {
    while (hear(std::chrono::milliseconds(0))) {
    }
  }
  return unwanted_;
}

}  // namespace pipit
