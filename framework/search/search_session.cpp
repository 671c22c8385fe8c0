#include "search/search_session.h"

#include "pipit/error.h"

namespace pipit {
namespace {

SearchSettings settled(const Index& index, SearchSettings settings, std::optional<AnswerUnit> unit) {
  settings.unit = unit ? *unit : has_times(index) ? AnswerUnit::kMoment : AnswerUnit::kRow;
  return settings;
}

}  // namespace

SearchSession::SearchSession(const std::filesystem::path& index, SearchSettings settings,
                             std::optional<AnswerUnit> unit, Options options)
    : index_(Index::open(index)),
      search_(index_, settled(index_, std::move(settings), unit)),
      pipelines_(index_, std::move(options)),
      files_(index_) {}

std::vector<Asked> SearchSession::ask(std::vector<Query> queries) {
  pipelines_.embed(queries);
  std::vector<float> vectors;
  std::vector<Asked> asked;
  for (Query& query : queries) {
    if (query.fault.empty()) {
      try {
        search_.check(query.vector);
        vectors.insert(vectors.end(), query.vector.begin(), query.vector.end());
      } catch (const Error& e) {
        query.fault = e.what();
      }
    }
    asked.push_back({std::move(query), {}});
  }
  std::size_t next = 0;
  const std::vector<std::vector<Answer>> found = search_.answers(vectors);
  for (Asked& one : asked) {
    if (!one.query.fault.empty()) continue;
    for (const Answer& answer : found[next++]) {
      RowFields fields(index_.line(answer.row));
      std::optional<AnswerFile> file = files_.find(fields);
      one.answers.push_back({answer, std::move(fields), std::move(file)});
    }
  }
  return asked;
}

}  // namespace pipit
