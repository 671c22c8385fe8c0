// What the author of an operator includes: a class becomes a module.
//
//   class Upper {
//    public:
//     static pipit::Signature signature() {
//       return pipit::Signature("Upper-cases a text.").input("text", "string").output("text", "string");
//     }
//     Upper(const pipit::Arguments&, pipit::Context&) {}
//     pipit::Value process(const pipit::Row& row) { … row[0].string() … }
//   };
//   PIPIT_OPERATOR("acme/text.upper", "1.0.0", "upper-cases a text", Upper);
//
// Lifecycle, in call order: signature() once a process; then for each node, or for each item of a `per_item()`
// operator, the constructor, output_type and report (both optional), process for each row, finish (per_item only,
// optional), the destructor. One instance is used by one thread at a time; different instances run at the same time. An
// operator is stateless unless its signature says `per_item()`: rows of any items reach any instance, so process must
// not depend on earlier calls.
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
#include <deque>
#include <functional>
#include <optional>
#include <type_traits>

#include "pipit/value.h"

#pragma GCC visibility push(hidden)

namespace pipit {

/// What an operator is: its ports, arguments and their documentation. Everything that `pipit inspect` prints and `pipit
/// check` enforces comes from here. Types of ports and arguments: see pipit_port and pipit_argument in operator_c.h.
class Signature {
 public:
  explicit Signature(std::string_view doc) : doc_(keep(doc)) {}

  Signature& input(std::string_view name, std::string_view type, std::string_view doc = "") {
    return port(&Variant::inputs, name, type, doc, PIPIT_ONE);
  }
  /// A window of rows, given as a list: by default all rows of the item.
  Signature& input_window(std::string_view name, std::string_view type, std::string_view doc = "") {
    return port(&Variant::inputs, name, type, doc, PIPIT_MANY);
  }
  /// Rows one by one; the operator emits in finish(). Needs per_item().
  Signature& input_reduce(std::string_view name, std::string_view type, std::string_view doc = "") {
    return port(&Variant::inputs, name, type, doc, PIPIT_REDUCE);
  }
  Signature& output(std::string_view name, std::string_view type, std::string_view doc = "") {
    return port(&Variant::outputs, name, type, doc, PIPIT_ONE);
  }
  /// Any number of rows for each row in.
  Signature& output_many(std::string_view name, std::string_view type, std::string_view doc = "") {
    return port(&Variant::outputs, name, type, doc, PIPIT_MANY);
  }

  /// An argument that must be given.
  Signature& required(std::string_view name, std::string_view type, std::string_view doc) {
    arguments_.push_back({keep(name), keep(type), nullptr, keep(doc), nullptr});
    return *this;
  }
  /// An argument with a default, as YAML text: "12", "cpu", "null" (then Arguments::has says whether it was given).
  Signature& argument(std::string_view name, std::string_view type, std::string_view default_text,
                      std::string_view doc) {
    arguments_.push_back({keep(name), keep(type), keep(default_text), keep(doc), nullptr});
    return *this;
  }
  /// Another spelling of the argument just named: "args.num_samples" for a key inside a map.
  Signature& alias(std::string_view other) {
    arguments_.back().alias = keep(other);
    return *this;
  }

  /// Ports that depend on an enum argument: everything said with input and output from here on holds for this value of
  /// it.
  Signature& variant(std::string_view argument_name, std::string_view value) {
    variant_argument_ = keep(argument_name);
    variants_.push_back({keep(value), {}, {}});
    return *this;
  }

  /// A fresh instance for each item, and finish() at its end. Without it the operator is stateless.
  Signature& per_item() {
    state_ = PIPIT_PER_ITEM;
    return *this;
  }
  /// process takes a Batch; about `rows` rows make one call worth while.
  Signature& batch(std::uint32_t rows) {
    batch_ = rows;
    return *this;
  }
  /// The operator runs threads of its own: as many as Context::threads says.
  Signature& uses_threads() {
    flags_ |= PIPIT_USES_THREADS;
    return *this;
  }

