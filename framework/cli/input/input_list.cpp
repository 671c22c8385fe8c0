#include "cli/input/input_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/near.h"
#include "cli/command.h"
#include "cli/input/table_reader.h"
#include "pipit/error.h"
#include "value/json_line.h"

namespace pipit::cli {
namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw Error("invalid_input", message);
}

/// For messages: "'clips.csv'", "standard input".
std::string shown(const std::string& name) {
  return name == "-" ? "standard input" : "'" + name + "'";
}

Request with_line(Request request, const InputItem& item) {
  if (request.error && item.line > 0) {
    request.error->message.insert(0, fmt::format("line {}: ", item.line));
  }
  return request;
}

class JsonLines final : public InputList {
 public:
  JsonLines(std::unique_ptr<LineReader> lines, const RequestReader& requests)
      : lines_(std::move(lines)), requests_(requests) {}

  std::optional<InputItem> next() override {
    auto line = lines_->next();
    if (!line) return std::nullopt;
    std::string fault =
        line->too_long ? fmt::format("is longer than {} MiB", LineReader::kMaxLineBytes >> 20) : std::string();
    return InputItem{line->number, std::move(line->text), {}, std::move(fault), nullptr};
  }
  Request request(const InputItem& item) const override {
    return with_line(item.fault.empty() ? requests_.from_json(item.text) : RequestReader::failed(item.fault), item);
  }
  void stop() override { lines_->stop(); }

 protected:
  const std::unique_ptr<LineReader> lines_;
  const RequestReader& requests_;
};

/// A line is the value of the pipeline's one input.
class TextLines final : public InputList {
 public:
  TextLines(std::unique_ptr<LineReader> lines, const RequestReader& requests)
      : lines_(std::move(lines), requests), requests_(requests) {}

  std::optional<InputItem> next() override { return lines_.next(); }
  Request request(const InputItem& item) const override {
    return with_line(item.fault.empty() ? requests_.from_text(item.text) : RequestReader::failed(item.fault), item);
  }
  void stop() override { lines_.stop(); }

 private:
  JsonLines lines_;
  const RequestReader& requests_;
};

class Table final : public InputList {
 public:
  /// The header has been read.
  Table(std::unique_ptr<LineReader> lines, char separator, std::vector<std::string> header,
        const RequestReader& requests)
      : lines_(std::move(lines)), records_(*lines_, separator), header_(std::move(header)), requests_(requests) {}

  std::optional<InputItem> next() override {
    auto record = records_.next();
    if (!record) return std::nullopt;
    InputItem item{record->line, std::move(record->text), std::move(record->cells), std::move(record->fault), &header_};
    if (item.fault.empty() && item.cells.size() != header_.size()) {
      item.fault = fmt::format("has {} cell{}, the header has {}", item.cells.size(), item.cells.size() == 1 ? "" : "s",
                               header_.size());
    }
    return item;
  }
  Request request(const InputItem& item) const override {
    return with_line(item.fault.empty() ? requests_.from_cells(header_, item.cells) : RequestReader::failed(item.fault),
                     item);
  }
  void stop() override { lines_->stop(); }

 private:
  const std::unique_ptr<LineReader> lines_;
  TableReader records_;
  const std::vector<std::string> header_;
  const RequestReader& requests_;
};

class Files final : public InputList {
 public:
  Files(std::vector<std::string> files, const RequestReader& requests)
      : files_(std::move(files)), requests_(requests) {}

  std::optional<InputItem> next() override {
    if (next_ == files_.size()) return std::nullopt;
    return InputItem{0, files_[next_++], {}, "", nullptr};
  }
  Request request(const InputItem& item) const override { return requests_.from_text(item.text); }

 private:
  const std::vector<std::string> files_;
  const RequestReader& requests_;
  std::size_t next_ = 0;
};

class OneItem final : public InputList {
 public:
  OneItem(Request request, std::string text) : request_(std::move(request)), text_(std::move(text)) {}

  std::optional<InputItem> next() override {
    if (done_) return std::nullopt;
    done_ = true;
    return InputItem{0, text_, {}, "", nullptr};
  }
  Request request(const InputItem& /*item*/) const override { return request_; }

 private:
  const Request request_;
  const std::string text_;
  bool done_ = false;
};

std::string ending_of(const std::string& name) {
  std::string ending = std::filesystem::path(name).extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending;
}

