// What the author of an operator includes: a class becomes a module.
//
//   class Upper {
//    public:
//     static pipit::Signature signature() {
//       return pipit::Signature("Upper-cases a text.").input("text", "string").output("text", "string");
//     }
//     Upper(const pipit::Arguments&, pipit::Context&) {}
//     pipit::Value process(const pipit::Row& row) { return upper(row[0].string()); }
//   };
//   PIPIT_OPERATOR("acme/text.upper", "1.0.0", "upper-cases a text", Upper);
//
// Lifecycle, in call order: signature() once a process; then for each node, or for each item of a `per_item()`
// operator, the constructor, output_type, report, space and takes_space (all optional), process for each row, finish
// (per_item only, optional), the destructor. One instance is used by one thread at a time; different instances run at
// the same time. An operator is stateless unless its signature says `per_item()`: rows of any items reach any instance,
// so process must not depend on earlier calls.
//
// process has one of these forms; which one is found by its parameters:
//   Value process(const Row&)                    one row in, one value out (a bool from a filter)
//   void process(const Row&, Emitter&)           any number of rows out, or several output ports
//   void process(const Batch&, BatchEmitter&)    many rows at once (a signature with `batch`)
// Any exception fails the item of the row that threw (pipit::Error with its own code), never the process. Exceptions do
// not leave the module; no C++ type crosses its border.
//
// Compile with PIPIT_MODULE defined and export nothing but the entry; pipit_add_operator() in CMake does both.
#pragma once

#ifndef PIPIT_MODULE
#error "an operator is compiled with PIPIT_MODULE defined; CMake's pipit_add_operator() does that"
#endif

#include <concepts>
#include <functional>
#include <optional>
#include <type_traits>

#include "pipit/row.h"
#include "pipit/signature.h"
#include "pipit/value.h"

#pragma GCC visibility push(hidden)

namespace pipit {

/// A node's arguments: every one of the signature, checked against its type, defaults filled in.
class Arguments {
 public:
  explicit Arguments(Value map) : map_(std::move(map)) {}

  /// False when the argument is null: not given, and its default is null.
  bool has(std::string_view name) const { return !map_.get(name).is_null(); }
  std::string string(std::string_view name) const { return std::string(map_.get(name).string()); }
  std::int64_t integer(std::string_view name) const { return map_.get(name).integer(); }
  double number(std::string_view name) const { return map_.get(name).number(); }
  bool boolean(std::string_view name) const { return map_.get(name).boolean(); }
  Value value(std::string_view name) const { return map_.get(name); }

 private:
  Value map_;
};

namespace detail {

template <class Function>
int guard(pipit_error* error, Function&& function) noexcept {
  return contain(function, [&](const char* code, const char* message) { host().set_error(error, code, message); }) ? 0
                                                                                                                   : 1;
}

}  // namespace detail

/// What the runtime offers to an instance; valid as long as the instance. Its functions may be called from any thread.
class Context {
 public:
  explicit Context(pipit_context* raw) : raw_(raw) {}

  /// The name of the node, for messages and keys.
  std::string_view node() const { return detail::host().context_node(raw_); }
  /// This node's share of the thread budget; 0: leave the settings of libraries as they are. Asked by process on its
  /// own thread: with those added that no node uses at the moment, which are this call's until it asks again or ends.
  int threads() const { return static_cast<int>(detail::host().context_threads(raw_)); }
  /// Prints a warning on standard error, once for each different message.
  void warn(const std::string& message) { detail::host().context_warn(raw_, message.c_str()); }
  /// Adds to a counter of the node in the run's statistics.
  void count(const char* counter, std::int64_t n = 1) { detail::host().context_count(raw_, counter, n); }

  /// A resource (a model, say) shared by all who ask for the same key while anybody holds it. `make` returns a
  /// std::unique_ptr<T>. Two modules that use one key must mean the same T, from the same shared library.
  template <class T, class Make>
  std::shared_ptr<T> shared(const std::string& key, Make make) {
    pipit_resource* resource = nullptr;
    void* object = nullptr;
    const char* code = nullptr;
    const char* message = nullptr;
    const int status = detail::host().resource_acquire(
        raw_, key.c_str(),
        [](void* user, void** out, pipit_error* error) {
          return detail::guard(error, [&] { *out = (*static_cast<std::remove_reference_t<Make>*>(user))().release(); });
        },
        [](void* dead) { delete static_cast<T*>(dead); }, &make, &resource, &object, &code, &message);
    if (status != 0) throw Error(code, message);
    return std::shared_ptr<T>(static_cast<T*>(object), [resource](T*) { detail::host().resource_release(resource); });
  }

 private:
  pipit_context* raw_;
};

/// Many rows, perhaps of several items.
class Batch {
 public:
  explicit Batch(const pipit_call& call) : call_(call) {}
  std::uint32_t size() const { return call_.rows; }
  Row operator[](std::uint32_t row) const { return {call_, row}; }

