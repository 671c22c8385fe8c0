// What FFmpeg says while it works on one video.
#pragma once

#include <mutex>
#include <string>

#include "media/api.h"

namespace pipit::video {

/// Takes FFmpeg's log lines about one video, so that none reaches standard error, and keeps the first complaint for
/// error messages: what follows it are mostly consequences. Lines about anything else (a host's own use of FFmpeg) take
/// FFmpeg's usual way.
///
/// FFmpeg has one log callback a process, and no way to ask for the one that is set. So this library, which is shared
/// for that reason, sets its own as it is loaded, and only where it brings FFmpeg into the process. Where FFmpeg was
/// there before, it is the host's: its callback stays, hears what FFmpeg says of pipit's files too, and no Log hears
/// anything. A host that sets a callback later has it from then on.
class PIPIT_VIDEO_API Log {
 public:
  Log();
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// The first line of level error or worse since `clear`, without its newline; empty when none was heard.
  std::string complaint() const;
  void clear();
  /// But for one that a stream is not tried whose decoder is not accepted: that is meant so.
  void keep(std::string line);

  /// While it lives, lines from this thread belong to the log. FFmpeg's own threads are known by the codec context,
  /// whose `opaque` must point to the log.
  class Scope {
   public:
    explicit Scope(Log& log);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Log* outer_;
  };

 private:
  mutable std::mutex mutex_;
  std::string complaint_;
};

}  // namespace pipit::video