/// What gives one value an item needs a pipeline with one input.
void need_one_input(const std::string& what, const RequestReader& requests) {
  if (requests.inputs().size() == 1) return;
  refuse(fmt::format("{}, one value an item; the pipeline takes {}: give a CSV file with these columns, or JSON lines",
                     what, quoted_list(requests.inputs())));
}

std::vector<std::string> header_of(std::string_view line, char separator) {
  std::vector<std::string> header = cells_of(line, separator);
  for (std::string& name : header) {
    name.erase(0, std::min(name.find_first_not_of(" \t"), name.size()));
    name.erase(name.find_last_not_of(" \t") + 1);
  }
  return header;
}

/// The separator of a line that is a header with one of the inputs, or 0.
char separator_of(std::string_view line, const RequestReader& requests) {
  for (const char separator : {',', '\t', ';'}) {
    for (const std::string& name : header_of(line, separator)) {
      if (std::ranges::find(requests.inputs(), name) != requests.inputs().end()) return separator;
    }
  }
  return 0;
}

void check_header(const std::string& name, const std::vector<std::string>& header, const RequestReader& requests) {
  for (const std::string& input : requests.inputs()) {
    if (std::ranges::find(header, input) != header.end()) continue;
    refuse(fmt::format("{}: its header has {}, and no column '{}'; the pipeline takes {}", shown(name),
                       quoted_list(header), input, quoted_list(requests.inputs())));
  }
  std::vector<std::string> sorted = header;
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice != sorted.end()) refuse(fmt::format("{}: its header has '{}' more than once", shown(name), *twice));
}

std::unique_ptr<InputList> open_table(InputSource source, char separator, const RequestReader& requests) {
  TableReader records(*source.lines, separator);
  const auto first = records.next();
  std::vector<std::string> header;
  if (first && !first->fault.empty()) refuse(fmt::format("{}: its header {}", shown(source.name), first->fault));
  if (first) {
    for (const std::string& cell : first->cells) header.push_back(header_of(cell, '\0').front());
    check_header(source.name, header, requests);
  }
  return std::make_unique<Table>(std::move(source.lines), separator, std::move(header), requests);
}

/// A file that holds a list in a form that is not read, told by its first bytes.
struct ForeignForm {
  std::string_view beginning;
  const char* is;
  const char* remedy;
};
constexpr ForeignForm kForeignForms[] = {
    {"\xff\xfe", "UTF-16 text", "write it as UTF-8: iconv -f UTF-16 -t UTF-8 LIST > NEW"},
    {"\xfe\xff", "UTF-16 text", "write it as UTF-8: iconv -f UTF-16 -t UTF-8 LIST > NEW"},
    {"PK\x03\x04", "a ZIP archive, as a spreadsheet's .xlsx or .ods is", "save the table as CSV (UTF-8)"},
    {"\xd0\xcf\x11\xe0", "an old Office file, as a spreadsheet's .xls is", "save the table as CSV (UTF-8)"},
    {"\x1f\x8b", "compressed by gzip", "unpack it on the way: zcat LIST | pipit run … --inputs -"},
    {"BZh", "compressed by bzip2", "unpack it on the way: bzcat LIST | pipit run … --inputs -"},
    {"\xfd\x37zXZ", "compressed by xz", "unpack it on the way: xzcat LIST | pipit run … --inputs -"},
    {"\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it on the way: zstdcat LIST | pipit run … --inputs -"},
    {"PAR1", "a Parquet file", "write its columns as CSV or as JSON lines"},
};

/// Lines of old Macs end with a carriage return alone; here all of them would be one.
bool has_bare_returns(std::string_view text) {
  const std::size_t at = text.find('\r');
  return text.find('\n') == std::string_view::npos && at < text.size() - 1;
}

/// Media and the like given for a list, and lists in other forms.
void check_text(const InputSource& source, const RequestReader& requests) {
  const std::string_view text = source.lines->beginning();
  for (const ForeignForm& form : kForeignForms) {
    if (!text.starts_with(form.beginning)) continue;
    refuse(fmt::format("{} is {}, expected lines of UTF-8 text; {}", shown(source.name), form.is, form.remedy));
  }
  if (!text.empty() && has_bare_returns(text)) {
    refuse(
        fmt::format("{}: its lines end with a carriage return alone, expected a line feed; write them anew: tr "
                    "'\\r' '\\n' < LIST > NEW",
                    shown(source.name)));
  }
  if (text.find('\0') == std::string_view::npos) return;
  refuse(
      fmt::format("{} is not a list: it holds binary data; give one file as --input {}={}, several as a folder, a "
                  "pattern or a list of their names",
                  shown(source.name), requests.inputs().front(), source.name == "-" ? "FILE" : source.name));
}

