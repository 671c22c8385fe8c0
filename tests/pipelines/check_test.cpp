// What `pipit check` and `pipit inspect` say of the shipped operators' arguments.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "program.h"

using test::Outcome;
using test::run;
using test::TemporaryFolder;

namespace {

const std::string searched = "searched: '" PIPIT_BUILD_DIR "/lib/pipit/operators'";

Outcome run_in(const TemporaryFolder& folder, const std::vector<std::string>& arguments) {
  test::Call call;
  call.arguments = arguments;
  call.folder = folder.path();
  return run(call);
}

}  // namespace

TEST_CASE("check: values that the shipped operators do not take and files that are not there are told in one round") {
  const TemporaryFolder folder;
  folder.write("p.yaml",
               "pipit: 1\ninputs: {path: string}\nnodes:\n"
               "  - {name: decode, op: video_decode.ffmpeg, in: path, out: frame, args: {start_time: -1, stream: -2}}\n"
               "  - {name: sample, op: video_sample.uniform_temporal_subsample, in: frame, out: frame,\n"
               "     args: {num_samples: 0}}\n"
               "  - {nam: embed, op: video_text_embedding.clip4clip, in: frame, out: vec,\n"
               "     args: {model_name: atuo,\n"
               "            weight_path: none.pth,\n"
               "            modality: video,\n"
               "            device: gpu,\n"
               "            slice_framepos: 7,\n"
               "            sha256: abc}}\n"
               "  - {name: steps, op: video_sample.time_step, in: frame, out: step, args: {time_step: 0}}\n"
               "  - {nam: again, op: video_decode.ffmpg, in: path, out: more}\n"
               "outputs: [vec, step, more]\n");
  const Outcome outcome = run_in(folder, {"check", "p.yaml"});
  CHECK(outcome.status == 2);
  CHECK(outcome.out == "");
  const std::string keys =
      "'name', 'op', 'in', 'out', 'keep', 'args', 'window', 'replicas', 'batch', 'queue', 'hold' and 'isolate'";
  CHECK(outcome.err == R"(p.yaml:4:86: node 'decode': argument 'start_time' takes a float of at least 0, found -1
    … - {name: decode, op: video_decode.ffmpeg, in: path, out: frame, args: {start_time: -1, stream: -2}}
                                                                                         ^
p.yaml:4:98: node 'decode': argument 'stream' takes an int from 0 to 2147483647, found -2
    … - {name: decode, op: video_decode.ffmpeg, in: path, out: frame, args: {start_time: -1, stream: -2}}
                                                                                                     ^
p.yaml:6:26: node 'sample': argument 'num_samples' takes an int of at least 1, found 0
         args: {num_samples: 0}}
                             ^
p.yaml:7:6: node 'embed': no key 'nam' (the keys are )" +
                           keys + R"(); did you mean 'name'?
      - {nam: embed, op: video_text_embedding.clip4clip, in: frame, out: vec,
         ^
p.yaml:8:25: node 'embed': argument 'model_name' takes one of 'auto', 'clip_vit_b32', 'clip_vit_b16', 'clip_vit_l14' and 'clip_vit_l14@336px', found 'atuo'; did you mean 'auto'?
         args: {model_name: atuo,
                            ^
p.yaml:9:26: node 'embed': argument 'weight_path': 'none.pth' does not exist
                weight_path: none.pth,
                             ^
p.yaml:11:21: node 'embed': argument 'device' takes 'cpu', 'cuda' or 'cuda:N', found 'gpu'
                device: gpu,
                        ^
p.yaml:12:29: node 'embed': argument 'slice_framepos' takes an int from 0 to 2, found 7
                slice_framepos: 7,
                                ^
p.yaml:13:21: node 'embed': argument 'sha256' takes a SHA-256 sum (64 hexadecimal digits), found 'abc'
                sha256: abc}}
                        ^
p.yaml:14:87: node 'steps': argument 'time_step' takes a float of at least 0.001, found 0
      - {name: steps, op: video_sample.time_step, in: frame, out: step, args: {time_step: 0}}
                                                                                          ^
p.yaml:15:6: node 'again': no key 'nam' (the keys are )" +
                           keys + R"(); did you mean 'name'?
      - {nam: again, op: video_decode.ffmpg, in: path, out: more}
         ^
p.yaml:15:22: no operator 'video_decode.ffmpg'; did you mean 'video_decode.ffmpeg'? )" +
                           searched + R"(
      - {nam: again, op: video_decode.ffmpg, in: path, out: more}
                         ^
