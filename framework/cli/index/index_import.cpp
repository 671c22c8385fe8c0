// pipit index import

#include <fmt/format.h>

#include <filesystem>
#include <functional>

#include "base/counted.h"
#include "base/near.h"
#include "cli/index/index.h"
#include "cli/index/kept_queries.h"
#include "cli/index/vector_source.h"
#include "cli/output/output_guard.h"
#include "index/index_writer.h"
#include "pipit/error.h"
#include "pipit/pipeline.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;

po::options_description import_options() {
  po::options_description options("options");
  add_index_option(options);
  options.add_options()("out", po::value<std::string>()->required()->value_name("FROM"),
                        "results of pipit run, .jsonl or .npy; another .npy; or a folder of clip-retrieval");
  options.add_options()("pipeline", po::value<std::string>()->required()->value_name("PIPELINE.yaml"),
                        "a pipeline with 'index' that gives such vectors: it says which weights they are of and how "
                        "they are asked");
  options.add_options()("column", po::value<std::string>()->default_value("")->value_name("FIELD"),
                        "the field of FROM.jsonl that is the vector, where several could be");
  options.add_options()("kind", po::value<std::string>()->default_value("img")->value_name("img|text"),
                        "which embeddings of a folder are taken");
  options.add_options()("append", po::bool_switch(), "add to an index that is there");
  options.add_options()("overwrite", po::bool_switch(), "replace an index that is there");
  add_pipeline_options(options);
  return options;
}

/// What the pipeline's own vectors would be.
IndexSettings settings_of(const Pipeline& pipeline, const std::string& file) {
  const auto info = pipeline.index();
  if (!info) {
    throw Error("invalid_pipeline",
                fmt::format("pipeline '{}' has no 'index', which says what is searched and how it is asked", file));
  }
  IndexSettings settings;
  settings.vector = info->vector;
  settings.queries = kept_queries(*info);
  settings.pipeline = nlohmann::ordered_json::object();
  for (const ColumnInfo& output : pipeline.outputs()) {
    if (output.name != info->vector) continue;
    settings.space = output.space;
    settings.dimension = output.dimension;
  }
  if (settings.space.empty()) {
    throw Error("invalid_pipeline", fmt::format("pipeline '{}': no node above output '{}' names the space of its "
                                                "vectors; the operator that makes them must",
                                                file, info->vector));
  }
  return settings;
}

class Import {
 public:
  Import(std::string index, std::string from, IndexSettings settings)
      : index_(std::move(index)), from_(std::move(from)), settings_(std::move(settings)) {}

  /// All of it is looked at before any of it is added: what does not fit leaves the index as it was.
  void run(const std::function<std::unique_ptr<VectorSource>()>& open, bool append, bool overwrite) {
    IndexWriter writer(index_);
    const IndexManifest* existing = writer.existing();
    if (existing != nullptr && !append && !overwrite) {
      throw Error("invalid_argument", fmt::format("index '{}' is there; add to it by --append, or replace it by "
                                                  "--overwrite",
                                                  index_));
    }
    auto source = open();
    std::optional<SourceItem> item = source->next();
    if (!item) throw Error("invalid_input", fmt::format("'{}' holds no items", from_));
    require_space(source->space());
    settle(*item, source->dtype(), append ? existing : nullptr);
    append&& existing != nullptr ? writer.go_on(settings_) : writer.begin(settings_);
    for (std::int64_t number = 0; item; item = source->next(), ++number) check(writer, *item, number);

    writer.begin_run({{"imported", from_}}, std::filesystem::current_path());
    source = open();
    while ((item = source->next())) add(writer, *item);
    writer.finish();
  }

  std::int64_t rows() const { return rows_; }
  std::int64_t failed() const { return failed_; }

 private:
  void require_space(const std::string& space) const {
    if (space.empty() || space == settings_.space) return;
    throw Error("invalid_input",
                fmt::format("vectors of different spaces cannot be compared: '{}' has '{}', the pipeline gives '{}'; "
                            "name the weights that they were made with, as in --set vars.weights=FILE",
                            from_, space, settings_.space));
  }
  /// Where neither the pipeline nor the index knows the dimension, the first vector tells it.
  void settle(const SourceItem& first, DType dtype, const IndexManifest* existing) {
    settings_.dtype = dtype;
    if (settings_.dimension == 0 && existing != nullptr) settings_.dimension = existing->settings.dimension;
    if (settings_.dimension > 0) return;
    if (first.rows.empty()) {
      throw Error("invalid_input",
                  fmt::format("the first item of '{}' has no vector, which would tell their size", from_));
    }
    settings_.dimension = std::ssize(first.rows.front().vector);
  }
  static IndexItem index_item(const SourceItem& from) {
    IndexItem item;
    for (const SourceItem::Row& row : from.rows) item.rows.push_back({row.vector, row.fields});
    item.inputs = from.inputs;
    item.error = from.error;
    return item;
  }
  void check(const IndexWriter& writer, const SourceItem& item, std::int64_t number) const {
    try {
      writer.check(index_item(item));
    } catch (const Error& e) {
      throw Error("invalid_input", fmt::format("'{}', item {}: {}", from_, number, e.what()));
    }
  }
  void add(IndexWriter& writer, const SourceItem& item) {
    writer.add(index_item(item));
    failed_ += item.error.empty() ? 0 : 1;
    rows_ += std::ssize(item.rows);
  }

  const std::string index_;
  const std::string from_;
  IndexSettings settings_;
  std::int64_t rows_ = 0;
  std::int64_t failed_ = 0;
};

}  // namespace

int index_import(const Arguments& arguments) {
  const Parsed parsed = parse_index(
      arguments, "index import DIR.index FROM --pipeline PIPELINE.yaml [--append | --overwrite]", import_options());
  if (parsed.done) return kAllGood;
  const auto text = [&](const char* option) { return parsed.values[option].as<std::string>(); };
  if (text("kind") != "img" && text("kind") != "text") {
    throw UsageError(fmt::format("--kind takes one of 'img' and 'text', found '{}'{}", text("kind"),
                                 did_you_mean(text("kind"), {"img", "text"})));
  }
  const bool append = parsed.values["append"].as<bool>();
  const bool overwrite = parsed.values["overwrite"].as<bool>();
  if (append && overwrite) throw UsageError("--append and --overwrite exclude each other");
  const auto open = [&] { return VectorSource::open(text("out"), text("kind"), text("column")); };
  static_cast<void>(open());  // before the weights are read
  Options options;
  options.spaces = true;
  options.set = assignments(parsed.values, "set");
  options.operator_path = operator_folders(parsed.values);
  options.on_warning = [](const std::string& message) { fmt::print(stderr, "warning: {}\n", message); };
  const Pipeline pipeline = Pipeline::open(text("pipeline"), options);
  Import import(text("index"), text("out"), settings_of(pipeline, text("pipeline")));
  import.run(open, append, overwrite);
  fmt::print("{}: {} added{}\n", text("index"), counted(import.rows(), "row"),
             import.failed() == 0 ? "" : fmt::format(", {} failed", counted(import.failed(), "item")));
  return kAllGood;
}

}  // namespace pipit::cli
