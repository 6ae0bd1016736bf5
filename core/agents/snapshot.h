#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/agents/message.h"

namespace talweg::agents {

/// A message as bytes, for agents that are processes of their own. Little-endian: "TALWSNAP"; format version (uint32);
/// checksum of the configuration (uint32); agent and round (int64); numbers of tensors of parameters and beside them
/// (uint32); of each tensor its type (uint8), dimensions (uint8) and sizes (int64), and its elements; at last the
/// CRC-32C of all that (uint32).
struct SnapshotFormat {
  static constexpr std::uint32_t version = 1;
  std::uint32_t configuration;  ///< checksum that agents of one run share
};

/// Bytes of a message; its tensors may lie on any device.
std::string encode_snapshot(const Message& message, const SnapshotFormat& format);

/// Why a snapshot was not accepted: a sentence without the sender.
struct SnapshotDefect {
  std::string what;
};

/// The message that is in the bytes. Throws SnapshotDefect when they are cut short or damaged, of another version, of
/// another configuration, not of `sender`, or when the parameters have not the types and sizes of `like`.
Message decode_snapshot(std::string_view bytes, const SnapshotFormat& format, std::int64_t sender,
                        const std::vector<at::Tensor>& like);

}  // namespace talweg::agents
