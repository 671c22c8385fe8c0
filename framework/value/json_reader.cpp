#include "value/json_reader.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace pipit {
namespace {

class Reader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Value take() { return std::move(root_); }

  bool null() override { return add({}); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(std::int64_t{value}); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return add(static_cast<double>(value));
    return add(static_cast<std::int64_t>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(value); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool key(string_t& value) override {
    open_.back().key = std::move(value);
    return true;
  }
  bool end_object() override {
    Value map = Value::map(std::move(open_.back().entries));
    open_.pop_back();
    return add(std::move(map));
  }
  bool end_array() override {
    Value list = Value::list(std::move(open_.back().elements));
    open_.pop_back();
    return add(std::move(list));
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) override {
    throw Error("invalid_input", error.what());
  }

 private:
  static constexpr std::size_t kDeepest = 64;

  struct Open {
    bool object = false;
    std::string key;
    std::vector<std::pair<std::string, Value>> entries;
    std::vector<Value> elements;
  };

  bool open(bool object) {
    if (open_.size() == kDeepest) throw Error("invalid_input", "lists and objects are more than 64 deep");
    open_.push_back({.object = object, .key = {}, .entries = {}, .elements = {}});
    return true;
  }

  bool add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Open& in = open_.back();
    if (!in.object) {
      in.elements.push_back(std::move(value));
    } else if (std::ranges::find(in.entries, in.key, &std::pair<std::string, Value>::first) == in.entries.end()) {
      in.entries.emplace_back(std::move(in.key), std::move(value));
    }
    return true;
  }

  std::vector<Open> open_;
  Value root_;
};

}  // namespace

Value read_json(std::string_view text) {
  Reader reader;
  nlohmann::json::sax_parse(text, &reader);
  return reader.take();
}

}  // namespace pipit
