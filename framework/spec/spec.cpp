#include "spec/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "pipit/error.h"
#include "spec/nested_pipeline.h"
#include "spec/spec_reader.h"

namespace pipit {
namespace {

constexpr std::size_t kMostFileBytes = 4 << 20;

/// The place of a byte that texts do not have; empty: it is text.
std::string not_text(std::string_view text) {
  const bool wide = text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");  // UTF-16, which YAML may be in
  if (wide) return "";
  const auto control = std::ranges::find_if(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f';
  });
  if (control == text.end()) return "";
  return fmt::format("line {} has the byte 0x{:02x}", std::count(text.begin(), control, '\n') + 1, *control);
}

/// A pipeline's text. Anything else that a user may give by mistake is reported as what it is, before it is read whole.
std::string read_text(const std::filesystem::path& file) {
  const auto fail = [&](const char* code, const std::string& what) {
    throw Error(code, fmt::format("'{}' {}", file.string(), what));
  };
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) fail("not_found", "is a folder; expected a pipeline file");
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    throw Error("not_found", fmt::format("cannot open pipeline '{}': {}", file.string(), std::strerror(errno)));
  std::string text(kMostFileBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (const std::string wrong = not_text(text); !wrong.empty()) {
    fail("invalid_argument", "is not a pipeline file: it is not text (" + wrong + ")");
  }
  if (text.size() > kMostFileBytes) {
    fail("invalid_argument", fmt::format("is not a pipeline file: it has more than {} MiB", kMostFileBytes >> 20));
  }
  return text;
}

}  // namespace

std::string_view window_fact_key(WindowFact fact) {
  constexpr std::string_view kKeys[] = {"start", "end", "rows"};
  return kKeys[static_cast<int>(fact)];
}

std::string window_text(const WindowSpec& window) {
  switch (window.kind) {
    case WindowSpec::Kind::kCount:
      return fmt::format("{} rows, step {}", window.size, window.step);
    case WindowSpec::Kind::kTime:
      return fmt::format("{} s, step {} s", window.seconds, window.step_s);
    default:
      return "all rows";
  }
}

SourcePlace NodeSpec::part(std::string_view key) const {
  for (const std::string_view wanted : {key, std::string_view("op")}) {
    if (const auto found = parts.find(wanted); found != parts.end()) return found->second;
  }
  return at;
}

const Override* Spec::Options::override_of(std::string_view target) const {
  const auto found = std::ranges::find(overrides.rbegin(), overrides.rend(), target, &Override::target);
  return found != overrides.rend() ? &*found : nullptr;
}

Spec Spec::read(const std::filesystem::path& file, const Options& options) {
  Spec spec = draft(file, options);
  spec.faults.raise();
  return spec;
}

Spec Spec::parse(std::string_view text, std::string_view place, const std::filesystem::path& folder,
                 const Options& options) {
  Spec spec = draft(text, place, folder, options);
  spec.faults.raise();
  return spec;
}

Spec Spec::draft(const std::filesystem::path& file, const Options& options) {
  Options within = options;
  if (within.budget == nullptr) within.budget = std::make_shared<FileBudget>();
  enter_file(within.within, file);
  const std::string text = read_text(file);
  within.budget->take(file, text.size());
  return draft(text, file.string(), file.parent_path(), within);
}

Spec Spec::draft(std::string_view text, std::string_view place, const std::filesystem::path& folder,
                 const Options& options) {
  Options within = options;
  if (within.budget == nullptr) within.budget = std::make_shared<FileBudget>();
  Spec spec;
  spec.place = place;
  spec.folder = folder;
  spec.unset_is_warning = options.unset_is_warning;
  spec.faults.enter(spec.place);
  read_spec(parse_yaml(text, spec.faults), within, spec);
  within.budget->take_nodes(spec.place, spec.nodes.size());
  return spec;
}

}  // namespace pipit
