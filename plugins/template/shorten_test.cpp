// What the operator gives for rows, alone and without a pipeline. The argument is the folder that it was built into.
#include <pipit/testing.h>

#include <cstdio>

namespace {

int wrong = 0;

void check(bool right, const char* what) {
  if (right) return;
  std::printf("not so: %s\n", what);
  ++wrong;
}

}  // namespace

int main(int, char** arguments) {
  using pipit::testing::OperatorRunner;
  const pipit::testing::RunnerOptions options{.operator_path = {arguments[1]}};

  OperatorRunner shorten("acme/text.shorten", {{"bytes", 3}}, options);
  const pipit::testing::Rows out = shorten.item({{"a text"}, {"ab"}}).outputs();
  check(out.size() == 2, "one row out for one row in");
  check(out[0][0].string() == "a t", "a long text is cut");
  check(out[1][0].string() == "ab", "a short text stays");

  OperatorRunner by_default("acme/text.shorten", {}, options);
  check(by_default.item({{std::string(100, 'a')}}).outputs()[0][0].string().size() == 80, "80 bytes by default");

  try {
    OperatorRunner negative("acme/text.shorten", {{"bytes", -1}}, options);
    check(false, "a negative number of bytes is refused");
  } catch (const pipit::Error& e) {
    check(e.code() == "invalid_argument", "a negative number of bytes is an invalid argument");
  }
  return wrong == 0 ? 0 : 1;
}