p.yaml:16:16: output 'step' is frame, which has no JSON form; leave it out of 'outputs'
    outputs: [vec, step, more]
                   ^
)");
}

TEST_CASE("check: a file is looked for beside the pipeline and one from --set in the working directory") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() + "/w");
  folder.write("w/weights.pth", "x");
  folder.write("w/p.yaml",
               "pipit: 1\ninputs: {text: string}\nnodes:\n"
               "  - {name: embed, op: video_text_embedding.clip4clip, in: text, out: vec,\n"
               "     args: {model_name: auto, weight_path: weights.pth, modality: text}}\noutputs: [vec]\n");
  CHECK(run_in(folder, {"check", "w/p.yaml"}).out == "w/p.yaml: ok, 1 node\n");
  CHECK(run_in(folder, {"check", "w/p.yaml", "--set", "embed.weight_path=w/weights.pth"}).out ==
        "w/p.yaml: ok, 1 node\n");
  CHECK(run_in(folder, {"check", "w/p.yaml", "--set", "embed.weight_path=weights.pth"}).err ==
        "w/p.yaml: node 'embed': argument 'weight_path': 'weights.pth' does not exist\n");
  CHECK(run_in(folder, {"check", "w/p.yaml", "--set", "embed.model_name=openai/clip-vit-base-patch32"}).err ==
        "w/p.yaml: node 'embed': argument 'model_name' takes one of 'auto', 'clip_vit_b32', 'clip_vit_b16', "
        "'clip_vit_l14' and 'clip_vit_l14@336px', found 'openai/clip-vit-base-patch32'; the path of a file goes into "
        "'weight_path'\n");
}

TEST_CASE("inspect: which values an argument takes is told") {
  const std::string decode = run({"inspect", "video_decode.ffmpeg"}).out;
  CHECK(decode.find("  num_samples: int = null\n         at least 1\n         frames for uniform_temporal_subsample "
                    "(also: args.num_samples)\n") != std::string::npos);
  CHECK(decode.find("  threads: int = 0\n         from 0 to 64\n") != std::string::npos);
  const std::string clip = run({"inspect", "image_text_embedding.clip"}).out;
  CHECK(clip.find("  weight_path: path, required\n         a file or folder that exists\n") != std::string::npos);
  CHECK(clip.find("         one of 'auto', 'clip_vit_b32', 'clip_vit_b16', 'clip_vit_l14' and 'clip_vit_l14@336px'; "
                  "'clip_vit_base_patch32' is 'clip_vit_b32'; ") != std::string::npos);
  CHECK(clip.find("  device: string = cpu\n         'cpu', 'cuda' or 'cuda:N'\n") != std::string::npos);
  const auto json = nlohmann::json::parse(run({"inspect", "video_sample.time_step", "--json"}).out);
  CHECK(json.at("arguments")[0].at("values") == "range:0.001..");
}

TEST_CASE("plugin test: values just outside of what the signature says are tried") {
  const Outcome outcome =
      run({"plugin", "test", PIPIT_BUILD_DIR "/lib/pipit/operators/video_sample/time_step.so", "--set", "time_step=1"});
  CHECK(outcome.out.find("passed   arguments        4 wrong ones refused by the signature\n") != std::string::npos);
}

TEST_CASE("check: more frames than a model takes are told before the run") {
  const TemporaryFolder folder;
  folder.write("p.yaml",
               "pipit: 1\ninputs: {path: string}\nnodes:\n"
               "  - {name: decode, op: video_decode.ffmpeg, in: path, out: frame}\n"
               "  - {name: sample, op: video_sample.uniform_temporal_subsample, in: frame, out: frame,\n"
               "     args: {num_samples: 16}}\n"
               "  - {name: embed, op: video_text_embedding.clip4clip, in: frame, out: vec,\n"
               "     args: {model_name: auto, weight_path: " PIPIT_SOURCE_DIR
               "/pipelines/demo/clip4clip-shapes.safetensors, modality: video}}\n"
               "outputs: [vec]\n");
  const Outcome outcome = run_in(folder, {"check", "p.yaml"});
  CHECK(outcome.err ==
        "warning: p.yaml:7:59: node 'embed': takes at most 12 rows ('max_frames'), 'sample' gives 16 ('num_samples'); "
        "the rest are dropped\n"
        "      - {name: embed, op: video_text_embedding.clip4clip, in: frame, out: vec,\n"
        "                                                              ^\n");
  CHECK(outcome.out == "p.yaml: ok, 3 nodes\n");
  CHECK(outcome.status == 0);
}
