// pipit merge

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/output/earlier_results.h"
#include "cli/output/numpy_writer.h"
#include "cli/output/output_file.h"
#include "cli/output/output_guard.h"
#include "cli/output/result_line.h"
#include "cli/output/result_writer.h"
#include "cli/run/record_file.h"
#include "cli/run/shard_file.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;
using Json = RunRecord::Json;

[[noreturn]] void refuse(const std::string& file, const std::string& why) {
  throw Error("invalid_input", fmt::format("cannot merge '{}': {}", file, why));
}

/// The whole results of one shard.
struct Part {
  std::string file;
  ShardFile said;
  RecordFile::Stored record;
};

Part part_of(const std::string& file) {
  Part part{file, ShardFile::read(file), {}};
  auto record = RecordFile::read(file);
  if (!record || !record->content.is_object()) {
    refuse(file, fmt::format("'{}', which tells how it was made, {}", RecordFile::name_of(file),
                             record ? "is damaged" : "is not there"));
  }
  part.record = std::move(*record);
  part.record.content.erase("shard");
  const std::int64_t share = part.said.shard.share(part.said.items);
  if (static_cast<std::int64_t>(part.record.digests.size()) != share) {
    refuse(file, fmt::format("'{}' knows {}, and shard {} of {} has {}", RecordFile::name_of(file),
                             counted(static_cast<std::int64_t>(part.record.digests.size()), "item"),
                             part.said.shard.text(), counted(part.said.items, "item"), share));
  }
  return part;
}

/// In the order of the shards, each there once and of the same run.
std::vector<Part> parts_of(const std::vector<std::string>& files) {
  std::vector<Part> parts;
  for (const std::string& file : files) parts.push_back(part_of(file));
  std::ranges::stable_sort(parts, {}, [](const Part& part) { return part.said.shard.index; });
  const Part& first = parts.front();
  const std::int64_t of = first.said.shard.of;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const Part& part = parts[i];
    if (part.said.shard.of != of) {
      refuse(part.file, fmt::format("it is shard {}, and '{}' is shard {}", part.said.shard.text(), first.file,
                                    first.said.shard.text()));
    }
    if (part.said.shard.index == parts[i - 1].said.shard.index) {
      refuse(part.file, fmt::format("it is shard {}, and so is '{}'", part.said.shard.text(), parts[i - 1].file));
    }
    if (part.said.items != first.said.items) {
      refuse(part.file, fmt::format("its list has {}, that of '{}' {}", counted(part.said.items, "item"), first.file,
                                    first.said.items));
    }
    if (const std::string other = differences(first.record.content, part.record.content); !other.empty()) {
      refuse(part.file, fmt::format("it was made by another run than '{}': {}", first.file, other));
    }
  }
  std::string missing;
  std::size_t at = 0;
  for (std::int64_t index = 0; index < of; ++index) {
    if (at < parts.size() && parts[at].said.shard.index == index) {
      ++at;
    } else {
      missing += fmt::format("{}{}", missing.empty() ? "" : ", ", Shard{index, of}.text());
    }
  }
  if (!missing.empty())
    refuse(first.file, fmt::format("of its {} shards {} missing", of,
                                   missing.find(',') == std::string::npos ? missing + " is" : missing + " are"));
  return parts;
}

/// `{"item":3,…` of the line of an item that has another number in its shard.
void renumber(std::string& line, std::int64_t item) {
  constexpr std::string_view kHead = "{\"item\":";
  const std::size_t end = line.find_first_of(",}");
  line.replace(0, end, fmt::format("{}{}", kHead, item));
}

/// The lines of all parts in the order of the list.
class MergedLines {
 public:
  MergedLines(const std::vector<Part>& parts, bool arrays) : parts_(parts) {
    for (const Part& part : parts) {
      const std::string file = arrays ? NumpyWriter::lines_of(part.file) : part.file;
      // Whether each line is that of the item that belongs there.
      static_cast<void>(EarlierResults::read(file, arrays));
      lines_.emplace_back(file);
    }
  }

  std::string next(std::int64_t item) {
    const auto part = static_cast<std::size_t>(item) % parts_.size();
    auto line = lines_[part].next();
    if (!line) refuse(parts_[part].file, "it has fewer lines than its shard has items");
    renumber(*line, item);
    return std::move(*line);
  }

 private:
  const std::vector<Part>& parts_;
  std::vector<ResultLines> lines_;
};

std::unique_ptr<OutputFile> fresh(const std::string& name) {
  return OutputFile::beside(name, ".new");
}

void merge_lines(const std::vector<Part>& parts, const std::string& output) {
  MergedLines lines(parts, false);
  const auto out = fresh(output);
  for (std::int64_t item = 0; item < parts.front().said.items; ++item) out->append(lines.next(item));
  out->finish();
  out->rename_to(output);
}

/// An array that pipit wrote, read row by row.
class ArrayRowsOf {
 public:
  explicit ArrayRowsOf(const std::string& file) : file_(file), stream_(file, std::ios::binary) {
    std::string bytes(NpyHeader::kWrittenBytes, '\0');
    stream_.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    const auto header = NpyHeader::parse(std::string_view(bytes).substr(0, static_cast<std::size_t>(stream_.gcount())));
    if (!header || header->data_offset != NpyHeader::kWrittenBytes) refuse(file, "it is not an array that pipit wrote");
    header_ = *header;
    row_.resize(header_.row_bytes());
  }

