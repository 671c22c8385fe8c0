// What an operator says of itself.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <deque>
#include <initializer_list>
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
    return add({keep(name), keep(type), nullptr, keep(doc), nullptr, nullptr, nullptr});
  }
  /// An argument with a default, as YAML text: "12", "cpu", "null" (then Arguments::has says whether it was given).
  Signature& argument(std::string_view name, std::string_view type, std::string_view default_text,
                      std::string_view doc) {
    return add({keep(name), keep(type), keep(default_text), keep(doc), nullptr, nullptr, nullptr});
  }
  /// Another spelling of the argument just named: "args.num_samples" for a key inside a map.
  Signature& alias(std::string_view other) {
    arguments_.back().alias = keep(other);
    return *this;
  }

  /// Which values the argument just named takes; without one of these it takes all of its type. Others are refused when
  /// a pipeline is checked or opened, and the constructor never sees them. A list's items are judged one by one; a
  /// default of "null" is not judged.
  ///
  /// Numbers, both ends included. NaN and infinity are in no range.
  template <class Number>
  Signature& at_least(Number least) {
    return values("range:" + text(least) + "..");
  }
  template <class Number>
  Signature& at_most(Number most) {
    return values("range:.." + text(most));
  }
  template <class Number>
  Signature& between(Number least, Number most) {
    return values("range:" + text(least) + ".." + text(most));
  }
  /// Some texts, for a `string` whose values are better not part of its type as an enum's are; they are without '|' and
  /// '='. Or some ints.
  Signature& one_of(std::initializer_list<std::string_view> choices) {
    std::string all;
    for (std::string_view choice : choices) all.append(all.empty() ? "" : "|").append(choice);
    return values("one_of:" + all);
  }
  Signature& one_of(std::initializer_list<std::int64_t> choices) {
    std::string all;
    for (std::int64_t choice : choices) all.append(all.empty() ? "" : "|").append(std::to_string(choice));
    return values("one_of:" + all);
  }
  /// After one_of: another spelling of one of its texts. The constructor gets `choice`.
  Signature& spelling(std::string_view choice, std::string_view other) {
    std::string all = arguments_.back().values != nullptr ? arguments_.back().values : "one_of:";
    for (std::size_t at = all.find(':') + 1; at < all.size(); at = all.find('|', at) + 1) {
      const std::size_t end = std::min(all.find('|', at), all.size());
      const std::string_view one = std::string_view(all).substr(at, end - at);
      if (one.substr(0, one.find('=')) == choice) {
        return values(all.insert(end, "=" + std::string(other)));
      }
      if (end == all.size()) break;
    }
    return values(all + "|" + std::string(choice) + "=" + std::string(other));
  }
  /// A text with a form of its own: "device" (cpu, cuda or cuda:N) or "sha256" (64 hexadecimal digits).
  Signature& format(std::string_view name) { return values("format:" + std::string(name)); }
  /// A `path` must lead to a file, unless one of these says otherwise.
  Signature& folder() { return values("path:folder"); }
  Signature& file_or_folder() { return values("path:file|folder"); }
  /// There need be nothing at a `path`: the operator makes it, or does without.
  Signature& may_be_missing() {
    arguments_.back().values = nullptr;
    return *this;
  }

  /// What the number just named means for the plan of a pipeline: so many rows come out, whatever comes in; or so many
  /// rows of a window are used and the rest dropped, which `pipit check` tells when more are given.
  Signature& rows_given() { return role("rows_given"); }
  Signature& rows_used() { return role("rows_used"); }

  /// Arguments of this operator ask for a kind of work, "frame_sampling", that other operators do as nodes of their
  /// own.
  Signature& performs(std::string_view work) {
    performs_ = keep(work);
    return *this;
  }
  /// This operator's work, asked for by arguments of the node before it: stands_for("frame_sampling",
  /// "sample_type=time_step_sample time_step=$time_step"), where `$name` is the value of an argument of this operator.
  /// When that node performs such work, has these arguments at their defaults and is read by nobody else, the runtime
  /// gives them to it and leaves this node out; so the results must be the same.
  Signature& stands_for(std::string_view work, std::string_view arguments) {
    stands_for_ = keep(std::string(work).append(" ").append(arguments));
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
            sizeof(pipit_refusal),
            performs_,
            stands_for_};
    return raw_;
  }

 private:
  struct Variant {
    const char* value = nullptr;
    std::vector<pipit_port> inputs;
    std::vector<pipit_port> outputs;
  };

  Signature& add(const pipit_argument& argument) {
    arguments_.push_back(argument);
    if (std::string_view(argument.type) == "path") arguments_.back().values = keep("path:file");
    return *this;
  }
  Signature& values(const std::string& text) {
    arguments_.back().values = keep(text);
    return *this;
  }
  Signature& role(std::string_view role) {
    arguments_.back().role = keep(role);
    return *this;
  }
  template <class Number>
  static std::string text(Number number) {
    char digits[64];
    return {digits, std::to_chars(digits, digits + sizeof(digits), number).ptr};
  }

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
  const char* performs_ = nullptr;
  const char* stands_for_ = nullptr;
  std::uint16_t state_ = PIPIT_STATELESS;
  std::uint32_t flags_ = 0;
  std::uint32_t batch_ = 0;
  std::vector<pipit_variant> raw_variants_;
  pipit_signature raw_{};
};

}  // namespace pipit

#pragma GCC visibility pop
