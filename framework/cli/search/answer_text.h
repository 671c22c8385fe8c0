// Answers as lines of JSON and as a table.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/search/answer_files.h"
#include "cli/search/query.h"
#include "index/search/search.h"

namespace pipit::cli {

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

/// "  1  0.312  0:12–0:17  clips/a.mp4", a line an answer, at most `width` characters each; 0: any number.
std::string answer_table(const std::vector<ToldAnswer>& answers, std::size_t width);

}  // namespace pipit::cli
