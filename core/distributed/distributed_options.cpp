#include "core/distributed/distributed_options.h"

namespace talweg::distributed {

std::vector<std::pair<std::string, Transport>> choices(Transport) {
  return {{"auto", Transport::automatic}, {"gloo", Transport::gloo}, {"nccl", Transport::nccl}};
}

std::vector<std::pair<std::string, Compression>> choices(Compression) {
  return {{"none", Compression::none}, {"bfloat16", Compression::bfloat16}, {"float16", Compression::float16}};
}

void declare(config::Fields& f, DistributedOptions& o) {
  f("backend", o.backend, "what carries gradients between ranks; auto: NCCL between GPUs, Gloo between processors");
  f("timeout", o.timeout, "seconds a rank waits for the others before it gives up", config::above(0));
  f("interface", o.interface, "network interface for Gloo, such as eth0 (default: the one the host's name leads to)");
  f("bucket_megabytes", o.bucket_megabytes,
    "gradients that are exchanged together while the backward pass goes on; small ones overlap more, large ones cost "
    "less",
    config::above(0));
  f("compression", o.compression, "what gradients are rounded to on their way between ranks");
  f("find_unused_parameters", o.find_unused_parameters,
    "look in every step for parameters that the loss does not use, for models whose graph changes; those that the "
    "first step does not use are found without");
  f("shard_optimizer", o.shard_optimizer,
    "every rank keeps the optimizer state of its share of the parameters (ZeRO stage 1); talweg describe says of an "
    "optimizer whether it can");
}

}  // namespace talweg::distributed
