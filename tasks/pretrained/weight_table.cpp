#include "tasks/pretrained/weight_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <stdexcept>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

/// The number in `name` where `pattern` has "{}" ("" for a pattern without), or nothing when it does not fit.
std::optional<std::string> match(const std::string& pattern, const std::string& name) {
  const std::size_t hole = pattern.find("{}");
  if (hole == std::string::npos) return pattern == name ? std::optional<std::string>("") : std::nullopt;
  const std::string head = pattern.substr(0, hole), tail = pattern.substr(hole + 2);
  if (name.size() <= head.size() + tail.size() || !name.starts_with(head) || !name.ends_with(tail)) return std::nullopt;
  std::string number = name.substr(head.size(), name.size() - head.size() - tail.size());
  if (number.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return number;
}

std::string filled(const std::string& pattern, const std::string& number) {
  const std::size_t hole = pattern.find("{}");
  return hole == std::string::npos ? pattern : pattern.substr(0, hole) + number + pattern.substr(hole + 2);
}

/// At most so many names in a message.
std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 12;
  const std::vector<std::string> shown(names.begin(),
                                       names.begin() + static_cast<long>(std::min(kShown, names.size())));
  return fmt::format("{}{}", fmt::join(shown, ", "),
                     names.size() > kShown ? fmt::format(" and {} more", names.size() - kShown) : "");
}

}  // namespace

std::pair<std::string, WeightLayout> name_elsewhere(const std::vector<WeightRule>& rules, const std::string& ours) {
  for (const WeightRule& rule : rules)
    if (const auto number = match(rule.ours, ours)) return {filled(rule.theirs, *number), rule.layout};
  throw std::logic_error(fmt::format("the table of weight names has no '{}'", ours));
}

std::string name_here(const std::vector<WeightRule>& rules, const std::string& theirs) {
  for (const WeightRule& rule : rules)
    if (const auto number = match(rule.theirs, theirs)) return filled(rule.ours, *number);
  return "";
}

at::Tensor from_layout(const at::Tensor& tensor, WeightLayout layout, std::int64_t head_size) {
  if (layout == WeightLayout::transposed) return tensor.t();
  if (layout == WeightLayout::same) return tensor;
  std::vector<std::int64_t> shape{-1, head_size / 2, 2};
  for (std::int64_t d = 1; d < tensor.dim(); ++d) shape.push_back(tensor.size(d));
  return tensor.reshape(shape).transpose(1, 2).reshape(tensor.sizes());
}

at::Tensor to_layout(const at::Tensor& tensor, WeightLayout layout, std::int64_t head_size) {
  if (layout == WeightLayout::transposed) return tensor.t();
  if (layout == WeightLayout::same) return tensor;
  std::vector<std::int64_t> shape{-1, 2, head_size / 2};
  for (std::int64_t d = 1; d < tensor.dim(); ++d) shape.push_back(tensor.size(d));
  return tensor.reshape(shape).transpose(1, 2).reshape(tensor.sizes());
}

void load_weights(torch::nn::Module& module, const std::vector<WeightRule>& rules, const WeightSource& source,
                  std::int64_t head_size, const std::function<bool(const std::string&)>& ignored) {
  torch::NoGradGuard no_grad;
  std::vector<std::string> missing, misshaped, unexpected;
  std::set<std::string> left = source.names;
  for (auto& item : module.named_parameters()) {
    const auto [name, layout] = name_elsewhere(rules, item.key());
    if (left.erase(name) == 0) {
      missing.push_back(name);
      continue;
    }
    const at::Tensor tensor = source.read(name);
    const bool turned = layout == WeightLayout::transposed;
    const at::IntArrayRef wanted = item.value().sizes();
    const std::vector<std::int64_t> expected =
        turned ? std::vector<std::int64_t>(wanted.rbegin(), wanted.rend()) : wanted.vec();
    if (tensor.sizes() != expected)
      misshaped.push_back(
          fmt::format("{} [{}] instead of [{}]", name, fmt::join(tensor.sizes(), ", "), fmt::join(expected, ", ")));
    else
      item.value().copy_(from_layout(tensor, layout, head_size));
  }
  for (const std::string& name : left)
    if (!ignored || !ignored(name)) unexpected.push_back(name);
  std::string message;
  for (const auto& [what, names] :
       {std::pair{"missing", missing}, {"of another shape", misshaped}, {"unexpected", unexpected}})
    if (!names.empty()) message += fmt::format("{}{}: {}", message.empty() ? "" : "; ", what, list_of(names));
  if (!message.empty())
    throw DataError(fmt::format("'{}': the tensors are not those of its configuration: {}", source.path, message));
}

