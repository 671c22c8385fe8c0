#!/usr/bin/env bash
# Makes three_scenes.mp4: scenes of 16, 20 and 14 frames, so cuts at frames 16 and 36, and a white flash at frame 21.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
ffmpeg -v error -y -filter_complex "
  testsrc2=size=96x64:rate=25, trim=end_frame=16 [a];
  mandelbrot=size=96x64:rate=25, trim=end_frame=20, drawbox=color=white:t=fill:enable='eq(n,5)' [b];
  gradients=size=96x64:rate=25:seed=3:c0=navy:c1=orange:nb_colors=2, trim=end_frame=14 [c];
  [a] [b] [c] concat=n=3, format=yuv420p" \
  -c:v libx264 -crf 28 -fflags +bitexact -flags:v +bitexact three_scenes.mp4