  const NpyHeader& header() const { return header_; }
  const std::string& next() {
    stream_.read(row_.data(), static_cast<std::streamsize>(row_.size()));
    if (stream_.gcount() != static_cast<std::streamsize>(row_.size())) refuse(file_, "it is shorter than its rows");
    return row_;
  }

 private:
  const std::string file_;
  std::ifstream stream_;
  NpyHeader header_;
  std::string row_;
};

/// Of the arrays' rows; of those without rows where there are no others.
NpyHeader common_header(const std::vector<Part>& parts, const std::vector<ArrayRowsOf>& arrays) {
  NpyHeader common = arrays.front().header();
  std::size_t known = 0;
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const NpyHeader& header = arrays[i].header();
    if (header.rows == 0) continue;
    if (common.rows > 0 && (header.shape != common.shape || header.dtype != common.dtype)) {
      refuse(parts[i].file, fmt::format("its rows are {} [{}], those of '{}' {} [{}]", dtype_name(header.dtype),
                                        fmt::join(header.shape, ","), parts[known].file, dtype_name(common.dtype),
                                        fmt::join(common.shape, ",")));
    }
    if (common.rows == 0) known = i;
    common = header;
  }
  return common;
}

void merge_arrays(const std::vector<Part>& parts, const std::string& output) {
  MergedLines lines(parts, true);
  std::vector<ArrayRowsOf> arrays;
  for (const Part& part : parts) arrays.emplace_back(part.file);
  NpyHeader header = common_header(parts, arrays);
  const auto array = fresh(output);
  const auto beside = fresh(NumpyWriter::lines_of(output));
  array->append(header.text());
  header.rows = 0;
  for (std::int64_t item = 0; item < parts.front().said.items; ++item) {
    std::string line = lines.next(item);
    if (auto rows = rows_of(line)) {
      ArrayRowsOf& from = arrays[static_cast<std::size_t>(item) % arrays.size()];
      for (std::int64_t i = 0; i < rows->count; ++i) array->append(from.next());
      rows->first = header.rows;
      header.rows += rows->count;
      set_rows(line, *rows);
    }
    beside->append(line);
  }
  array->overwrite(0, header.text());
  array->finish();
  beside->finish();
  array->rename_to(output);
  beside->rename_to(NumpyWriter::lines_of(output));
}

/// As one run keeps it.
void merge_records(const std::vector<Part>& parts, const std::string& output) {
  std::vector<std::uint64_t> digests;
  for (std::int64_t item = 0; item < parts.front().said.items; ++item) {
    const auto at = static_cast<std::size_t>(item);
    digests.push_back(parts[at % parts.size()].record.digests[at / parts.size()]);
  }
  RecordFile(output).write(parts.front().record.content, digests);
}

void check_forms(const std::vector<std::string>& files, const std::string& output) {
  ResultWriter::check_ending(output);
  for (const std::string& file : files) {
    if (ResultWriter::is_index(file)) {
      throw UsageError(
          fmt::format("'{}': indexes are not merged; make shards of JSON lines or arrays, or one index by "
                      "--append",
                      file));
    }
    if (file.ends_with(".npy") != output.ends_with(".npy")) {
      throw UsageError(fmt::format("'{}' and --output '{}' are not of one form", file, output));
    }
  }
}

void guard(const std::vector<Part>& parts, const std::string& output) {
  OutputGuard files;
  for (const Part& part : parts) files.reads(part.file, fmt::format("the shard '{}'", part.file));
  files.writes("--output", output, kRunForm);
  for (const std::string& file : ResultWriter::files_beside(output)) files.writes_beside("--output", file, kRunForm);
}

}  // namespace

int merge(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("shards", po::value<std::vector<std::string>>()->required()->value_name("OUT"),
                        "the outputs of all shards of one run, in any order");
  options.add_options()("output", po::value<std::string>()->required()->value_name("FILE.jsonl|FILE.npy"),
                        "where the whole goes");
  options.add_options()("overwrite", po::bool_switch(), "replace what is there");
  po::positional_options_description positional;
  positional.add("shards", -1);
  const Parsed parsed = parse(arguments, "merge OUT… --output FILE [options]", options, positional);
  if (parsed.done) return kAllGood;
  const auto& files = parsed.values["shards"].as<std::vector<std::string>>();
  const auto& output = parsed.values["output"].as<std::string>();
  check_forms(files, output);
  const std::vector<Part> parts = parts_of(files);
  guard(parts, output);
  std::error_code error;
  if (!parsed.values["overwrite"].as<bool>() && fs::exists(output, error)) {
    throw UsageError(fmt::format("--output '{}': it is there already; replace it by --overwrite", output));
  }
  if (output.ends_with(".npy")) {
    merge_arrays(parts, output);
  } else {
    merge_lines(parts, output);
  }
  merge_records(parts, output);
  return kAllGood;
}

}  // namespace pipit::cli