/// Whether the first line is the beginning of an object that goes on in the next one.
bool is_cut_object(const std::string& line, LineReader& lines) {
  try {
    JsonLine::read(line);
    return false;
  } catch (const Error& e) {
    if (!std::string_view(e.what()).ends_with("found the end of the line")) return false;
  }
  auto next = lines.next();
  if (!next) return false;
  const bool is_another = next->text.find_first_not_of(" \t") == next->text.find('{');
  lines.put_back(std::move(*next));
  return !is_another;
}

std::unique_ptr<InputList> open_lines(InputSource source, const RequestReader& requests) {
  check_text(source, requests);
  const std::string ending = ending_of(source.name);
  if (ending == ".tsv" || ending == ".tab") return open_table(std::move(source), '\t', requests);
  const auto json = [&] { return std::make_unique<JsonLines>(std::move(source.lines), requests); };

  auto first = source.lines->next_whole();
  while (first && first->blank()) first = source.lines->next_whole();
  if (!first) return json();
  std::string text = first->text.substr(first->text.find_first_not_of(" \t"), 4096);
  if (text.ends_with('\r')) text.pop_back();
  const bool in_pieces =
      text.starts_with('{') && ending != ".csv" && !first->too_long && is_cut_object(first->text, *source.lines);
  source.lines->put_back(std::move(*first));
  if (in_pieces) {
    refuse(fmt::format("{}: its first JSON object takes several lines; give one object a line, as jq -c . writes them",
                       shown(source.name)));
  }
  if (ending == ".csv") {
    const char found = separator_of(text, requests);
    return open_table(std::move(source), found == 0 ? ',' : found, requests);
  }
  if (text.starts_with('{')) return json();
  if (text == "[" || text.starts_with("[{")) {
    refuse(fmt::format("{} begins with a JSON list; give one object a line, as jq -c '.[]' writes them",
                       shown(source.name)));
  }
  const bool named_json = ending == ".jsonl" || ending == ".ndjson" || ending == ".json";
  const bool named_text = ending == ".txt" || ending == ".list";
  const char separator = named_text ? '\0' : separator_of(text, requests);
  if (named_json && separator != 0) {
    refuse(
        fmt::format("{} looks like CSV, its first line is '{}'; name it .csv or .tsv, or give one JSON object a line",
                    shown(source.name), text));
  }
  if (named_json || text.starts_with('[')) return json();
  if (separator != 0) return open_table(std::move(source), separator, requests);
  need_one_input(fmt::format("{} is a list of lines", shown(source.name)), requests);
  return std::make_unique<TextLines>(std::move(source.lines), requests);
}

}  // namespace

std::uint64_t InputItem::digest() const {
  // FNV-1a.
  std::uint64_t sum = 0xcbf29ce484222325U;
  const auto add = [&](std::string_view piece) {
    for (const char c : piece) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  };
  add(text);
  const auto add_all = [&](const std::vector<std::string>& pieces) {
    for (const std::string& piece : pieces) {
      add(piece);
      add(std::string_view("\0", 1));
    }
  };
  if (columns != nullptr) add_all(*columns);
  add_all(cells);
  return sum;
}

std::unique_ptr<InputList> InputList::open(InputSource source, const RequestReader& requests) {
  if (source.kind == InputSource::Kind::kLines) return open_lines(std::move(source), requests);
  need_one_input(fmt::format("{} '{}' gives names of files",
                             source.kind == InputSource::Kind::kFolder ? "the folder" : "the pattern", source.name),
                 requests);
  return std::make_unique<Files>(std::move(source.files), requests);
}

std::unique_ptr<InputList> InputList::of_pairs(const std::vector<std::pair<std::string, std::string>>& pairs,
                                               const RequestReader& requests) {
  std::string text;
  for (const auto& [name, value] : pairs) text += fmt::format("{}={}\n", name, value);
  return std::make_unique<OneItem>(requests.from_pairs(pairs), std::move(text));
}

std::optional<std::int64_t> InputList::count(const std::string& name, const RequestReader& requests) {
  std::error_code error;
  if (name == "-" || (std::filesystem::exists(name, error) && !std::filesystem::is_directory(name, error) &&
                      !std::filesystem::is_regular_file(name, error))) {
    return std::nullopt;
  }
  const auto list = open(InputSource::open(name), requests);
  std::int64_t items = 0;
  while (list->next()) ++items;
  return items;
}

}  // namespace pipit::cli
