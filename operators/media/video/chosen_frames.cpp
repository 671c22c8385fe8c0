#include "media/video/chosen_frames.h"

#include <algorithm>
#include <set>
#include <utility>

namespace pipit::video {

ChosenFrames::ChosenFrames(Reader& reader, PacketTable table, PictureGroups groups, std::vector<Choice> choices)
    : reader_(reader),
      table_(std::move(table)),
      frames_(static_cast<std::int64_t>(groups.shown().size())),
      choices_(std::move(choices)) {
  find_spans(groups);
}

void ChosenFrames::find_spans(PictureGroups& groups) {
  std::vector<std::size_t> wanted;
  for (const Choice& choice : choices_) {
    if (wanted.empty() || wanted.back() != choice.packet) wanted.push_back(choice.packet);
  }
  std::set<std::size_t> good;
  for (;;) {
    spans_ = groups.spans(wanted);
    if (table_.bytes_read) return;
    // A container calls pictures key frames that only most of what follows can do with.
    const auto bad = std::ranges::find_if(spans_, [&](const Span& span) {
      return !good.contains(span.first) && !(reader_.begin(table_, span) && good.insert(span.first).second);
    });
    if (bad == spans_.end()) return;
    if (bad->first == 0) throw NotAsListed{};
    groups.join(bad->first);
  }
}

const Choice* ChosenFrames::next(AVFrame& frame) {
  if (next_choice_ == choices_.size()) return nullptr;
  const Choice& choice = choices_[next_choice_];
  if (held_ != choice.packet) decode(choice.packet, frame);
  held_ = choice.packet;
  ++next_choice_;
  return &choice;
}

void ChosenFrames::decode(std::size_t packet, AVFrame& frame) {
  const auto is_in = [&](const Span& span) { return std::ranges::binary_search(span.wanted, packet); };
  if (next_span_ == 0 || !is_in(spans_[next_span_ - 1])) {
    if (!reader_.begin(table_, spans_[next_span_++])) throw NotAsListed{};
  }
  const double wanted_ms = table_.milliseconds(table_.packets[packet]);
  do {
    if (!reader_.next() || reader_.timestamp_ms() > wanted_ms) throw NotAsListed{};
  } while (reader_.timestamp_ms() != wanted_ms);
  reader_.take(frame);
}

}  // namespace pipit::video
