// The examples in pipit/testing.h, each in a function around it.
#include <pipit/testing.h>

void check(bool right);
void rows_in_rows_out();
void refusal(pipit::testing::OperatorRunner& normalize, const pipit::Tensor& zeros);

void rows_in_rows_out() {
  using pipit::testing::OperatorRunner;
  OperatorRunner shorten("acme/text.shorten", {{"bytes", 3}}, {.operator_path = {"build/operators"}});
  const auto item = shorten.item({{"a text"}, {"ab"}});
  check(item.rows[0].outputs[0][0].string() == "a t");
  check(item.outputs().size() == 2 && !item.error());
}

void refusal(pipit::testing::OperatorRunner& normalize, const pipit::Tensor& zeros) {
  const auto refused = normalize.item({{zeros}});
  check(refused.rows[0].error->code() == "invalid_input");
}
