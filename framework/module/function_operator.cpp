#include "module/function_operator.h"

#include <fmt/format.h>

#include "module/operator_path.h"
#include "module/runtime_table.h"

namespace pipit {
namespace {

int create(const pipit_create_request* request, void** instance, pipit_error*) {
  *instance = const_cast<HostOperator::Function*>(&request->context->own->function());
  return 0;
}

void destroy(void*) {}

int process(void* instance, const pipit_call* call, pipit_error*) {
  const auto& function = *static_cast<const HostOperator::Function*>(instance);
  for (std::uint32_t row = 0; row < call->rows; ++row) {
    detail::contain(
        [&] {
          Emitter out(*call, row);
          function(Row(*call, row), out);
        },
        [&](const char* code, const char* message) { call->emitter->sink->fail(row, Error(code, message)); });
  }
  return 0;
}

}  // namespace

OwnOperator::OwnOperator(const HostOperator& given) : given_(given) {
  runtime_table();  // its function emits through it
  const auto refuse = [&](std::string_view what) {
    throw Error("invalid_argument", fmt::format("operator '{}' of the host {}", given.name, what));
  };
  if (!is_operator_name(given.name)) refuse("needs a name like 'host.length'");
  if (!given.function) refuse("has no function");
  table_.struct_size = sizeof(table_);
  table_.signature = &given_.signature.raw();
  table_.create = create;
  table_.destroy = destroy;
  table_.process = process;
  module_.note = {PIPIT_ABI_MAJOR, PIPIT_ABI_MINOR, "none", given.name, "host", ""};
  module_.table = &table_;
  try {
    module_.signature = OperatorSignature::read(table_);
  } catch (const Error& e) {
    refuse(fmt::format("is wrong: {}", e.what()));
  }
  if (!module_.signature.arguments.empty()) refuse("has arguments; its function brings along what it needs");
  if (module_.signature.per_item) refuse("is per_item, which a function cannot be");
  if (module_.signature.batch > 0) refuse("takes batches, which a function does not");
}

}  // namespace pipit
