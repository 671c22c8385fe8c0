// The example in pipit/operator.h.
#include <pipit/operator.h>

#include <algorithm>
#include <cctype>

namespace {

std::string upper(std::string_view text) {
  std::string loud(text);
  std::ranges::transform(loud, loud.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return loud;
}

}  // namespace

class Upper {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Upper-cases a text.").input("text", "string").output("text", "string");
  }
  Upper(const pipit::Arguments&, pipit::Context&) {}
  pipit::Value process(const pipit::Row& row) { return upper(row[0].string()); }
};
PIPIT_OPERATOR("acme/text.upper", "1.0.0", "upper-cases a text", Upper);
