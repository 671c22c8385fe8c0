#include "module/signature/argument_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "base/near.h"
#include "base/url.h"
#include "pipit/error.h"

namespace pipit {
namespace {

[[noreturn]] void fail(std::string_view text, const std::string& why) {
  throw Error("invalid_module", fmt::format("'{}' {}", text, why));
}

template <class Number>
std::optional<Number> parse_all(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// One end of a range; nothing where the range is open.
std::optional<Value> parse_end(std::string_view end, bool ints, std::string_view whole) {
  if (end.empty()) return std::nullopt;
  if (ints) {
    if (const auto number = parse_all<std::int64_t>(end)) return Value(*number);
  } else if (const auto number = parse_all<double>(end); number && std::isfinite(*number)) {
    return Value(*number);
  }
  fail(whole, fmt::format("has an end that is not {}", ints ? "an int" : "a finite float"));
}

std::string number_text(const Value& value) {
  return value.kind() == Kind::kInt ? std::to_string(value.integer()) : fmt::format("{}", value.number());
}

bool is_hexadecimal(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

bool is_device(std::string_view text) {
  constexpr std::string_view kNumbered = "cuda:";
  if (text == "cpu" || text == "cuda") return true;
  if (!text.starts_with(kNumbered)) return false;
  const auto number = parse_all<int>(text.substr(kNumbered.size()));
  return number && *number >= 0;
}

/// The item's type of a list, else the type itself.
std::string_view judged_type(std::string_view type) {
  if (type.starts_with("list<") && type.ends_with('>')) return type.substr(5, type.size() - 6);
  return type;
}

}  // namespace

ArgumentValues ArgumentValues::parse(std::string_view text, std::string_view type) {
  ArgumentValues values;
  values.text_ = text;
  if (text.empty()) return values;
  const std::string_view item = judged_type(type);
  values.ints_ = item == "int";
  const std::string_view form = text.substr(0, text.find(':'));
  const std::string_view rest = text.substr(std::min(form.size() + 1, text.size()));
  const auto only_for = [&](bool good, const char* types) {
    if (!good) fail(text, fmt::format("is for arguments of type {}, not {}", types, type));
  };
  if (form == "range") {
    only_for(values.ints_ || item == "float", "int or float");
    values.parse_range(rest);
  } else if (form == "one_of") {
    only_for(values.ints_ || item == "string", "string or int");
    values.parse_choices(rest);
  } else if (text == "format:device" || text == "format:sha256") {
    only_for(item == "string", "string");
    values.form_ = rest == "device" ? Form::kDevice : Form::kSha256;
  } else if (text == "path:file" || text == "path:folder" || text == "path:file|folder") {
    only_for(type == "path", "path");
    values.form_ = Form::kPath;
    values.file_ = rest != "folder";
    values.folder_ = rest != "file";
  } else {
    fail(text,
         "does not say which values: expected range:, one_of:, format:device, format:sha256, path:file, "
         "path:folder or path:file|folder");
  }
  return values;
}

void ArgumentValues::parse_range(std::string_view text) {
  form_ = Form::kRange;
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) fail(text_, "is not a range: expected 'range:LEAST..MOST'");
  least_ = parse_end(text.substr(0, dots), ints_, text_);
  most_ = parse_end(text.substr(dots + 2), ints_, text_);
  if (!least_ && !most_) fail(text_, "is a range without an end");
  if (least_ && most_ && least_->number() > most_->number()) fail(text_, "is a range without a value");
}

void ArgumentValues::parse_choices(std::string_view text) {
  form_ = Form::kChoices;
  while (true) {
    const std::size_t bar = text.find('|');
    add_choice(text.substr(0, bar));
    if (bar == std::string_view::npos) return;
    text.remove_prefix(bar + 1);
  }
}

/// "choice=another spelling=…".
void ArgumentValues::add_choice(std::string_view text) {
  const auto next = [&text] {
    const std::size_t equals = std::min(text.find('='), text.size());
    std::string one(text.substr(0, equals));
    text.remove_prefix(std::min(equals + 1, text.size()));
    return one;
  };
  const std::string choice = next();
  if (choice.empty()) fail(text_, "has an empty choice");
  if (ints_ && !parse_all<std::int64_t>(choice)) fail(text_, fmt::format("has the choice '{}', not an int", choice));
  choices_.push_back(choice);
  while (!text.empty()) spellings_.emplace_back(next(), choice);
}

bool ArgumentValues::takes(const Value& value) const {
  const auto is_text = [&] { return value.kind() == Kind::kString; };
  switch (form_) {
    case Form::kRange: {
      if (value.kind() != Kind::kInt && value.kind() != Kind::kFloat) return false;
      if (ints_) {
        return (!least_ || value.integer() >= least_->integer()) && (!most_ || value.integer() <= most_->integer());
      }
      const double number = value.number();
      return std::isfinite(number) && (!least_ || number >= least_->number()) && (!most_ || number <= most_->number());
    }
    case Form::kChoices: {
      if (value.kind() == Kind::kInt) {
        return std::ranges::find(choices_, std::to_string(value.integer())) != choices_.end();
      }
      if (!is_text()) return false;
      const std::string chosen(canonical(value).string());
      return std::ranges::find(choices_, chosen) != choices_.end();
    }
    case Form::kDevice:
      return is_text() && is_device(value.string());
    case Form::kSha256:
      return is_text() && value.string().size() == 64 && is_hexadecimal(value.string());
    default:
      return true;
  }
}

Value ArgumentValues::canonical(const Value& value) const {
  if (value.kind() != Kind::kString) return value;
  const auto found =
      std::ranges::find(spellings_, value.string(), [](const auto& s) { return std::string_view(s.first); });
  return found == spellings_.end() ? value : Value(found->second);
}

std::string ArgumentValues::path_fault(const std::string& path) const {
  if (form_ != Form::kPath) return "";
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return is_url(path) ? "is a URL, which pipit does not read; copy it to a file first" : "does not exist";
  }
  if (error) return fmt::format("cannot be looked at: {}", error.message());
  const bool is_folder = status.type() == std::filesystem::file_type::directory;
  if (is_folder && !folder_) return "is a folder, not a file";
  if (!is_folder && !file_) return "is a file, not a folder";
  return "";
}

std::string ArgumentValues::range_text() const {
  if (form_ != Form::kRange) return "";
  if (!most_) return fmt::format(" of at least {}", number_text(*least_));
  if (!least_) return fmt::format(" of at most {}", number_text(*most_));
  return fmt::format(" from {} to {}", number_text(*least_), number_text(*most_));
}

std::string ArgumentValues::noun() const {
  switch (form_) {
    case Form::kChoices:
      return choices_.size() == 1 ? fmt::format("'{}'", choices_[0]) : "one of " + quoted_list(choices_);
    case Form::kDevice:
      return "'cpu', 'cuda' or 'cuda:N'";
    case Form::kSha256:
      return "a SHA-256 sum (64 hexadecimal digits)";
    case Form::kPath:
      return file_ && folder_ ? "a file or folder" : file_ ? "a file" : "a folder";
    default:
      return "";
  }
}

std::string ArgumentValues::describe() const {
  if (form_ == Form::kRange) return range_text().substr(most_ && least_ ? 1 : 4);
  if (form_ == Form::kPath) return noun() + " that exists";
  std::string text = noun();
  for (const auto& [other, choice] : spellings_) text += fmt::format("; '{}' is '{}'", other, choice);
  return text;
}

std::vector<Value> ArgumentValues::ends() const {
  std::vector<Value> values;
  if (least_) values.push_back(*least_);
  if (most_) values.push_back(*most_);
  for (const std::string& choice : choices_) {
    values.push_back(ints_ ? Value(*parse_all<std::int64_t>(choice)) : Value(choice));
  }
  if (form_ == Form::kDevice) values.emplace_back("cpu");
  if (form_ == Form::kSha256) values.emplace_back(std::string(64, '0'));
  return values;
}

std::vector<Value> ArgumentValues::outside() const {
  switch (form_) {
    case Form::kRange: {
      std::vector<Value> values;
      if (ints_) {
        if (least_ && least_->integer() > std::numeric_limits<std::int64_t>::min()) {
          values.emplace_back(least_->integer() - 1);
        }
        if (most_ && most_->integer() < std::numeric_limits<std::int64_t>::max()) {
          values.emplace_back(most_->integer() + 1);
        }
        return values;
      }
      if (least_) values.emplace_back(std::nextafter(least_->number(), -std::numeric_limits<double>::infinity()));
      if (most_) values.emplace_back(std::nextafter(most_->number(), std::numeric_limits<double>::infinity()));
      return values;
    }
    case Form::kChoices: {
      if (ints_) return {};
      std::string none = "none of them";
      while (std::ranges::find(choices_, none) != choices_.end()) none += '_';
      return {Value(none)};
    }
    case Form::kDevice:
    case Form::kSha256:
      return {Value("none such")};
    case Form::kPath:
      return {Value("/nowhere/at/all")};
    default:
      return {};
  }
}

}  // namespace pipit
