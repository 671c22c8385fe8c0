// Answers as lines of JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "index/search/search.h"
#include "search/answer_files.h"
#include "search/query.h"

namespace pipit {

/// An answer with what is to be told of it.
struct ToldAnswer {
  Answer answer;
  RowFields fields;  // of its best row
  std::optional<AnswerFile> file;
};

/// A JSON object and a newline: `query`, what the query carries, `rank` from 1, `score`, and the row's fields;
/// `start_ms` and `end_ms` are the answer's.
std::string answer_line(const Query& query, std::size_t rank, const ToldAnswer& told);
/// {"query":"…","error":"…"} and a newline.
std::string fault_line(const Query& query);

}  // namespace pipit
