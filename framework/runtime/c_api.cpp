// pipit/pipit.h: the C face of Pipeline.
#include "pipit/pipit.h"

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <string>

#include "module/runtime_table.h"
#include "pipit/pipeline.h"
#include "runtime/stats.h"
#include "value/json_text.h"

struct pipit_pipeline {
  pipit::Pipeline pipeline;
};

struct pipit_future {
  std::future<pipit::Result> future;
  pid_t process = getpid();

  /// In a child of that process nobody will ever fulfil it.
  bool is_elsewhere() const { return process != getpid(); }
};

struct pipit_result {
  explicit pipit_result(pipit::Result r) : result(std::move(r)) {
    if (result.error) error = {result.error->code, result.error->message, result.error->node};
  }
  pipit::Result result;
  pipit_error error;
};

namespace {

/// Runs a function; what it throws becomes a value. Nothing is thrown at a caller in C.
template <class Function>
pipit_error* errors_of(Function&& function) noexcept {
  std::unique_ptr<pipit_error> error(new (std::nothrow) pipit_error);
  // Without memory for an error there is none to tell it with.
  if (error == nullptr) std::terminate();
  const bool good = pipit::detail::contain(function, [&](const char* code, const char* message) {
    error->code = code;
    error->message = message;
  });
  return good ? nullptr : error.release();
}

/// The part of a struct that a host has which was built against an older or a newer header.
pipit_options known_part(const pipit_options* given) {
  pipit_options options{};
  if (given == nullptr) return options;
  if (given->struct_size < offsetof(pipit_options, user) + sizeof(void*)) {
    throw pipit::Error("invalid_argument", "pipit_options: struct_size is not set");
  }
  return *given;
}

pipit::Options options_of(const pipit_options* given) {
  const pipit_options known = known_part(given);
  pipit::Options options;
  options.threads = known.threads;
  if (known.items_in_flight != 0) options.items_in_flight = known.items_in_flight;
  for (std::uint32_t i = 0; i < known.setting_count; ++i) {
    options.set.emplace_back(known.settings[i].target, known.settings[i].value);
  }
  for (const char* const* folder = known.operator_path; folder != nullptr && *folder != nullptr; ++folder) {
    options.operator_path.emplace_back(*folder);
  }
  if (known.on_warning != nullptr) {
    options.on_warning = [tell = known.on_warning, user = known.user](const std::string& message) {
      tell(user, message.c_str());
    };
  }
  if (known.cancel_opening != nullptr) {
    options.cancel_opening = [ask = known.cancel_opening, user = known.user] { return ask(user) != 0; };
  }
  return options;
}

pipit::Inputs inputs_of(const pipit_input* inputs, std::size_t count) {
  pipit::Inputs all;
  for (std::size_t i = 0; i < count; ++i) all.emplace_back(inputs[i].name, pipit::Value::borrow(inputs[i].value));
  return all;
}

pipit_value json_of(const pipit::Value& value) {
  std::string text;
  pipit::append_json(text, value);
  return pipit::Value(text).detach();
}

}  // namespace

const char* pipit_version() {
  return PIPIT_VERSION;
}

const char* pipit_error_code(const pipit_error* error) {
  return error->code.c_str();
}
const char* pipit_error_message(const pipit_error* error) {
  return error->message.c_str();
}
const char* pipit_error_node(const pipit_error* error) {
  return error->node.c_str();
}
void pipit_error_free(pipit_error* error) {
  delete error;
}

pipit_error* pipit_open(const char* file, const pipit_options* options, pipit_pipeline** pipeline) {
  return errors_of([&] { *pipeline = new pipit_pipeline{pipit::Pipeline::open(file, options_of(options))}; });
}
pipit_error* pipit_parse(const char* yaml, const char* folder, const pipit_options* options,
                         pipit_pipeline** pipeline) {
  return errors_of([&] { *pipeline = new pipit_pipeline{pipit::Pipeline::parse(yaml, folder, options_of(options))}; });
}
void pipit_free(pipit_pipeline* pipeline) {
  delete pipeline;
}

pipit_error* pipit_run(pipit_pipeline* pipeline, const pipit_input* inputs, std::size_t count, pipit_result** result) {
  return errors_of([&] { *result = new pipit_result(pipeline->pipeline.call(inputs_of(inputs, count))); });
}
pipit_error* pipit_submit(pipit_pipeline* pipeline, const pipit_input* inputs, std::size_t count,
                          pipit_future** future) {
  return errors_of([&] { *future = new pipit_future{pipeline->pipeline.submit(inputs_of(inputs, count)), getpid()}; });
}
int pipit_wait(pipit_future* future, double seconds) {
  constexpr double kLongest = 1e8;  // three years; a clock's own numbers end somewhere beyond
  if (future->is_elsewhere()) return 1;
  if (!(seconds >= 0 && seconds <= kLongest)) {
    future->future.wait();
    return 1;
  }
  const std::chrono::duration<double> time(seconds);
  return future->future.wait_for(time) == std::future_status::ready ? 1 : 0;
}
pipit_error* pipit_take(pipit_future* future, pipit_result** result) {
  const std::unique_ptr<pipit_future> taken(future);
  return errors_of([&] {
    if (taken->is_elsewhere()) {
      throw pipit::Error("unavailable",
                         "the item was submitted before fork() and its result is not in this process; submit it in the "
                         "child, to a pipeline that was opened there");
    }
    *result = new pipit_result(taken->future.get());
  });
}
void pipit_future_free(pipit_future* future) {
  delete future;
}

pipit_error* pipit_push(pipit_pipeline* pipeline, const pipit_input* inputs, std::size_t count) {
  return errors_of([&] {
    if (!pipeline->pipeline.push(inputs_of(inputs, count))) {
      throw pipit::Error("cancelled",
                         "the stream takes no more items: it was ended or cancelled, and a pipeline has one stream; "
                         "open the pipeline again for another");
    }
  });
}
void pipit_end(pipit_pipeline* pipeline) {
  pipeline->pipeline.close();
}
pipit_error* pipit_next(pipit_pipeline* pipeline, pipit_result** result) {
  return errors_of([&] {
    auto next = pipeline->pipeline.next();
    *result = next ? new pipit_result(std::move(*next)) : nullptr;
  });
}
void pipit_cancel(pipit_pipeline* pipeline) {
  pipeline->pipeline.cancel();
}

std::int64_t pipit_result_item(const pipit_result* result) {
  return result->result.item;
}
const pipit_error* pipit_result_error(const pipit_result* result) {
  return result->result.error ? &result->error : nullptr;
}
pipit_value pipit_result_get(const pipit_result* result, const char* name) {
  for (std::size_t i = 0; i < result->result.outputs.size(); ++i) {
    if (result->result.names[i] == name) return result->result.outputs[i].raw();
  }
  return {};
}
void pipit_result_free(pipit_result* result) {
  delete result;
}

pipit_error* pipit_describe(const pipit_pipeline* pipeline, pipit_value* json) {
  return errors_of([&] { *json = json_of(pipeline->pipeline.describe()); });
}
pipit_error* pipit_stats(const pipit_pipeline* pipeline, pipit_value* json) {
  return errors_of([&] { *json = json_of(pipit::stats_value(pipeline->pipeline.stats())); });
}
