#include "cli/search/interactive.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <vector>

#include "base/near.h"
#include "cli/input/line_reader.h"
#include "pipit/error.h"

namespace pipit::cli {
namespace {

constexpr const char* kHelp =
    "a sentence finds what it describes\n"
    ":image FILE              finds what looks like an image\n"
    ":video FILE [START END]  finds what looks like a clip, or like a stretch of it, in seconds\n"
    ":quit                    ends; so does Ctrl-D\n";

/// The last two words of a text as seconds; the text keeps the rest. Nothing is taken when they are not numbers.
void take_stretch(Query& query) {
  double seconds[2];
  std::string rest = query.text;
  for (const int which : {1, 0}) {
    const std::size_t space = rest.find_last_of(' ');
    if (space == std::string::npos || space == 0) return;
    const char* end = rest.data() + rest.size();
    const auto [read, error] = std::from_chars(rest.data() + space + 1, end, seconds[which]);
    if (error != std::errc() || read != end) return;
    rest.resize(rest.find_last_not_of(' ', space) + 1);
  }
  query.text = rest;
  query.start = seconds[0];
  query.end = seconds[1];
}

Query query_of(const std::string& line) {
  if (!line.starts_with(':')) return {.kind = "text", .text = line};
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string command = line.substr(1, space - 1);
  const std::size_t text = std::min(line.find_first_not_of(' ', space), line.size());
  Query query{.kind = command, .text = line.substr(text)};
  if (command == "video") take_stretch(query);
  if (command != "image" && command != "video") {
    throw Error("invalid_input", fmt::format("no command ':{}'{}; :help lists them", command,
                                             did_you_mean(command, {"image", "video", "help", "quit"})));
  }
  return query;
}

}  // namespace

void ask_interactively(SearchSession& session, const std::function<void(const Asked&)>& show) {
  const bool terminal = isatty(STDIN_FILENO) != 0;
  const auto prompt = [&] {
    if (terminal) fmt::print(stderr, "> ");
    std::fflush(stderr);
  };
  if (terminal) fmt::print(stderr, "{}", kHelp);
  LineReader lines("-");
  prompt();
  for (auto line = lines.next(); line; line = lines.next()) {
    if (line->text == ":quit") return;
    try {
      if (line->text == ":help") {
        fmt::print(stderr, "{}", kHelp);
      } else {
        for (const Asked& asked : session.ask({query_of(line->text)})) show(asked);
      }
    } catch (const Error& e) {
      fmt::print(stderr, "{}\n", e.what());
    }
    prompt();
  }
}

}  // namespace pipit::cli