  /// The C form; it points into this object, which must stay where it is.
  const pipit_signature& raw() {
    for (const Variant& v : variants_) {
      raw_variants_.push_back({v.value, v.inputs.data(), v.outputs.data(), static_cast<std::uint32_t>(v.inputs.size()),
                               static_cast<std::uint32_t>(v.outputs.size())});
    }
    raw_ = {sizeof(pipit_signature),
            sizeof(pipit_port),
            sizeof(pipit_argument),
            sizeof(pipit_variant),
            state_,
            flags_,
            batch_,
            doc_,
            variant_argument_,
            raw_variants_.data(),
            arguments_.data(),
            static_cast<std::uint32_t>(raw_variants_.size()),
            static_cast<std::uint32_t>(arguments_.size())};
    return raw_;
  }

 private:
  struct Variant {
    const char* value = nullptr;
    std::vector<pipit_port> inputs;
    std::vector<pipit_port> outputs;
  };

  const char* keep(std::string_view text) { return texts_->emplace_back(text).c_str(); }
  Signature& port(std::vector<pipit_port> Variant::*list, std::string_view name, std::string_view type,
                  std::string_view doc, std::uint32_t count) {
    if (variants_.empty()) variants_.emplace_back();
    (variants_.back().*list).push_back({keep(name), keep(type), keep(doc), count, 0});
    return *this;
  }

  // Addresses in it stay, also when the signature is copied out of the author's function.
  std::shared_ptr<std::deque<std::string>> texts_ = std::make_shared<std::deque<std::string>>();
  const char* doc_;
  const char* variant_argument_ = nullptr;
  std::vector<Variant> variants_;
  std::vector<pipit_argument> arguments_;
  std::uint16_t state_ = PIPIT_STATELESS;
  std::uint32_t flags_ = 0;
  std::uint32_t batch_ = 0;
  std::vector<pipit_variant> raw_variants_;
  pipit_signature raw_{};
};

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

/// Runs a function; gives what it throws to `sink` as code and message. True when it returned.
template <class Function, class Sink>
bool contain(Function&& function, Sink&& sink) noexcept {
  try {
    function();
    return true;
  } catch (const Error& e) {
    sink(e.code().c_str(), e.what());
  } catch (const std::bad_alloc&) {
    sink("out_of_memory", "memory is exhausted");
  } catch (const std::exception& e) {
    sink("operator_failed", e.what());
  } catch (...) {
    sink("operator_failed", "threw something that is no std::exception");
  }
  return false;
}

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
  /// This node's share of the thread budget; 0: leave the settings of libraries as they are.
  int threads() const { return static_cast<int>(detail::host().context_threads(raw_)); }
  /// Told on standard error, once for each different message.
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

/// One row of a call: a value for each input port, in port order. A window's value is a list.
class Row {
 public:
  Row(const pipit_call& call, std::uint32_t row) : call_(call), row_(row) {}
  std::size_t size() const { return call_.columns; }
  const Value& operator[](std::size_t port) const { return reinterpret_cast<const Value&>(call_.inputs[port][row_]); }

 private:
  const pipit_call& call_;
  std::uint32_t row_;
};

/// Where one row's results go.
class Emitter {
 public:
  Emitter(const pipit_call& call, std::uint32_t row) : emitter_(call.emitter), row_(row) {}

  /// One row out: a value for each output port. May block until there is room. False: nobody wants more of this item;
  /// return.
  bool emit(Value value) {
    pipit_value raw = value.detach();
    return detail::host().emit(emitter_, row_, &raw) == 0;
  }
  bool emit(std::vector<Value> values) {
    const bool more = detail::host().emit(emitter_, row_, reinterpret_cast<pipit_value*>(values.data())) == 0;
    for (Value& v : values) v.detach();
    return more;
  }
  /// True when the item was given up or the run is being stopped. Ask now and then in long work.
  bool stop_requested() const { return detail::host().stop_requested(emitter_) != 0; }

 private:
  pipit_emitter* emitter_;
  std::uint32_t row_;
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

/// Where a batch's results go, row by row, in any order.
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
        sizeof(pipit_operator), 0, &signature.raw(), &create, &destroy, &process, &finish, &output_type, &report};
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
