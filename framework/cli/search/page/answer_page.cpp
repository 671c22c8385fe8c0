#include "cli/search/page/answer_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <span>
#include <string_view>

#include "answer_page_files.h"
#include "base/base64.h"
#include "cli/search/clock_time.h"
#include "value/utf8.h"

namespace pipit::cli {
namespace {

namespace fs = std::filesystem;

/// As text or as the value of an attribute in double quotes.
std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : valid_utf8(text)) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

/// A path as the address of a file beside the page: byte by byte, so that names that are not UTF-8 are found.
std::string address(const fs::path& file, const fs::path& folder) {
  const fs::path absolute = fs::absolute(file).lexically_normal();
  const fs::path relative = absolute.lexically_relative(fs::absolute(folder).lexically_normal());
  std::string text = relative.empty() ? "file://" : "./";  // "./", lest a name's colon should make a scheme of it
  for (const char c : (relative.empty() ? absolute : relative).string()) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || std::string_view("-._~/").find(c) != std::string_view::npos) {
      text += c;
    } else {
      text += fmt::format("%{:02X}", byte);
    }
  }
  return text;
}

std::string image(const Picture& picture, const std::string& words) {
  return fmt::format("<img alt=\"{}\" width=\"{}\" height=\"{}\" src=\"data:image/jpeg;base64,{}\">", words,
                     picture.width, picture.height, base64(picture.jpeg));
}

/// The contact sheet, or a sentence in its place, that opens what it shows.
std::string shot(const PageAnswer& answer, const std::string& name, const std::string& when, const fs::path& folder) {
  const std::string source = escaped(address(answer.file, folder));
  const std::string looks =
      answer.picture ? image(*answer.picture, answer.video ? fmt::format("frames of {}", name) : name) : std::string();
  std::string html;
  if (answer.video) {
    const std::string label =
        when.empty() ? "Play " + name : fmt::format("Play {} from {}", name, clock_time(answer.time->start_ms));
    html = fmt::format(
        "<button class=\"shot\" type=\"button\" data-source=\"{}\" data-name=\"{}\" data-start=\"{}\" "
        "aria-label=\"{}\">{}<span>{}</span></button>\n",
        source, name, answer.time ? answer.time->start_ms : 0, label, looks,
        answer.time ? "Play from " + clock_time(answer.time->start_ms) : std::string("Play"));
  } else if (answer.picture) {
    html = fmt::format("<a class=\"shot\" href=\"{}\">{}</a>\n", source, looks);
  }
  if (!answer.fault.empty()) html += fmt::format("<p class=\"fault\">{}</p>\n", escaped(answer.fault));
  return html;
}

std::string list_item(std::size_t rank, const PageAnswer& answer, double best, const fs::path& folder) {
  const std::string name = escaped(answer.name);
  const std::string when =
      answer.time ? fmt::format("{}–{}", clock_time(answer.time->start_ms), clock_time(answer.time->end_ms))
                  : std::string();
  // Of the best answer's: a score says little by itself.
  const int share = best > 0 ? static_cast<int>(std::clamp(answer.score / best, 0.0, 1.0) * 100) : 0;
  return fmt::format(
      "<li>\n<div class=\"title\"><span class=\"rank\">{}</span><h2>{}</h2>{}<span class=\"score\" "
      "title=\"score\">{:.3f}"
      "<i aria-hidden=\"true\"><b style=\"width:{}%\"></b></i></span></div>\n{}</li>\n",
      rank, name, when.empty() ? "" : fmt::format("<span class=\"time\">{}</span>", when), answer.score, share,
      shot(answer, name, when, folder));
}

}  // namespace

std::string answer_page(const Page& page, const fs::path& folder) {
  const std::string query = escaped(page.query);
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{} · {}</title>\n<style>\n{}</style>\n</head>\n<body>\n<header>\n<h1>{}</h1>\n"
      "<p>{} of {} in {}</p>\n",
      query, escaped(page.index), kAnswerPageCss, query,
      page.answers.size() == 1 ? "1 answer" : fmt::format("{} answers", page.answers.size()),
      page.rows == 1 ? "1 row" : fmt::format("{} rows", page.rows), escaped(page.index));
  if (page.query_picture) html += image(*page.query_picture, query) + "\n";
  html += "</header>\n<main>\n";
  if (page.answers.empty()) {
    html += "<p>Nothing in the index is as near to the query as was asked for.</p>\n";
  } else {
    html += "<ol>\n";
    for (std::size_t i = 0; i < page.answers.size(); ++i) {
      html += list_item(i + 1, page.answers[i], page.answers.front().score, folder);
    }
    html += "</ol>\n";
  }
  const bool videos = std::ranges::any_of(page.answers, &PageAnswer::video);
  html += "</main>\n";
  if (videos) {
    html += "<footer><p><kbd>j</kbd> and <kbd>k</kbd> go from answer to answer, <kbd>Enter</kbd> plays.</p></footer>\n";
  }
  return html + "<script>\n" + kAnswerPageJs + "</script>\n</body>\n</html>\n";
}

}  // namespace pipit::cli
