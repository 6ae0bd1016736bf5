#include "core/files/yaml.h"

#include "target.h"

TALWEG_FUZZ_TARGET(yaml) {
  const talweg::config::Value value = talweg::config::parse_yaml(bytes, "fuzz");
  talweg::config::parse_yaml(talweg::config::to_yaml(value), "again");
}
