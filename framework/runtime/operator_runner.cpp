// pipit/testing.h: an operator found, bound and checked as a node's is, and driven alone.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <utility>

#include "graph/arguments.h"
#include "module/libtorch.h"
#include "module/operator_path.h"
#include "pipit/testing.h"
#include "runtime/operator_driver.h"

namespace pipit::testing {
namespace {

/// What an operator tells beside its rows.
struct Told {
  std::vector<std::string> warnings;
  std::map<std::string, std::int64_t> counters;

  void add(const std::string& warning) {
    if (std::ranges::find(warnings, warning) == warnings.end()) warnings.push_back(warning);
  }
  std::vector<std::pair<std::string, std::int64_t>> counter_list() const { return {counters.begin(), counters.end()}; }
};

/// An operator's own threads may warn and count too.
class Recorder final : public NodeMonitor {
 public:
  void warn(const std::string& message) override {
    const std::scoped_lock lock(mutex_);
    all_.add(message);
    latest_.add(message);
  }
  void count(std::string_view counter, std::int64_t n) override {
    const std::scoped_lock lock(mutex_);
    all_.counters[std::string(counter)] += n;
    latest_.counters[std::string(counter)] += n;
  }
  Told all() const {
    const std::scoped_lock lock(mutex_);
    return all_;
  }
  /// Since it was asked before.
  Told take_latest() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(latest_, {});
  }

