#include <pipit/operator.h>

class Shorten {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Cuts a text to a number of bytes.")
        .input("text", "string", "any text")
        .output("text", "string", "its beginning")
        .argument("bytes", "int", "80", "at most so many")
        .at_least(0);
  }
  Shorten(const pipit::Arguments& arguments, pipit::Context&) : bytes_(arguments.integer("bytes")) {}
  pipit::Value process(const pipit::Row& row) { return row[0].string().substr(0, static_cast<std::size_t>(bytes_)); }

 private:
  std::int64_t bytes_;
};

PIPIT_OPERATOR("acme/text.shorten", "1.0.0", "cuts a text", Shorten);
