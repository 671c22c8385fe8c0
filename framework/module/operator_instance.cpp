#include "module/operator_instance.h"

#include <fmt/format.h>

#include <cstddef>

#include "pipit/error.h"

namespace pipit {

ForeignCall call_for(const pipit_context& context, const char* doing) {
  return {context.place.c_str(), context.op.c_str(), doing};
}

OperatorInstance::OperatorInstance(const pipit_operator& table, const Value& arguments, pipit_context& context)
    : table_(table), context_(context) {
  const ForeignCode code(call_for(context, "while it was constructed"));
  const pipit_create_request request{sizeof(pipit_create_request), 0, arguments.raw(), &context};
  pipit_error error;
  if (table.create(&request, &instance_, &error) != 0) throw Error(error.code, error.message);
}

OperatorInstance::~OperatorInstance() {
  const ForeignCode code(call_for(context_, "while it was destroyed"));
  table_.destroy(instance_);
}

bool OperatorInstance::call(Function function, const pipit_call& call, pipit_error& error) const {
  pipit_emitter& emitter = *call.emitter;
  emitter.called.store(std::this_thread::get_id(), std::memory_order_relaxed);
  const int status = function(instance_, &call, &error);
  emitter.called.store(std::thread::id(), std::memory_order_relaxed);
  if (!emitter.strayed.exchange(false, std::memory_order_relaxed)) return status == 0;
  error.code = "operator_failed";
  error.message = fmt::format(
      "operator '{}' emitted from another thread than the one that was called; collect what other threads make, and "
      "emit it before the call returns",
      context_.op);
  return false;
}

std::string OperatorInstance::output_type(std::uint32_t port) const {
  const ForeignCode code(call_for(context_, "while it was asked for its types"));
  pipit_text text;
  if (table_.output_type == nullptr || table_.output_type(instance_, port, &text) != 0) return {};
  return text.text;
}

Value OperatorInstance::report() const {
  const ForeignCode code(call_for(context_, "while it was asked for its facts"));
  pipit_value facts{};
  pipit_error error;
  if (table_.report == nullptr || table_.report(instance_, &facts, &error) != 0) return {};
  return Value::adopt(facts);
}

std::string OperatorInstance::asked(SpaceFunction pipit_operator::*function) const {
  const ForeignCode code(call_for(context_, "while it was asked for a space"));
  constexpr std::size_t kReaches = offsetof(pipit_operator, takes_space) + sizeof(pipit_operator::takes_space);
  if (table_.struct_size < kReaches || table_.*function == nullptr) return {};
  pipit_text name;
  pipit_error error;
  if ((table_.*function)(instance_, &name, &error) != 0) throw Error(error.code, error.message);
  return name.text;
}

std::string OperatorInstance::space() const {
  return asked(&pipit_operator::space);
}
std::string OperatorInstance::takes_space() const {
  return asked(&pipit_operator::takes_space);
}

}  // namespace pipit
