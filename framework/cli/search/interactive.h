// `pipit search --interactive`: queries from the terminal, one a line.
#pragma once

#include <functional>
#include <string>

#include "search/search_session.h"

namespace pipit::cli {

/// Reads lines from standard input until its end or ":quit": a sentence, ":image FILE" or ":video FILE [START END]";
/// shows what was found with `show`. What is wrong with a line is told on standard error, and the next one is read.
void ask_interactively(SearchSession& session, const std::function<void(const Asked&)>& show);

}  // namespace pipit::cli
