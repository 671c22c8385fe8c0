// ann_search.index: what an index has that is near to a vector.
#include "pipit/operator.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "index/index.h"
#include "index/search/search.h"

namespace {

using Entries = std::vector<std::pair<std::string, pipit::Value>>;

pipit::Value value_of(const nlohmann::ordered_json& json) {
  if (json.is_boolean()) return pipit::Value(json.get<bool>());
  if (json.is_number_integer()) return pipit::Value(json.get<std::int64_t>());
  if (json.is_number()) return pipit::Value(json.get<double>());
  if (json.is_string()) return pipit::Value(json.get<std::string>());
  if (json.is_array()) {
    std::vector<pipit::Value> elements;
    for (const auto& element : json) elements.push_back(value_of(element));
    return pipit::Value::list(std::move(elements));
  }
  if (json.is_object()) {
    Entries entries;
    for (const auto& [name, value] : json.items()) entries.emplace_back(name, value_of(value));
    return pipit::Value::map(std::move(entries));
  }
  return {};
}

pipit::AnswerUnit unit_of(const std::string& per, const pipit::Index& index) {
  if (per == "row") return pipit::AnswerUnit::kRow;
  if (per == "clip") return pipit::AnswerUnit::kItem;
  if (per == "moment") return pipit::AnswerUnit::kMoment;
  return has_times(index) ? pipit::AnswerUnit::kMoment : pipit::AnswerUnit::kRow;
}

pipit::SearchSettings settings_of(const pipit::Arguments& arguments, const pipit::Index& index, int threads) {
  pipit::SearchSettings settings;
  settings.k = arguments.integer("k");
  if (arguments.has("min_score")) settings.least = static_cast<float>(arguments.number("min_score"));
  settings.unit = unit_of(arguments.string("per"), index);
  const pipit::Value where = arguments.value("where");
  for (std::size_t i = 0; i < where.map_size(); ++i) {
    const auto [field, value] = where.map_at(i);
    if (value.kind() != pipit::Kind::kString) {
      throw pipit::Error("invalid_argument", "where: the value of '" + std::string(field) + "' is not a string");
    }
    settings.where.emplace_back(field, value.string());
  }
  settings.exact = arguments.boolean("exact");
  settings.threads = threads > 0 ? threads : 1;
  return settings;
}

/// Finds what an index holds; as `pipit search` does, and with its answers.
class IndexSearch {
 public:
  static pipit::Signature signature() {
    return pipit::Signature(
               "Finds the rows of an index that are nearest to a vector, the best first, as pipit search does. The "
               "vector "
               "must lie in the index's space: one of a node with other weights is refused as the pipeline opens.")
        .input("vec", "tensor<f32>[?]", "as the index's own vectors, 1 long where those are")
        .output("answers", "list<map>", "`rank` from 1, `score`, and what the row says: `item`, `path`, `start_ms`, …")
        .required("index_path", "path", "the folder of an index, made by pipit run --output DIR.index")
        .file_or_folder()
        .argument("k", "int", "10", "answers at most")
        .between(1, 10000)
        .argument("min_score", "float", "null", "answers with a lower score are left out")
        .argument(
            "per", "enum(auto|moment|clip|row)", "auto",
            "what an answer is: neighbouring rows of a clip, the best row of a clip, or a row; auto: moments where "
            "rows have times, else rows")
        .argument("where", "map", "{}", "only rows with these fields are searched, {path: a.mp4}")
        .argument("exact", "bool", "false", "look at all rows, also where the index has an accelerator")
        .batch(64)
        .uses_threads();
  }

  IndexSearch(const pipit::Arguments& arguments, pipit::Context& context)
      : index_(pipit::Index::open(arguments.string("index_path"))),
        search_(index_, settings_of(arguments, index_, context.threads())) {}

  void process(const pipit::Batch& in, pipit::BatchEmitter& out) const {
    std::vector<float> queries;
    std::vector<std::uint32_t> rows;
    for (std::uint32_t row = 0; row < in.size(); ++row) {
      try {
        const std::span<const float> query = numbers_of(in[row][0].tensor());
        search_.check(query);
        queries.insert(queries.end(), query.begin(), query.end());
        rows.push_back(row);
      } catch (const pipit::Error& e) {
        out.fail(row, e);
      }
    }
    const auto found = search_.answers(queries);
    for (std::size_t i = 0; i < rows.size(); ++i) out.emit(rows[i], told(found[i]));
  }

  std::string takes_space() const { return index_.settings().space; }

  pipit::Value report() const {
    return pipit::Value::map(
        {{"rows", pipit::Value(search_.rows())}, {"accelerated", pipit::Value(search_.accelerator() != nullptr)}});
  }

 private:
  static std::span<const float> numbers_of(const pipit::Tensor& vector) {
    if (!vector.contiguous()) throw pipit::Error("invalid_input", "the vector is strided, expected a contiguous one");
    return {vector.data<float>(), static_cast<std::size_t>(vector.elements())};
  }

  /// The row's fields, with the times of the whole answer.
  pipit::Value told(const std::vector<pipit::Answer>& answers) const {
    std::vector<pipit::Value> all;
    for (const pipit::Answer& answer : answers) {
      Entries entries{{"rank", pipit::Value(static_cast<std::int64_t>(all.size() + 1))},
                      {"score", pipit::Value(double{answer.score})}};
      const auto fields = nlohmann::ordered_json::parse(index_.line(answer.row));
      for (const auto& [name, value] : fields.items()) {
        const bool start = answer.times && name == "start_ms";
        const bool end = answer.times && name == "end_ms";
        if (name == "rank" || name == "score") continue;
        entries.emplace_back(name, start ? pipit::Value(answer.times->start_ms)
                                   : end ? pipit::Value(answer.times->end_ms)
                                         : value_of(value));
      }
      all.push_back(pipit::Value::map(std::move(entries)));
    }
    return pipit::Value::list(std::move(all));
  }

  const pipit::Index index_;
  const pipit::Search search_;
};

}  // namespace

PIPIT_OPERATOR("ann_search.index", "1.0.0", "finds what is near to a vector in an index", IndexSearch);
