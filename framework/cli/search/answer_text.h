// Answers as a table.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "search/answer_line.h"

namespace pipit::cli {

/// "  1  0.312  0:12–0:17  clips/a.mp4", a line an answer, at most `width` characters each; 0: any number.
std::string answer_table(const std::vector<ToldAnswer>& answers, std::size_t width);

}  // namespace pipit::cli
