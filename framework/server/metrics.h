// What was asked and how it went, as Prometheus reads it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace pipit::server {

class Metrics {
 public:
  /// `route`: "/v1/embeddings"; paths that are none share one.
  void count(const std::string& route, unsigned status, double seconds, std::uint64_t bytes_in,
             std::uint64_t bytes_out);
  void count_items(const std::string& model, std::int64_t good, std::int64_t failed);
  /// The text format, version 0.0.4, without the pipelines' nodes.
  std::string text() const;

 private:
  static constexpr std::array kBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                      0.5,   1.0,    2.5,   5.0,  10.0,  30.0, 60.0};
  struct Histogram {
    std::array<std::int64_t, kBounds.size() + 1> buckets{};
    double sum = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, unsigned>, std::int64_t> requests_;   // by route and status
  std::map<std::string, Histogram> seconds_;                            // by route
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> items_;  // by model: good, failed
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
};

/// A label's value, quoted.
std::string metric_label(const std::string& value);

}  // namespace pipit::server
