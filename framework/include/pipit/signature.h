// What an operator says of itself.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipit/operator_c.h"

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

  /// A code of the operator's own with which it refuses arguments or rows, and when: refuses("shelf_full", "when there
  /// is no room"). The codes of pipit/error.h that say what is wrong with arguments, rows or files need no word.
  Signature& refuses(std::string_view code, std::string_view when) {
    refusals_.push_back({keep(code), keep(when)});
    return *this;
  }

  /// The C form; it points into this object, which must stay where it is.
  const pipit_signature& raw() {
    raw_variants_.clear();
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
            static_cast<std::uint32_t>(arguments_.size()),
            refusals_.data(),
            static_cast<std::uint32_t>(refusals_.size()),
            sizeof(pipit_refusal)};
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
  std::vector<pipit_refusal> refusals_;
  std::uint16_t state_ = PIPIT_STATELESS;
  std::uint32_t flags_ = 0;
  std::uint32_t batch_ = 0;
  std::vector<pipit_variant> raw_variants_;
  pipit_signature raw_{};
};

}  // namespace pipit

#pragma GCC visibility pop
