#include "server/indexed.h"

namespace pipit::server {

std::vector<ToldAnswer> Indexed::answers(const Query& query, const SearchSettings& settings) const {
  const Search search(index_, settings);
  search.check(query.vector);
  std::vector<ToldAnswer> told;
  const std::vector<std::vector<Answer>> answers = search.answers(query.vector);
  for (const Answer& answer : answers.front()) {
    RowFields fields(index_.line(answer.row));
    std::optional<AnswerFile> file = files_.find(fields);
    told.push_back({answer, std::move(fields), std::move(file)});
  }
  return told;
}

}  // namespace pipit::server
