#include "clip/export/torchscript_source.h"

#include <fmt/format.h>

namespace pipit::clip {
namespace {

std::string head_source(const weights::ClipArchitecture& architecture) {
  switch (architecture.head) {
    case weights::Head::kMeanP:
      return "";
    case weights::Head::kSeqLstm:
      return fmt::format(R"(
    zero = torch.zeros([1, 1, {0}], dtype=x.dtype, device=x.device)
    lstm = self.lstm_visual
    y = torch.lstm(x.unsqueeze(0), [zero, zero],
                   [lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0, lstm.bias_hh_l0], True, 1, 0., False, False, True)
    x = x + y[0].squeeze(0))",
                         architecture.embed_dim);
    case weights::Head::kSeqTransf:
      return R"(
    placed = x + self.frame_position_embeddings.weight[:x.size(0)]
    x = x + self.transformerClip.forward(placed.unsqueeze(0), False).squeeze(0))";
    case weights::Head::kTransformerAdapter:
      return R"(
    placed = x + self.adapter.positional_embedding[:x.size(0)]
    x = x + self.adapter.transformer.forward(placed.unsqueeze(0), False).squeeze(0))";
  }
  return "";
}

}  // namespace

std::string block_source(const BlockSource& block) {
  const bool quick = block.activation == weights::Activation::kQuickGelu;
  return fmt::format(R"(
def forward(self, x: Tensor, causal: bool) -> Tensor:
    n = x.size(0)
    length = x.size(1)
    y = torch.layer_norm(x, [{width}], self.ln_1.weight, self.ln_1.bias, {eps})
    qkv = torch.linear(y, self.attn.in_proj_weight, self.attn.in_proj_bias)
    qkv = qkv.view([n, length, 3, {heads}, {head_width}]).permute([2, 0, 3, 1, 4])
    y = torch.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], None, 0., causal)
    y = y.transpose(1, 2).reshape([n, length, {width}])
    x = x + torch.linear(y, self.attn.out_proj.weight, self.attn.out_proj.bias)
    y = torch.layer_norm(x, [{width}], self.ln_2.weight, self.ln_2.bias, {eps})
    y = torch.linear(y, self.mlp.c_fc.weight, self.mlp.c_fc.bias)
    y = {activation}
    return x + torch.linear(y, self.mlp.c_proj.weight, self.mlp.c_proj.bias)
)",
                     fmt::arg("width", block.width), fmt::arg("heads", block.heads),
                     fmt::arg("head_width", block.width / block.heads), fmt::arg("eps", block.eps),
                     fmt::arg("activation", quick ? "y * torch.sigmoid(y * 1.702)" : "torch.gelu(y)"));
}

std::string transformer_source(std::int64_t layers) {
  std::string source = "def forward(self, x: Tensor, causal: bool) -> Tensor:\n";
  for (std::int64_t i = 0; i < layers; ++i) {
    source += fmt::format("    x = getattr(self.resblocks, \"{}\").forward(x, causal)\n", i);
  }
  return source + "    return x\n";
}

std::string encode_text_source(const weights::ClipArchitecture& architecture) {
  return fmt::format(R"(
def encode_text(self, tokens: Tensor) -> Tensor:
    x = torch.embedding(self.token_embedding.weight, tokens) + self.positional_embedding[:tokens.size(1)]
    x = self.transformer.forward(x, True)
    ends = torch.argmin(torch.abs(tokens - 49407), 1)
    x = x[torch.arange(tokens.size(0), device=tokens.device), ends]
    x = torch.layer_norm(x, [{0}], self.ln_final.weight, self.ln_final.bias, 1e-05)
    x = torch.matmul(x, self.text_projection)
    return x / torch.norm(x, 2, [-1], True)
)",
                     architecture.text.width);
}

std::string encode_video_source(const weights::ClipArchitecture& architecture) {
  const std::int64_t patch = architecture.patch;
  const std::string patches =
      architecture.linear_patch == weights::LinearPatch::k2d
          ? fmt::format("torch.conv2d(frames, self.visual.conv1.weight, None, [{0}, {0}])", patch)
          : fmt::format(
                "torch.conv3d(frames.transpose(0, 1).unsqueeze(0), self.visual.conv2.weight, None, "
                "[1, {0}, {0}], [1, 0, 0]).squeeze(0).transpose(0, 1)",
                patch);
  const bool plain_mean = architecture.head == weights::Head::kTransformerAdapter;
  return fmt::format(R"(
def encode_video(self, frames: Tensor) -> Tensor:
    x = {patches}.flatten(2).transpose(1, 2)
    x = torch.cat([self.visual.class_embedding.expand([x.size(0), 1, {width}]), x], 1)
    x = x + self.visual.positional_embedding
    x = torch.layer_norm(x, [{width}], self.visual.ln_pre.weight, self.visual.ln_pre.bias, 1e-05)
    x = self.visual.transformer.forward(x, False)
    x = torch.layer_norm(x[:, 0], [{width}], self.visual.ln_post.weight, self.visual.ln_post.bias, 1e-05)
    x = torch.matmul(x, self.visual.proj){head}
    {normalize}
    x = torch.mean(x, [0])
    return x / torch.norm(x, 2, [-1], True)
)",
                     fmt::arg("patches", patches), fmt::arg("width", architecture.vision.width),
                     fmt::arg("head", head_source(architecture)),
                     fmt::arg("normalize", plain_mean ? "" : "x = x / torch.norm(x, 2, [-1], True)"));
}

}  // namespace pipit::clip
