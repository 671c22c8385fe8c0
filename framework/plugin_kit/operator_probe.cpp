#include "plugin_kit/operator_probe.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace pipit::cli {
namespace {

constexpr double kDifferent = std::numeric_limits<double>::infinity();

double difference(double a, double b) {
  if (std::isnan(a) && std::isnan(b)) return 0;
  if (a == b) return 0;
  const double d = std::abs(a - b) / (1 + std::abs(b));
  return std::isnan(d) ? kDifferent : d;
}

double difference(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !std::ranges::equal(a.shape(), b.shape())) return kDifferent;
  if (!a.contiguous() || !b.contiguous()) return 0;
  const std::size_t width = dtype_bytes(a.dtype());
  const std::size_t bytes = static_cast<std::size_t>(a.elements()) * width;
  if (bytes == 0 || std::memcmp(a.raw_data(), b.raw_data(), bytes) == 0) return 0;
  if (a.dtype() != DType::kFloat32) return kDifferent;
  double most = 0;
  for (std::int64_t i = 0; i < a.elements(); ++i)
    most = std::max(most, difference(a.data<float>()[i], b.data<float>()[i]));
  return most;
}

double difference(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return kDifferent;
  switch (a.kind()) {
    case Kind::kNull:
      return 0;
    case Kind::kBool:
      return a.boolean() == b.boolean() ? 0 : kDifferent;
    case Kind::kInt:
      return a.integer() == b.integer() ? 0 : kDifferent;
    case Kind::kFloat:
      return difference(a.number(), b.number());
    case Kind::kString:
      return a.string() == b.string() ? 0 : kDifferent;
    case Kind::kBytes:
      return std::ranges::equal(a.bytes(), b.bytes()) ? 0 : kDifferent;
    case Kind::kTensor:
      return difference(a.tensor(), b.tensor());
    case Kind::kFrame:
      return difference(a.frame().pixels(), b.frame().pixels());
    case Kind::kList: {
      if (a.list().size() != b.list().size()) return kDifferent;
      double most = 0;
      for (std::size_t i = 0; i < a.list().size(); ++i) most = std::max(most, difference(a.list()[i], b.list()[i]));
      return most;
    }
    case Kind::kMap: {
      if (a.map_size() != b.map_size()) return kDifferent;
      double most = 0;
      for (std::size_t i = 0; i < a.map_size(); ++i) {
        if (a.map_at(i).first != b.map_at(i).first) return kDifferent;
        most = std::max(most, difference(a.map_at(i).second, b.map_at(i).second));
      }
      return most;
    }
  }
  return kDifferent;
}

}  // namespace

std::size_t ProbeOutcome::count_failed() const {
  const auto end = failed.begin() + static_cast<std::ptrdiff_t>(rows);
  return static_cast<std::size_t>(std::count_if(failed.begin(), end, [](const auto& e) { return e.has_value(); }));
}

const Error* ProbeOutcome::error() const {
  const auto found = std::ranges::find_if(failed, [](const auto& error) { return error.has_value(); });
  return found == failed.end() ? nullptr : &**found;
}

double difference(const ProbeOutcome& a, const ProbeOutcome& b) {
  if (a.emitted.size() != b.emitted.size()) return kDifferent;
  double most = 0;
  for (std::size_t row = 0; row < a.emitted.size(); ++row) {
    if (a.failed[row].has_value() != b.failed[row].has_value()) return kDifferent;
    if (a.failed[row] && a.failed[row]->code() != b.failed[row]->code()) return kDifferent;
    if (a.emitted[row].size() != b.emitted[row].size()) return kDifferent;
    for (std::size_t i = 0; i < a.emitted[row].size(); ++i) {
      for (std::size_t port = 0; port < a.emitted[row][i].size(); ++port) {
        most = std::max(most, difference(a.emitted[row][i][port], b.emitted[row][i][port]));
      }
    }
  }
  return most;
}

}  // namespace pipit::cli
