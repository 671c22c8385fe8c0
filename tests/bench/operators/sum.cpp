#include <pipit/operator.h>

namespace {

class Sum {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("The sum of an item's numbers.")
        .input_reduce("number", "int")
        .output("sum", "int")
        .per_item();
  }
  Sum(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Row& row, pipit::Emitter&) { sum_ += row[0].integer(); }
  void finish(pipit::Emitter& out) { out.emit(sum_); }

 private:
  std::int64_t sum_ = 0;
};

}  // namespace

PIPIT_OPERATOR("bench/chain.sum", "1.0.0", "the end of the chain", Sum);