 private:
  mutable std::mutex mutex_;
  Told all_;
  Told latest_;
};

/// What a step throws, whatever it is, as pipit::Error.
template <class Step>
std::optional<Error> error_of(Step&& step) {
  std::optional<Error> error;
  detail::contain(step, [&](const char* code, const char* message) { error.emplace(code, message); });
  return error;
}

/// A number as YAML tells it from an int.
std::string float_text(double number) {
  std::string text = fmt::format("{}", number);
  if (std::isfinite(number) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

/// A value as a pipeline file would say it.
YamlNode written(const std::string& argument, const Value& value) {
  YamlNode node;
  switch (value.kind()) {
    case Kind::kNull:
      node.text = "null";
      break;
    case Kind::kBool:
      node.text = value.boolean() ? "true" : "false";
      break;
    case Kind::kInt:
      node.text = std::to_string(value.integer());
      break;
    case Kind::kFloat:
      node.text = float_text(value.number());
      break;
    case Kind::kString:
      node.text = value.string();
      node.quoted = true;
      break;
    case Kind::kList:
      node.kind = YamlNode::Kind::kSequence;
      for (const Value& item : value.list()) node.items.push_back(written(argument, item));
      break;
    case Kind::kMap:
      node.kind = YamlNode::Kind::kMapping;
      for (std::size_t i = 0; i < value.map_size(); ++i) {
        const auto [key, entry] = value.map_at(i);
        node.entries.emplace_back(YamlNode{.text = std::string(key), .quoted = true}, written(argument, entry));
      }
      break;
    default:
      throw Error("invalid_argument",
                  fmt::format("argument '{}' is given {}, which a pipeline file cannot say", argument, type_of(value)));
  }
  return node;
}

Value bound(const OperatorDescription& op, const OperatorRunner::Arguments& arguments, const RunnerOptions& options) {
  NodeSpec node;
  node.name = options.node;
  node.op = op.name;
  for (const auto& [name, value] : arguments) {
    ArgumentSpec argument;
    argument.name = name;
    argument.value = written(name, value);
    node.args.push_back(std::move(argument));
  }
  std::string faults;
  Value map = bind_arguments(op.signature, node, options.folder, {[&](SourcePlace, const std::string& message) {
                               faults += (faults.empty() ? "" : "\n") + message;
                             }});
  if (!faults.empty()) throw Error("invalid_argument", faults);
  return map;
}

const OperatorModule& loaded(const OperatorDescription& op, const Value& arguments) {
  const OperatorModule& module = OperatorModule::load(op.file);
  if (module.note.libtorch != "none" && asks_for_cuda(op.signature, arguments)) open_libtorch_cuda();
  return module;
}

const Variant& chosen(const OperatorModule& module, const Value& arguments) {
  const OperatorSignature& signature = module.signature;
  const auto variant = choose_variant(signature, arguments);
  if (variant) return signature.variants[*variant];
  throw Error("invalid_argument", fmt::format("argument '{}' decides the ports of operator '{}' and has no value",
                                              signature.variant_argument, module.note.name));
}

}  // namespace

class OperatorRunner::Impl {
 public:
  Impl(std::string_view name, const Arguments& arguments, const RunnerOptions& options)
      : op_(OperatorPath(options.operator_path).describe(name)),
        arguments_(bound(op_, arguments, options)),
        module_(loaded(op_, arguments_)),
        ports_(chosen(module_, arguments_)),
        driver_(module_, ports_, arguments_,
                {options.node, static_cast<std::uint32_t>(options.threads), &recorder_, nullptr, "", op_.name}),
        facts_(driver_.instance().report()) {
    for (std::size_t port = 0; port < ports_.outputs.size(); ++port) {
      const std::string type = driver_.instance().output_type(static_cast<std::uint32_t>(port));
      types_.push_back(type.empty() ? ports_.outputs[port].type : Type::parse(type));
    }
  }

  ItemResult item(const Rows& rows) {
    for (std::size_t row = 0; row < rows.size(); ++row) check_row(row, rows[row]);
    recorder_.take_latest();
    ItemResult result;
    result.rows.resize(rows.size());
    DrivenItem driven;
    if (const auto error = error_of([&] { driven = driver_.item(rows); })) {
      for (RowResult& row : result.rows) row.error = error;
      result.end.error = error;
    } else {
      take(driven, result);
    }
    const Told told = recorder_.take_latest();
    result.warnings = told.warnings;
    result.counters = told.counter_list();
    return result;
  }

  std::string output_type(std::size_t port) const {
    if (port < types_.size()) return types_[port].text();
    throw Error("invalid_argument", fmt::format("operator '{}' has {} output port{}, found port {}", op_.name,
                                                types_.size(), types_.size() == 1 ? "" : "s", port));
  }
  void stop_after(std::size_t rows) { driver_.stop_after(rows); }
  const Value& facts() const { return facts_; }
  std::string space() const { return driver_.instance().space(); }
  const Value& arguments() const { return arguments_; }
  Told told() const { return recorder_.all(); }

 private:
  [[noreturn]] static void refuse(std::size_t row, const std::string& what) {
    throw Error("invalid_input", fmt::format("row {}: {}", row, what));
  }

  void check_row(std::size_t row, const std::vector<Value>& values) const {
    const std::vector<Port>& ports = ports_.inputs;
    if (values.size() != ports.size()) {
      refuse(row, fmt::format("operator '{}' takes {} value{} a row, found {}", op_.name, ports.size(),
                              ports.size() == 1 ? "" : "s", values.size()));
    }
    const Port* window = nullptr;
    std::size_t size = 0;
    for (std::size_t port = 0; port < ports.size(); ++port) {
      const Type wanted = row_type(ports[port]);
      if (!wanted.holds(values[port])) {
        refuse(row,
               fmt::format("input '{}' takes {}, found {}", ports[port].name, wanted.text(), type_of(values[port])));
      }
      if (ports[port].count != PortCount::kMany) continue;
      if (window != nullptr && values[port].list().size() != size) {
        refuse(row, fmt::format("windows of one row are of one size, found {} in '{}' and {} in '{}'", size,
                                window->name, values[port].list().size(), ports[port].name));
      }
      window = &ports[port];
      size = values[port].list().size();
    }
  }

  void take(DrivenItem& driven, ItemResult& result) const {
    const auto at = [&](std::size_t row) -> RowResult& { return row < driven.rows ? result.rows[row] : result.end; };
    for (std::size_t row = 0; row < driven.emitted.size(); ++row) {
      const std::optional<Error>& error = driven.failed[row];
      // One without a code or a message is among the rules that were broken.
      if (error && !error->code().empty() && error->what()[0] != '\0') at(row).error = error;
    }
    for (const auto& [row, what] : driven.broken) fail(at(row), what);
    for (std::size_t row = 0; row < driven.emitted.size(); ++row) {
      at(row).outputs = std::move(driven.emitted[row]);
      check_types(at(row));
    }
  }

  /// What the operator has said of its outputs since it was constructed.
  void check_types(RowResult& row) const {
    for (const std::vector<Value>& values : row.outputs) {
      for (std::size_t port = 0; port < values.size(); ++port) {
        if (types_[port].holds(values[port])) continue;
        fail(row, fmt::format("gave {} for its output '{}', which it says is {}", type_of(values[port]),
                              ports_.outputs[port].name, types_[port].text()));
      }
    }
  }

  void fail(RowResult& row, const std::string& what) const {
    if (!row.error) row.error.emplace("operator_failed", fmt::format("operator '{}' {}", op_.name, what));
  }

  const OperatorDescription op_;
  const Value arguments_;
  const OperatorModule& module_;
  const Variant& ports_;
  Recorder recorder_;
  OperatorDriver driver_;
  const Value facts_;
  std::vector<Type> types_;  // by output port
};

OperatorRunner::OperatorRunner(std::string_view name, const Arguments& arguments, const RunnerOptions& options) {
  if (options.threads < 0) {
    throw Error("invalid_argument", fmt::format("threads must be at least 0, found {}", options.threads));
  }
  if (const auto error = error_of([&] { impl_ = std::make_unique<Impl>(name, arguments, options); })) throw *error;
}
OperatorRunner::OperatorRunner(OperatorRunner&&) noexcept = default;
OperatorRunner& OperatorRunner::operator=(OperatorRunner&&) noexcept = default;
OperatorRunner::~OperatorRunner() = default;

ItemResult OperatorRunner::item(const Rows& rows) {
  return impl_->item(rows);
}
void OperatorRunner::stop_after(std::size_t rows) {
  impl_->stop_after(rows);
}
std::string OperatorRunner::output_type(std::size_t port) const {
  return impl_->output_type(port);
}
Value OperatorRunner::facts() const {
  return impl_->facts();
}
std::string OperatorRunner::space() const {
  return impl_->space();
}
Value OperatorRunner::arguments() const {
  return impl_->arguments();
}
std::vector<std::string> OperatorRunner::warnings() const {
  return impl_->told().warnings;
}
std::vector<std::pair<std::string, std::int64_t>> OperatorRunner::counters() const {
  return impl_->told().counter_list();
}

}  // namespace pipit::testing
