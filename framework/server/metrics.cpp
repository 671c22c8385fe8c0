#include "server/metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace pipit::server {
namespace {

std::string heading(const char* name, const char* type, const char* help) {
  return fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

}  // namespace

std::string metric_label(const std::string& value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '\n') {
      text += "\\n";
    } else {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
  }
  return text + '"';
}

void Metrics::count(const std::string& route, unsigned status, double seconds, std::uint64_t bytes_in,
                    std::uint64_t bytes_out) {
  const std::scoped_lock lock(mutex_);
  ++requests_[{route, status}];
  Histogram& histogram = seconds_[route];
  ++histogram.buckets[static_cast<std::size_t>(std::ranges::lower_bound(kBounds, seconds) - kBounds.begin())];
  histogram.sum += seconds;
  bytes_in_ += bytes_in;
  bytes_out_ += bytes_out;
}

void Metrics::count_items(const std::string& model, std::int64_t good, std::int64_t failed) {
  const std::scoped_lock lock(mutex_);
  items_[model].first += good;
  items_[model].second += failed;
}

std::string Metrics::text() const {
  const std::scoped_lock lock(mutex_);
  std::string text = heading("pipit_requests_total", "counter", "Requests that were answered, by route and status.");
  for (const auto& [what, count] : requests_) {
    text += fmt::format("pipit_requests_total{{route={},status=\"{}\"}} {}\n", metric_label(what.first), what.second,
                        count);
  }
  text += heading("pipit_request_seconds", "histogram", "From a request's headers to the end of its response.");
  for (const auto& [route, histogram] : seconds_) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
      sum += histogram.buckets[i];
      const std::string bound = i < kBounds.size() ? fmt::format("{}", kBounds[i]) : "+Inf";
      text += fmt::format("pipit_request_seconds_bucket{{route={},le=\"{}\"}} {}\n", metric_label(route), bound, sum);
    }
    text += fmt::format("pipit_request_seconds_sum{{route={}}} {}\n", metric_label(route), histogram.sum);
    text += fmt::format("pipit_request_seconds_count{{route={}}} {}\n", metric_label(route), sum);
  }
  text += heading("pipit_items_total", "counter", "Items that went through a pipeline, by model and outcome.");
  for (const auto& [model, counts] : items_) {
    text += fmt::format("pipit_items_total{{model={},outcome=\"good\"}} {}\n", metric_label(model), counts.first);
    text += fmt::format("pipit_items_total{{model={},outcome=\"failed\"}} {}\n", metric_label(model), counts.second);
  }
  text += heading("pipit_received_bytes_total", "counter", "Bytes of requests' bodies.");
  text += fmt::format("pipit_received_bytes_total {}\n", bytes_in_);
  text += heading("pipit_sent_bytes_total", "counter", "Bytes of responses' bodies.");
  text += fmt::format("pipit_sent_bytes_total {}\n", bytes_out_);
  return text;
}

}  // namespace pipit::server