 private:
  const pipit_call& call_;
};

/// Where a batch's results go, row by row, in any order; those of an `output_many` in the order of the rows.
class BatchEmitter {
 public:
  explicit BatchEmitter(const pipit_call& call) : call_(call) {}
  bool emit(std::uint32_t row, Value value) { return Emitter(call_, row).emit(std::move(value)); }
  /// Fails the item of one row; the others keep theirs.
  void fail(std::uint32_t row, const Error& error) {
    detail::host().fail(call_.emitter, row, error.code().c_str(), error.what());
  }
  bool stop_requested() const { return detail::host().stop_requested(call_.emitter) != 0; }

 private:
  const pipit_call& call_;
};

namespace detail {

template <class T>
concept ProcessesBatch = requires(T op, const Batch& in, BatchEmitter& out) {
  op.process(in, out);
};
template <class T>
concept ProcessesRowToMany = requires(T op, const Row& in, Emitter& out) {
  op.process(in, out);
};
template <class T>
concept ProcessesRow = requires(T op, const Row& in) {
  { op.process(in) } -> std::convertible_to<Value>;
};

/// The C table of an operator class.
template <class T>
class Module {
  static_assert(std::constructible_from<T, const Arguments&, Context&>,
                "an operator is constructed from (const Arguments&, Context&)");
  static_assert(ProcessesBatch<T> || ProcessesRowToMany<T> || ProcessesRow<T>,
                "an operator has one of the three forms of process");

 public:
  static const pipit_operator* table() {
    static Signature signature = T::signature();
    static const pipit_operator table = {
        sizeof(pipit_operator), 0,       &signature.raw(), &create,     &destroy, &process, &finish,
        &output_type,           &report, &space,           &takes_space};
    return &table;
  }

 private:
  struct Instance {
    Instance(const Arguments& arguments, pipit_context* raw) : context(raw), op(arguments, context) {}
    Context context;
    T op;
  };
  static T& self(void* instance) { return static_cast<Instance*>(instance)->op; }

  static int create(const pipit_create_request* request, void** instance, pipit_error* error) {
    return guard(error,
                 [&] { *instance = new Instance(Arguments(Value::borrow(request->arguments)), request->context); });
  }

  static void destroy(void* instance) { delete static_cast<Instance*>(instance); }

  static int process(void* instance, const pipit_call* call, pipit_error* error) {
    T& op = self(instance);
    if constexpr (ProcessesBatch<T>) {
      return guard(error, [&] {
        BatchEmitter out(*call);
        op.process(Batch(*call), out);
      });
    } else {
      for (std::uint32_t row = 0; row < call->rows; ++row) {
        contain(
            [&] {
              Emitter out(*call, row);
              if constexpr (ProcessesRowToMany<T>) {
                op.process(Row(*call, row), out);
              } else {
                out.emit(op.process(Row(*call, row)));
              }
            },
            [&](const char* code, const char* message) { host().fail(call->emitter, row, code, message); });
      }
      return 0;
    }
  }

  static int finish(void* instance, const pipit_call* call, pipit_error* error) {
    if constexpr (requires(T op, Emitter & out) { op.finish(out); }) {
      return guard(error, [&] {
        Emitter out(*call, 0);
        self(instance).finish(out);
      });
    }
    return 0;
  }

  static int output_type(void* instance, std::uint32_t port, pipit_text* type) {
    if constexpr (requires(const T op) {
                    { op.output_type(port) } -> std::convertible_to<std::string>;
                  }) {
      return guard(nullptr, [&] {
        const std::string text = self(instance).output_type(port);
        host().set_text(type, text.data(), text.size());
      });
    }
    return 0;
  }

  static int report(void* instance, pipit_value* facts, pipit_error* error) {
    if constexpr (requires(const T op) {
                    { op.report() } -> std::convertible_to<Value>;
                  }) {
      return guard(error, [&] { *facts = Value(self(instance).report()).detach(); });
    }
    return 0;
  }

  static int space(void* instance, pipit_text* name, pipit_error* error) {
    if constexpr (requires(const T op) {
                    { op.space() } -> std::convertible_to<std::string>;
                  }) {
      return guard(error, [&] {
        const std::string text = self(instance).space();
        host().set_text(name, text.data(), text.size());
      });
    }
    return 0;
  }

  static int takes_space(void* instance, pipit_text* name, pipit_error* error) {
    if constexpr (requires(const T op) {
                    { op.takes_space() } -> std::convertible_to<std::string>;
                  }) {
      return guard(error, [&] {
        const std::string text = self(instance).takes_space();
        host().set_text(name, text.data(), text.size());
      });
    }
    return 0;
  }
};

}  // namespace detail
}  // namespace pipit

#pragma GCC visibility pop

/// Makes the class a module: its ELF note and its entry. Once a shared object; the texts are literals. The name is the
/// operator's, and the file's path under a folder of the search path: "acme/text.upper" is acme/text/upper.so.
#define PIPIT_OPERATOR(name, version, summary, Class)                                           \
  PIPIT_NOTE(name, version, summary);                                                           \
  extern "C" __attribute__((visibility("default"))) const pipit_operator* pipit_operator_entry( \
      const pipit_host* host) {                                                                 \
    pipit::detail::module_host = host;                                                          \
    try {                                                                                       \
      return pipit::detail::Module<Class>::table();                                             \
    } catch (...) {                                                                             \
      return nullptr; /* no signature, no operator; nothing may be thrown out of a module */    \
    }                                                                                           \
  }                                                                                             \
  static_assert(true, "a semicolon may follow")