const std::vector<WeightRule>& llama_rules() {
  static const std::vector<WeightRule> rules = [] {
    std::vector<WeightRule> list = {
        {"embedding.weight", "model.embed_tokens.weight"},
        {"layers.{}.attention_norm.weight", "model.layers.{}.input_layernorm.weight"},
        {"layers.{}.feed_forward_norm.weight", "model.layers.{}.post_attention_layernorm.weight"},
        {"norm.weight", "model.norm.weight"},
        {"head.weight", "lm_head.weight"}};
    for (const auto& [ours, theirs] : {std::pair{"attention.query", "self_attn.q_proj"},
                                       {"attention.key", "self_attn.k_proj"},
                                       {"attention.value", "self_attn.v_proj"},
                                       {"attention.output", "self_attn.o_proj"},
                                       {"feed_forward.gate", "mlp.gate_proj"},
                                       {"feed_forward.up", "mlp.up_proj"},
                                       {"feed_forward.down", "mlp.down_proj"}})
      for (const char* kind : {"weight", "bias"})
        list.push_back(
            {fmt::format("layers.{{}}.{}.{}", ours, kind), fmt::format("model.layers.{{}}.{}.{}", theirs, kind)});
    return list;
  }();
  return rules;
}

const std::vector<WeightRule>& llama_gguf_rules() {
  static const std::vector<WeightRule> rules = [] {
    std::vector<WeightRule> list = {{"embedding.weight", "token_embd.weight"},
                                    {"layers.{}.attention_norm.weight", "blk.{}.attn_norm.weight"},
                                    {"layers.{}.feed_forward_norm.weight", "blk.{}.ffn_norm.weight"},
                                    {"norm.weight", "output_norm.weight"},
                                    {"head.weight", "output.weight"}};
    for (const auto& [ours, theirs] : {std::pair{"attention.query", "attn_q"},
                                       {"attention.key", "attn_k"},
                                       {"attention.value", "attn_v"},
                                       {"attention.output", "attn_output"},
                                       {"feed_forward.gate", "ffn_gate"},
                                       {"feed_forward.up", "ffn_up"},
                                       {"feed_forward.down", "ffn_down"}}) {
      const std::string name = theirs;
      const bool rotated = name == "attn_q" || name == "attn_k";
      for (const char* kind : {"weight", "bias"})
        list.push_back({fmt::format("layers.{{}}.{}.{}", ours, kind), fmt::format("blk.{{}}.{}.{}", theirs, kind),
                        rotated ? WeightLayout::interleaved_pairs : WeightLayout::same});
    }
    return list;
  }();
  return rules;
}

const std::vector<WeightRule>& gpt2_rules() {
  static const std::vector<WeightRule> rules = [] {
    std::vector<WeightRule> list = {{"embedding.weight", "transformer.wte.weight"},
                                    {"positions.weight", "transformer.wpe.weight"}};
    for (const char* kind : {"weight", "bias"}) {
      // Its matrices multiply from the right: [in, out].
      const auto layout = std::string(kind) == "weight" ? WeightLayout::transposed : WeightLayout::same;
      for (const auto& [ours, theirs] : {std::pair{"attention.mix", "attn.c_attn"},
                                         {"attention.output", "attn.c_proj"},
                                         {"feed_forward.up", "mlp.c_fc"},
                                         {"feed_forward.down", "mlp.c_proj"}})
        list.push_back({fmt::format("layers.{{}}.{}.{}", ours, kind),
                        fmt::format("transformer.h.{{}}.{}.{}", theirs, kind), layout});
      list.push_back(
          {fmt::format("layers.{{}}.attention_norm.{}", kind), fmt::format("transformer.h.{{}}.ln_1.{}", kind)});
      list.push_back(
          {fmt::format("layers.{{}}.feed_forward_norm.{}", kind), fmt::format("transformer.h.{{}}.ln_2.{}", kind)});
      list.push_back({fmt::format("norm.{}", kind), fmt::format("transformer.ln_f.{}", kind)});
    }
    return list;
  }();
  return rules;
}

}  // namespace talweg::tasks
