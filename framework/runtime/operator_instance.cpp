#include "runtime/operator_instance.h"

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
