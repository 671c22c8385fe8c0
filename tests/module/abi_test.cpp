// The binary interface only grows: everything that the first version has is still where it was.
#include <doctest/doctest.h>
#include <stddef.h>
#include <stdint.h>

#include <filesystem>
#include <string>
#include <type_traits>

#include "module/operator_module.h"
#include "module/operator_path.h"
#include "pipit/operator_c.h"
#include "pipit/pipeline.h"

#undef PIPIT_OPERATOR_C_H
#undef PIPIT_ABI_MINOR
namespace first {
#include "abi/pipit/operator_c.h"
}

// NOLINTBEGIN(cppcoreguidelines-macro-usage)
#define SAME_PLACE(type, field)                                                                        \
  static_assert(offsetof(type, field) == offsetof(first::type, field) &&                               \
                    sizeof(std::declval<type&>().field) == sizeof(std::declval<first::type&>().field), \
                "modules that are out there have " #type "." #field " elsewhere")
#define SAME_SIZE(type) \
  static_assert(sizeof(type) == sizeof(first::type), "modules that are out there lay " #type " out themselves")
#define ONLY_GROWS(type) static_assert(sizeof(type) >= sizeof(first::type), #type " has lost a field")
// NOLINTEND(cppcoreguidelines-macro-usage)

SAME_SIZE(pipit_value);
SAME_PLACE(pipit_value, kind);
SAME_PLACE(pipit_value, reserved);
SAME_PLACE(pipit_value, as);

SAME_SIZE(pipit_tensor);
SAME_PLACE(pipit_tensor, data);
SAME_PLACE(pipit_tensor, device);
SAME_PLACE(pipit_tensor, dimensions);
SAME_PLACE(pipit_tensor, dtype);
SAME_PLACE(pipit_tensor, shape);
SAME_PLACE(pipit_tensor, strides);
SAME_PLACE(pipit_tensor, byte_offset);

SAME_SIZE(pipit_managed_tensor);
SAME_PLACE(pipit_managed_tensor, tensor);
SAME_PLACE(pipit_managed_tensor, manager);
SAME_PLACE(pipit_managed_tensor, deleter);

ONLY_GROWS(pipit_frame_info);
SAME_PLACE(pipit_frame_info, struct_size);
SAME_PLACE(pipit_frame_info, key_frame);
SAME_PLACE(pipit_frame_info, index);
SAME_PLACE(pipit_frame_info, timestamp_ms);
SAME_PLACE(pipit_frame_info, estimated_frames);
SAME_PLACE(pipit_frame_info, duration_s);
SAME_PLACE(pipit_frame_info, rate);
SAME_PLACE(pipit_frame_info, start_s);

ONLY_GROWS(pipit_port);
SAME_PLACE(pipit_port, name);
SAME_PLACE(pipit_port, type);
SAME_PLACE(pipit_port, doc);
SAME_PLACE(pipit_port, count);
SAME_PLACE(pipit_port, reserved);

ONLY_GROWS(pipit_argument);
SAME_PLACE(pipit_argument, name);
SAME_PLACE(pipit_argument, type);
SAME_PLACE(pipit_argument, default_text);
SAME_PLACE(pipit_argument, doc);
SAME_PLACE(pipit_argument, alias);

ONLY_GROWS(pipit_variant);
SAME_PLACE(pipit_variant, value);
SAME_PLACE(pipit_variant, inputs);
SAME_PLACE(pipit_variant, outputs);
SAME_PLACE(pipit_variant, input_count);
SAME_PLACE(pipit_variant, output_count);

ONLY_GROWS(pipit_signature);
SAME_PLACE(pipit_signature, struct_size);
SAME_PLACE(pipit_signature, port_size);
SAME_PLACE(pipit_signature, argument_size);
SAME_PLACE(pipit_signature, variant_size);
SAME_PLACE(pipit_signature, state);
SAME_PLACE(pipit_signature, flags);
SAME_PLACE(pipit_signature, batch);
SAME_PLACE(pipit_signature, doc);
SAME_PLACE(pipit_signature, variant_argument);
SAME_PLACE(pipit_signature, variants);
SAME_PLACE(pipit_signature, arguments);
SAME_PLACE(pipit_signature, variant_count);
SAME_PLACE(pipit_signature, argument_count);

ONLY_GROWS(pipit_create_request);
SAME_PLACE(pipit_create_request, struct_size);
SAME_PLACE(pipit_create_request, reserved);
SAME_PLACE(pipit_create_request, arguments);
SAME_PLACE(pipit_create_request, context);

ONLY_GROWS(pipit_call);
SAME_PLACE(pipit_call, struct_size);
SAME_PLACE(pipit_call, rows);
SAME_PLACE(pipit_call, columns);
SAME_PLACE(pipit_call, reserved);
SAME_PLACE(pipit_call, inputs);
SAME_PLACE(pipit_call, emitter);

ONLY_GROWS(pipit_operator);
SAME_PLACE(pipit_operator, struct_size);
SAME_PLACE(pipit_operator, reserved);
SAME_PLACE(pipit_operator, signature);
SAME_PLACE(pipit_operator, create);
SAME_PLACE(pipit_operator, destroy);
SAME_PLACE(pipit_operator, process);
SAME_PLACE(pipit_operator, finish);
SAME_PLACE(pipit_operator, output_type);
SAME_PLACE(pipit_operator, report);

ONLY_GROWS(pipit_host);
SAME_PLACE(pipit_host, struct_size);
SAME_PLACE(pipit_host, abi_major);
SAME_PLACE(pipit_host, abi_minor);
SAME_PLACE(pipit_host, retain);
SAME_PLACE(pipit_host, release);
SAME_PLACE(pipit_host, make_string);
SAME_PLACE(pipit_host, make_bytes);
SAME_PLACE(pipit_host, make_tensor);
SAME_PLACE(pipit_host, make_frame);
SAME_PLACE(pipit_host, make_list);
SAME_PLACE(pipit_host, make_map);
SAME_PLACE(pipit_host, string_data);
SAME_PLACE(pipit_host, bytes_data);
SAME_PLACE(pipit_host, tensor);
SAME_PLACE(pipit_host, frame_info);
SAME_PLACE(pipit_host, list_data);
SAME_PLACE(pipit_host, map_size);
SAME_PLACE(pipit_host, map_entry);
SAME_PLACE(pipit_host, set_error);
SAME_PLACE(pipit_host, set_text);
SAME_PLACE(pipit_host, emit);
SAME_PLACE(pipit_host, fail);
SAME_PLACE(pipit_host, stop_requested);
SAME_PLACE(pipit_host, context_node);
SAME_PLACE(pipit_host, context_threads);
SAME_PLACE(pipit_host, context_warn);
SAME_PLACE(pipit_host, context_count);
SAME_PLACE(pipit_host, resource_acquire);
SAME_PLACE(pipit_host, resource_release);

// Numbers that modules have compiled in.
// NOLINTNEXTLINE(cppcoreguidelines-macro-usage)
#define SAME_NUMBER(name)                                                  \
  static_assert(static_cast<long>(name) == static_cast<long>(first::name), \
                "modules that are out there mean another " #name)
SAME_NUMBER(PIPIT_NULL);
SAME_NUMBER(PIPIT_BOOL);
SAME_NUMBER(PIPIT_INT);
SAME_NUMBER(PIPIT_FLOAT);
SAME_NUMBER(PIPIT_STRING);
SAME_NUMBER(PIPIT_BYTES);
SAME_NUMBER(PIPIT_TENSOR);
SAME_NUMBER(PIPIT_FRAME);
SAME_NUMBER(PIPIT_LIST);
SAME_NUMBER(PIPIT_MAP);
SAME_NUMBER(PIPIT_DEVICE_CPU);
SAME_NUMBER(PIPIT_DEVICE_CUDA);
SAME_NUMBER(PIPIT_TYPE_INT);
SAME_NUMBER(PIPIT_TYPE_UINT);
SAME_NUMBER(PIPIT_TYPE_FLOAT);
SAME_NUMBER(PIPIT_TYPE_BFLOAT);
SAME_NUMBER(PIPIT_TYPE_BOOL);
SAME_NUMBER(PIPIT_ONE);
SAME_NUMBER(PIPIT_MANY);
SAME_NUMBER(PIPIT_REDUCE);
SAME_NUMBER(PIPIT_STATELESS);
SAME_NUMBER(PIPIT_PER_ITEM);
SAME_NUMBER(PIPIT_USES_THREADS);

static_assert(PIPIT_ABI_MAJOR == 1, "a new major version needs a copy of its own first header here");

TEST_CASE("abi: a module built against the first version takes every value of its arguments' types") {
  const auto described = pipit::OperatorDescription::read(
      std::filesystem::path(PIPIT_TEST_OPERATORS) / "test/abi/first.so", "test/abi.first");
  REQUIRE(described.signature.arguments.size() == 1);
  CHECK(described.signature.arguments[0].values.all());
  CHECK(described.signature.to_json().find("values") == std::string::npos);
}

TEST_CASE("abi: a module built against the first version runs") {
  pipit::Options options;
  options.operator_path = {PIPIT_TEST_OPERATORS};
  pipit::Pipeline pipeline = pipit::Pipeline::parse(
      "pipit: 1\ninputs: {text: string}\nnodes:\n"
      "  - {name: letters, op: test/abi.first, in: text, out: count, args: {letter: s}}\noutputs: [count]\n",
      ".", options);
  CHECK(pipeline.call({{"text", "mississippi"}}).get("count").integer() == 4);
  const pipit::Result bad = pipeline.call({{"text", ""}});
  REQUIRE(bad.error);
  CHECK(bad.error->code == "empty_text");
  CHECK(pipeline.stats()[0].facts[0].second.string() == "s");
}
