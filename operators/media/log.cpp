#include "media/log.h"

#include <link.h>

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

#include "media/ffmpeg.h"

namespace pipit::video {

namespace {

thread_local Log* current = nullptr;

// The logs that are alive: a codec context of somebody else may have anything in its `opaque`.
struct Living {
  std::mutex mutex;
  std::vector<const void*> logs;
};

Living& living() {
  static Living* const all = new Living;  // FFmpeg's threads may still speak while the process ends
  return *all;
}

// The codec context that speaks, itself or through something that belongs to it.
const AVCodecContext* codec_behind(void* speaker) {
  while (speaker != nullptr) {
    const AVClass* kind = *static_cast<const AVClass**>(speaker);
    if (kind == avcodec_get_class()) return static_cast<const AVCodecContext*>(speaker);
    if (kind == nullptr || kind->parent_log_context_offset == 0) return nullptr;
    speaker = *reinterpret_cast<void**>(static_cast<char*>(speaker) + kind->parent_log_context_offset);
  }
  return nullptr;
}

void take_line(void* speaker, int level, const char* format, va_list arguments) {
  char line[512];
  const auto keep_in = [&](Log* log) {
    if (level > AV_LOG_ERROR) return;
    std::vsnprintf(line, sizeof line, format, arguments);
    log->keep(line);
  };
  if (current != nullptr) {
    keep_in(current);
    return;
  }
  if (const AVCodecContext* codec = codec_behind(speaker)) {
    Living& all = living();
    const std::lock_guard lock(all.mutex);
    if (std::find(all.logs.begin(), all.logs.end(), codec->opaque) != all.logs.end()) {
      keep_in(static_cast<Log*>(codec->opaque));
      return;
    }
  }
  av_log_default_callback(speaker, level, format, arguments);
}

// Which of two addresses belongs to the object that the process loaded first.
struct LoadOrder {
  std::uintptr_t ours = reinterpret_cast<std::uintptr_t>(&take_line);
  std::uintptr_t ffmpeg = reinterpret_cast<std::uintptr_t>(&av_log_set_callback);
  bool ffmpeg_first = false;

  LoadOrder() { dl_iterate_phdr(look, this); }

 private:
  // Called for one object after the other, in the order in which they were loaded, until it returns 1.
  static int look(dl_phdr_info* object, std::size_t, void* user) {
    auto& self = *static_cast<LoadOrder*>(user);
    for (int i = 0; i < object->dlpi_phnum; ++i) {
      const auto& part = object->dlpi_phdr[i];
      const std::uintptr_t begin = object->dlpi_addr + part.p_vaddr;
      const auto has = [&](std::uintptr_t address) { return address >= begin && address - begin < part.p_memsz; };
      if (part.p_type != PT_LOAD) continue;
      if (has(self.ffmpeg)) self.ffmpeg_first = true;
      if (has(self.ffmpeg) || has(self.ours)) return 1;
    }
    return 0;
  }
};

// Before anybody else can have set one.
[[gnu::constructor]] void install() {
  if (!LoadOrder().ffmpeg_first) av_log_set_callback(take_line);
}

}  // namespace

Log::Log() {
  Living& all = living();
  const std::lock_guard lock(all.mutex);
  all.logs.push_back(this);
}

Log::~Log() {
  Living& all = living();
  const std::lock_guard lock(all.mutex);
  std::erase(all.logs, this);
}

std::string Log::complaint() const {
  const std::lock_guard lock(mutex_);
  return complaint_;
}

void Log::clear() {
  const std::lock_guard lock(mutex_);
  complaint_.clear();
}

void Log::keep(std::string line) {
  if (line.find("not on whitelist") != std::string::npos) return;
  line.resize(std::min(line.find(", see the documentation"), line.size()));
  while (!line.empty() && (line.back() == '\n' || line.back() == '.')) line.pop_back();
  const std::lock_guard lock(mutex_);
  if (complaint_.empty()) complaint_ = std::move(line);
}

Log::Scope::Scope(Log& log) : outer_(std::exchange(current, &log)) {}

Log::Scope::~Scope() {
  current = outer_;
}

}  // namespace pipit::video
