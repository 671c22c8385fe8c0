#include "module/runtime_table.h"

#include <fmt/format.h>

#include "module/resources.h"
#include "module/thread_budget.h"
#include "value/value_table.h"

namespace pipit {
namespace {

void release_all(const pipit_value* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) host_table().release(values[i]);
}

/// LibTorch's exceptions tell, behind what is wrong, which of its functions were under way: lines that help nobody who
/// runs a pipeline.
std::string without_frames(std::string_view message) {
  const auto frames = message.find("\nException raised from ");
  return std::string(message.substr(0, message.find_last_not_of(" \n", frames) + 1));
}

/// Without memory for the error the row is left without a result, which is one too.
void fail(EmitterSink& sink, std::uint32_t row, const char* code, const char* message) noexcept {
  try {
    sink.fail(row, Error(code, without_frames(message)));
  } catch (const std::bad_alloc&) {
  }
}

void fill_operator_functions(pipit_host& host) {
  host.set_error = [](pipit_error* error, const char* code, const char* message) {
    if (error == nullptr) return;
    try {
      error->code = code;
      error->message = without_frames(message);
    } catch (const std::bad_alloc&) {
      // Texts that fit into the strings themselves.
      error->code = "out_of_memory";
      error->message = "no memory left";
    }
  };
  host.set_text = [](pipit_text* text, const char* data, std::size_t size) { text->text.assign(data, size); };

  host.emit = [](pipit_emitter* emitter, std::uint32_t row, pipit_value* outputs) {
    if (!emitter->admits()) {
      release_all(outputs, emitter->sink->output_ports());
      return 1;
    }
    // The caller may be plain C: nothing is thrown through it.
    bool more = false;
    detail::contain([&] { more = emitter->sink->emit(row, outputs); },
                    [&](const char*, const char* message) { fail(*emitter->sink, row, "operator_failed", message); });
    return more ? 0 : 1;
  };
  host.emit_values = [](pipit_emitter* emitter, std::uint32_t row, pipit_value* outputs, std::uint32_t count) {
    const std::size_t ports = emitter->sink->output_ports();
    if (count == ports) return host_table().emit(emitter, row, outputs);
    release_all(outputs, count);
    if (!emitter->admits()) return 1;
    emitter->sink->fail(
        row, Error("operator_failed", fmt::format("the operator emitted {} value{} for a row, it has {} output port{}",
                                                  count, count == 1 ? "" : "s", ports, ports == 1 ? "" : "s")));
    return 1;
  };
  host.fail = [](pipit_emitter* emitter, std::uint32_t row, const char* code, const char* message) {
    if (emitter->admits()) fail(*emitter->sink, row, code, message);
  };
  host.stop_requested = [](pipit_emitter* emitter) {
    return !emitter->is_under_way() || emitter->sink->stop_requested() ? 1 : 0;
  };

  host.context_node = [](pipit_context* context) { return context->node.c_str(); };
  host.context_threads = [](pipit_context* context) { return ThreadBudget::take(context->threads); };
  host.context_warn = [](pipit_context* context, const char* message) { context->monitor->warn(message); };
  host.context_count = [](pipit_context* context, const char* counter, std::int64_t n) {
    context->monitor->count(counter, n);
  };

  host.resource_acquire = [](pipit_context*, const char* key, int (*make)(void*, void**, pipit_error*),
                             void (*drop)(void*), void* user, pipit_resource** resource, void** object,
                             const char** code, const char** message) {
    thread_local pipit_error error;
    if (acquire_resource(key, make, drop, user, resource, object, error)) return 0;
    *code = error.code.c_str();
    *message = error.message.c_str();
    return 1;
  };
  host.resource_release = release_resource;
}

}  // namespace

const pipit_host& runtime_table() {
  static const bool filled = [] {
    fill_operator_functions(host_table());
    return true;
  }();
  static_cast<void>(filled);
  return host_table();
}

}  // namespace pipit
