#include "tasks/pretrained/language_model_names.h"

#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

using weights::NameRule;
using weights::NameTable;

/// Rows of every head ordered [first, second] → [second, first], seen as a matrix of rows.
weights::TensorMap swapped_rows(std::int64_t first, std::int64_t second) {
  return [=](const at::Tensor& tensor) {
    std::vector<std::int64_t> shape{-1, first, second};
    if (tensor.dim() > 1) shape.push_back(tensor.size(1));
    // A size that is no whole number of heads is left for the check of shapes.
    return tensor.size(0) % (first * second) == 0 ? tensor.reshape(shape).transpose(1, 2).reshape(tensor.sizes())
                                                  : tensor;
  };
}

at::Tensor transposed(const at::Tensor& tensor) {
  return tensor.dim() == 2 ? tensor.t() : tensor;
}

}  // namespace

const NameTable& llama_names() {
  static const NameTable table = [] {
    std::vector<NameRule> rules = {
        {"embedding.weight", "model.embed_tokens.weight"},
        {"layers.{}.attention_norm.weight", "model.layers.{}.input_layernorm.weight"},
        {"layers.{}.feed_forward_norm.weight", "model.layers.{}.post_attention_layernorm.weight"},
        {"norm.weight", "model.norm.weight"},
        {"head.weight", "lm_head.weight"}};
    for (const std::string kind : {".weight", ".bias"})
      for (const auto& [ours, theirs] : {std::pair{"attention.query", "self_attn.q_proj"},
                                         {"attention.key", "self_attn.k_proj"},
                                         {"attention.value", "self_attn.v_proj"},
                                         {"attention.output", "self_attn.o_proj"},
                                         {"feed_forward.gate", "mlp.gate_proj"},
                                         {"feed_forward.up", "mlp.up_proj"},
                                         {"feed_forward.down", "mlp.down_proj"}})
        rules.push_back({"layers.{}." + (ours + kind), "model.layers.{}." + (theirs + kind)});
    return NameTable(rules, {"model.layers.{}.self_attn.rotary_emb.inv_freq"});
  }();
  return table;
}

NameTable llama_gguf_names(std::int64_t head_size) {
  std::vector<NameRule> rules = {{"embedding.weight", "token_embd.weight"},
                                 {"layers.{}.attention_norm.weight", "blk.{}.attn_norm.weight"},
                                 {"layers.{}.feed_forward_norm.weight", "blk.{}.ffn_norm.weight"},
                                 {"norm.weight", "output_norm.weight"},
                                 {"head.weight", "output.weight"}};
  for (const std::string kind : {".weight", ".bias"}) {
    for (const auto& [ours, theirs] : {std::pair{"attention.value", "attn_v"},
                                       {"attention.output", "attn_output"},
                                       {"feed_forward.gate", "ffn_gate"},
                                       {"feed_forward.up", "ffn_up"},
                                       {"feed_forward.down", "ffn_down"}})
      rules.push_back({"layers.{}." + (ours + kind), "blk.{}." + (theirs + kind)});
    for (const auto& [ours, theirs] : {std::pair{"attention.query", "attn_q"}, {"attention.key", "attn_k"}})
      rules.push_back({"layers.{}." + (ours + kind), "blk.{}." + (theirs + kind), swapped_rows(head_size / 2, 2),
                       swapped_rows(2, head_size / 2)});
  }
  // It is part of the shape: the divisors of the rotary positions.
  return NameTable(rules, {"rope_freqs.weight"});
}

NameTable gpt2_names(const std::string& prefix) {
  std::vector<NameRule> rules = {{"embedding.weight", prefix + "wte.weight"},
                                 {"positions.weight", prefix + "wpe.weight"}};
  const std::string layer = prefix + "h.{}.";
  for (const std::string kind : {".weight", ".bias"}) {
    for (const auto& [ours, theirs] : {std::pair{"attention.mix", "attn.c_attn"},
                                       {"attention.output", "attn.c_proj"},
                                       {"feed_forward.up", "mlp.c_fc"},
                                       {"feed_forward.down", "mlp.c_proj"}})
      rules.push_back({"layers.{}." + (ours + kind), layer + (theirs + kind), transposed, transposed});
    rules.push_back({"layers.{}.attention_norm" + kind, layer + "ln_1" + kind});
    rules.push_back({"layers.{}.feed_forward_norm" + kind, layer + "ln_2" + kind});
    rules.push_back({"norm" + kind, prefix + "ln_f" + kind});
  }
  return NameTable(rules, {layer + "attn.bias", layer + "attn.masked_bias", "lm_head.weight"});
}

}  // namespace talweg::tasks
